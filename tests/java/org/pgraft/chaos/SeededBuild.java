package org.pgraft.chaos;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.pgraft.cluster.Build;

/** Makes pgraft with a bug in it, by scripts/seeded_build. The sources and what is built of them stay as they are. */
final class SeededBuild {
  private static final Path PATCHES = Path.of("tests/seeded");
  private static final long MINUTES = 5;

  private SeededBuild() {}

  /** The names of all patches there are. */
  static List<String> patches() throws IOException {
    try (Stream<Path> files = Files.list(PATCHES)) {
      return files.map(file -> file.getFileName().toString()).filter(name -> name.endsWith(".patch"))
          .map(name -> name.substring(0, name.length() - ".patch".length())).sorted().toList();
    }
  }

  /**
   * Sees to it that a patch applies and compiles.
   *
   * @throws AssertionError if it does not
   */
  static void check(String bug) throws IOException, InterruptedException {
    run(bug, List.of());
  }

  /** A copy of a build with the bug of a patch in it. It goes when the tests are over. */
  static Build of(String bug, Build plain) throws IOException, InterruptedException {
    List<String> lines = run(bug, List.of(plain.binaries()));
    if (lines.size() != 2) {
      throw new AssertionError("seeded_build said " + lines);
    }
    return new Build(lines.get(0), Path.of(lines.get(1)).resolve(plain.disk()));
  }

  private static List<String> run(String bug, List<String> more) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("scripts/seeded_build", PATCHES.resolve(bug + ".patch").toString()));
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
