package org.pgraft.consensus;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;

/**
 * Replaces small files as a whole, and keeps a copy of those that Ratis replaces: when Ratis cannot write one of these, for
 * want of space for example, it puts an empty file in its place.
 *
 * <p>Stateless. Blocks for the length of two fsyncs.
 */
final class DurableFile {
  private DurableFile() {}

  /**
   * Replaces a file; it is on stable storage under its name when this returns.
   *
   * @throws IOException when that cannot be said; then it is the old one or the new one
   */
  static void replace(Path file, byte[] content, DirectorySync sync) throws IOException {
    final Path fresh = file.resolveSibling(file.getFileName() + ".new");
    // What is left of one whose fsync failed is not used again: its next fsync may succeed and sync nothing.
    Files.deleteIfExists(fresh);
    try (FileChannel out = FileChannel.open(fresh, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      final ByteBuffer bytes = ByteBuffer.wrap(content);
      while (bytes.hasRemaining()) {
        out.write(bytes);
      }
      out.force(true);
    }
    Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    sync.sync(file.getParent());
  }

  /** Keeps a copy of a file as it is now, beside it. */
  static void keep(Path file, DirectorySync sync) throws IOException {
    final byte[] content = Files.readAllBytes(file);
    final Path kept = kept(file);
    if (!Files.exists(kept) || !Arrays.equals(content, Files.readAllBytes(kept))) {
      replace(kept, content, sync);
    }
  }

  /** Puts the copy that was kept in the place of a file that is empty; does nothing when there is none. */
  static void restoreIfEmpty(Path file, DirectorySync sync) throws IOException {
    final Path kept = kept(file);
    if (Files.exists(file) && Files.size(file) == 0 && Files.exists(kept)) {
      replace(file, Files.readAllBytes(kept), sync);
    }
  }

  private static Path kept(Path file) {
    return file.resolveSibling(file.getFileName() + ".kept");
  }
}
