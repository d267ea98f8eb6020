package org.pgraft.consensus;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.stream.Stream;

/**
 * The directories of a node, below {@code pgraft.data_dir}.
 *
 * @param root the directory itself
 */
record EngineFiles(Path root) {
  /** Where Ratis keeps its log, its votes and the snapshots. */
  Path raft() {
    return root.resolve("raft");
  }

  /** Where the stores are kept, one directory for each generation. */
  Path store() {
    return root.resolve("store");
  }

  /** Where snapshots are made before they get their name. */
  Path snapshot() {
    return root.resolve("snapshot");
  }

  /** Where backups are made and unpacked; empty unless one is. */
  Path staging() {
    return root.resolve("staging");
  }

  /** Removes what is in a directory. */
  static void empty(Path directory) throws IOException {
    final Path[] doomed;
    try (Stream<Path> found = Files.walk(directory)) {
      doomed = found.filter(path -> !path.equals(directory)).sorted(Comparator.reverseOrder()).toArray(Path[]::new);
    }
    for (Path each : doomed) {
      Files.delete(each);
    }
  }

  /**
   * Makes what is missing, for the owner alone, and removes what an interrupted backup, restore or snapshot has left.
   *
   * @throws EngineException when that is not possible
   */
  void create() throws EngineException {
    try {
      for (Path directory : new Path[] {root, raft(), store(), snapshot(), staging()}) {
        Files.createDirectories(
            directory,
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      }
      empty(staging());
      empty(snapshot());
    } catch (IOException e) {
      throw new EngineException(
          "could not create directory \"" + root + "\": " + e,
          "Give the server's user the right to create it, or set pgraft.data_dir.",
          e);
    }
  }
}
