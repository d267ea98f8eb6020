package org.pgraft.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.stream.Stream;
import java.util.zip.CRC32C;

/** Changes of files that are durable when the method returns. Stateless; blocks on the disk. */
final class Disk {
  private static final int COPY_BYTES = 1 << 20;

  private Disk() {}

  /** Makes a directory for the owner alone; its name is not durable yet. */
  static void makeDirectory(Path directory) throws IOException {
    Files.createDirectory(
        directory, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
  }

  /** Makes a file's content, or a directory's names, durable. */
  static void sync(Path path) throws IOException {
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  /** Replaces a small file as a whole. */
  static void replace(Path file, String content) throws IOException {
    final Path fresh = file.resolveSibling(file.getFileName() + ".tmp");
    // What is left of one whose fsync failed is not used again: its next fsync may succeed and sync nothing.
    Files.deleteIfExists(fresh);
    try (FileChannel channel =
        FileChannel.open(fresh, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      final ByteBuffer bytes = StandardCharsets.UTF_8.encode(content);
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
      channel.force(true);
    }
    rename(fresh, file);
  }

  /** Gives a file or directory another name in the same directory, taking the place of a file that has it. */
  static void rename(Path from, Path to) throws IOException {
    Files.move(from, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    sync(to.toAbsolutePath().getParent());
  }

  /**
   * Copies a file.
   *
   * @return the MD5 checksum of its content in hexadecimal
   */
  static String copy(Path from, Path to) throws IOException {
    final MessageDigest digest;
    try {
      digest = MessageDigest.getInstance("MD5");
    } catch (NoSuchAlgorithmException e) {
      throw new IOException("this Java has no MD5", e);
    }
    try (FileChannel in = FileChannel.open(from, StandardOpenOption.READ);
        FileChannel out = FileChannel.open(to, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      final ByteBuffer buffer = ByteBuffer.allocateDirect(COPY_BYTES);
      while (in.read(buffer.clear()) >= 0) {
        digest.update(buffer.flip());
        buffer.rewind();
        while (buffer.hasRemaining()) {
          out.write(buffer);
        }
      }
      out.force(true);
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  /** Makes a file of zeros that has its space, in place of one that nobody has open. */
  static void fill(Path file, int bytes) throws IOException {
    try (FileChannel out =
        FileChannel.open(
            file, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
      final ByteBuffer zeros = ByteBuffer.allocate(bytes);
      while (zeros.hasRemaining()) {
        out.write(zeros);
      }
      out.force(true);
    }
  }

  /** The CRC-32C of a file's content, from 0 to 2^32 - 1. */
  static long checksum(Path file) throws IOException {
    final CRC32C checksum = new CRC32C();
    try (FileChannel in = FileChannel.open(file, StandardOpenOption.READ)) {
      final ByteBuffer buffer = ByteBuffer.allocateDirect(COPY_BYTES);
      while (in.read(buffer.clear()) >= 0) {
        checksum.update(buffer.flip());
      }
    }
    return checksum.getValue();
  }

  /** Deletes a file, or a directory with all in it; does nothing when it is not there. */
  static void delete(Path path) throws IOException {
    if (!Files.exists(path)) {
      return;
    }
    final Path[] doomed;
    try (Stream<Path> found = Files.walk(path)) {
      doomed = found.sorted(Comparator.reverseOrder()).toArray(Path[]::new);
    }
    for (Path each : doomed) {
      Files.delete(each);
    }
  }
}
