package org.pgraft.consensus;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Makes renames and creations in a directory durable (fsync(2) of the directory: without it a power cut may bring back
 * the names of before).
 *
 * <p>Stateless; safe to call from any thread. Blocks for the length of one fsync.
 */
@FunctionalInterface
public interface DirectorySync {
  /** The real thing. */
  DirectorySync FSYNC =
      directory -> {
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
          channel.force(true);
        }
      };

  /**
   * Returns when every change of names in {@code directory} made before the call is on stable storage.
   *
   * @throws IOException when that cannot be said
   */
  void sync(Path directory) throws IOException;
}
