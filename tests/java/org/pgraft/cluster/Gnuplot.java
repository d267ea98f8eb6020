package org.pgraft.cluster;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Draws by commands of gnuplot. */
public final class Gnuplot {
  private static final String DRAW =
      "command -v gnuplot >/dev/null && exec gnuplot \"$1\"; echo 'no plots: gnuplot is not installed'; exit 1";

  private Gnuplot() {}

  /** Runs the commands; false where gnuplot is not installed or refuses them, which the output tells. */
  public static boolean draw(String commands) throws IOException, InterruptedException {
    Path file = Files.createTempFile("pgraft-plot", ".gp");
    try {
      Files.writeString(file, commands);
      return new ProcessBuilder("sh", "-c", DRAW, "sh", file.toString()).inheritIO().start().waitFor() == 0;
    } finally {
      Files.delete(file);
    }
  }
}
