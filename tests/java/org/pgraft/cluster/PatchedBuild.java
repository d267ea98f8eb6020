package org.pgraft.cluster;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Makes pgraft with a patch, by scripts/seeded_build. The sources and what is built of them stay as they are. */
public final class PatchedBuild {
  private static final long MINUTES = 5;

  private PatchedBuild() {}

  /**
   * Sees to it that a patch applies and compiles.
   *
   * @throws AssertionError if it does not
   */
  public static void check(Path patch) throws IOException, InterruptedException {
    run(patch, List.of());
  }

  /** A copy of a build with the patch in it. It goes when the tests are over. */
  public static Build of(Path patch, Build plain) throws IOException, InterruptedException {
    List<String> lines = run(patch, List.of(plain.binaries()));
    if (lines.size() != 2) {
      throw new AssertionError("seeded_build said " + lines);
    }
    return new Build(lines.get(0), Path.of(lines.get(1)).resolve(plain.disk()));
  }

  private static List<String> run(Path patch, List<String> more) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("scripts/seeded_build", patch.toString()));
    command.addAll(more);
    Path output = Files.createTempFile("pgraft-seeded", ".txt");
    Path errors = Files.createTempFile("pgraft-seeded", ".txt");
    try {
      Process process = new ProcessBuilder(command)
          .redirectOutput(output.toFile()).redirectError(errors.toFile()).start();
      if (!process.waitFor(MINUTES, TimeUnit.MINUTES)) {
        process.destroyForcibly();
        throw new AssertionError("no end of " + command);
      }
      if (process.exitValue() != 0) {
        throw new AssertionError(command + " failed:\n" + Files.readString(errors));
      }
      return Files.readAllLines(output);
    } finally {
      Files.deleteIfExists(output);
      Files.deleteIfExists(errors);
    }
  }
}
