package org.pgraft.consensus;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What Ratis leaves behind when a snapshot that the leader sends is interrupted. Every attempt writes into a new directory
 * {@code tmp/snapshot-<id>}, as much as a whole store, and nobody removes those that were given up. When one is complete,
 * {@code sm} is renamed to {@code sm.tmp<date>}, the new directory to {@code sm}, and the old one is removed; a process
 * that is killed in between leaves the old one, and perhaps nothing in its place (SnapshotManager of Ratis 3.3).
 *
 * <p>Stateless.
 */
final class SnapshotLeftovers {
  private static final Logger LOG = LoggerFactory.getLogger(SnapshotLeftovers.class);
  private static final String TRANSFER = "snapshot-*";

  private SnapshotLeftovers() {}

  /**
   * Gives the snapshots of before their place back if it is empty, and removes them if it is not. Before Ratis looks there.
   *
   * @param snapshots the directory {@code sm}
   */
  static void putBack(Path snapshots) throws IOException {
    final List<Path> before = list(snapshots.getParent(), snapshots.getFileName() + ".tmp*");
    // The name ends with a date.
    before.sort(Comparator.comparing(Path::getFileName));
    final boolean missing = !Files.isDirectory(snapshots) || list(snapshots, "*").isEmpty();
    if (missing && !before.isEmpty()) {
      final Path newest = before.remove(before.size() - 1);
      LOG.warn("a snapshot was not put in place: \"{}\" takes its place back", newest);
      Files.move(newest, snapshots, StandardCopyOption.REPLACE_EXISTING);
    }
    for (Path each : before) {
      delete(each);
    }
  }

  /**
   * Removes what came of transfers that were given up.
   *
   * @param transfers the directory {@code tmp}
   * @param until those go in which nothing was written since then; the leader gives a transfer up much sooner
   */
  static void removeAborted(Path transfers, FileTime until) throws IOException {
    for (Path transfer : list(transfers, TRANSFER)) {
      if (lastWrite(transfer).compareTo(until) < 0) {
        LOG.info("removing a snapshot that did not arrive as a whole: \"{}\"", transfer);
        delete(transfer);
      }
    }
  }

  /** The latest change of a directory and what is in it; the epoch when it is gone, as one that was put in place is. */
  private static FileTime lastWrite(Path directory) throws IOException {
    FileTime latest = FileTime.fromMillis(0);
    try (var files = Files.walk(directory)) {
      for (Path file : files.toList()) {
        final FileTime changed = Files.getLastModifiedTime(file);
        latest = changed.compareTo(latest) > 0 ? changed : latest;
      }
    } catch (NoSuchFileException e) {
      return FileTime.fromMillis(0);
    }
    return latest;
  }

  private static List<Path> list(Path directory, String pattern) throws IOException {
    final List<Path> found = new ArrayList<>();
    if (Files.isDirectory(directory)) {
      try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, pattern)) {
        files.forEach(found::add);
      }
    }
    return found;
  }

  private static void delete(Path directory) throws IOException {
    if (Files.isDirectory(directory)) {
      EngineFiles.empty(directory);
      Files.delete(directory);
    }
  }
}
