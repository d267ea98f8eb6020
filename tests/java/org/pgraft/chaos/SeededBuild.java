package org.pgraft.chaos;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.pgraft.cluster.Build;
import org.pgraft.cluster.PatchedBuild;

/** Makes pgraft with a bug in it. */
final class SeededBuild {
  private static final Path PATCHES = Path.of("tests/seeded");
  private static final String SUFFIX = ".patch";

  private SeededBuild() {}

  /** The names of all patches there are. */
  static List<String> patches() throws IOException {
    try (Stream<Path> files = Files.list(PATCHES)) {
      return files.map(file -> file.getFileName().toString()).filter(name -> name.endsWith(SUFFIX))
          .map(name -> name.substring(0, name.length() - SUFFIX.length())).sorted().toList();
    }
  }

  /**
   * Sees to it that a patch applies and compiles.
   *
   * @throws AssertionError if it does not
   */
  static void check(String bug) throws IOException, InterruptedException {
    PatchedBuild.check(PATCHES.resolve(bug + SUFFIX));
  }

  /** A copy of a build with the bug of a patch in it. It goes when the tests are over. */
  static Build of(String bug, Build plain) throws IOException, InterruptedException {
    return PatchedBuild.of(PATCHES.resolve(bug + SUFFIX), plain);
  }
}
