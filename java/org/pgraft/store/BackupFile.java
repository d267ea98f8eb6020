package org.pgraft.store;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.function.BooleanSupplier;
import java.util.zip.CRC32C;
import org.pgraft.command.Failure;
import org.pgraft.command.PgraftException;
import org.pgraft.command.SqlState;
import org.pgraft.command.WireWriter;

/**
 * The form of a backup: one file that says what it is and carries its own checksum. All numbers are big-endian.
 *
 * <pre>
 *   "PGRAFTBK"                     8 bytes
 *   version of the form            4
 *   length of the facts            4
 *   the facts                      see {@link BackupFacts}
 *   length of the store's file     8
 *   CRC-32C of all before          4, so that the lengths can be believed
 *   the store's file               a copy of the LMDB environment
 *   SHA-256 of all before          32
 * </pre>
 *
 * <p>Written under another name, synced, and renamed: whatever has the final name is whole. Stateless; memory is bounded
 * by one buffer, and the time by a condition that is looked at between two of them.
 */
public final class BackupFile {
  /** Version of the form. */
  static final int FORMAT = 1;

  private static final byte[] MAGIC = "PGRAFTBK".getBytes(StandardCharsets.US_ASCII);
  private static final String PARTIAL_SUFFIX = ".partial";
  private static final int PREFIX_BYTES = MAGIC.length + Integer.BYTES + Integer.BYTES;
  private static final int FACTS_BYTES_MAX = 64 << 10;
  private static final int DIGEST_BYTES = 32;
  private static final int BUFFER_BYTES = 1 << 20;

  private BackupFile() {}

  /**
   * Writes a backup.
   *
   * @param target its name; no file may have it
   * @param store the file of a store that nobody writes
   * @param expired whether to give up; then nothing is left
   * @throws PgraftException when the name is taken, or it took too long
   * @throws IOException when the file cannot be written; nothing is left of it, as far as that is possible
   */
  public static Backup write(Path target, BackupFacts facts, Path store, BooleanSupplier expired)
      throws PgraftException, IOException {
    final Path partial = target.resolveSibling(target.getFileName() + PARTIAL_SUFFIX);
    refuseTaken(target, "Choose another name, or remove the file.");
    refuseTaken(partial, "It is of a backup that is being written, or was interrupted. If none is, remove the file.");
    boolean done = false;
    try (FileChannel out =
        FileChannel.open(
            partial,
            EnumSet.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
      final Backup written = write(out, facts, store, expired);
      out.force(true);
      refuseLate(expired);
      // Fails when the name was taken meanwhile.
      Files.move(partial, target);
      Disk.sync(target.getParent());
      done = true;
      return written;
    } finally {
      if (!done) {
        Files.deleteIfExists(partial);
      }
    }
  }

  private static void refuseTaken(Path file, String hint) throws PgraftException {
    if (Files.exists(file, java.nio.file.LinkOption.NOFOLLOW_LINKS)) {
      throw failure(SqlState.FILE_EXISTS, "file \"" + file + "\" exists already", "", hint);
    }
  }

  private static Backup write(FileChannel out, BackupFacts facts, Path store, BooleanSupplier expired)
      throws PgraftException, IOException {
    final MessageDigest sha = sha256();
    try (FileChannel in = FileChannel.open(store, StandardOpenOption.READ)) {
      final long length = in.size();
      final ByteBuffer header = header(facts, length);
      sha.update(header.duplicate());
      writeAll(out, header);
      copy(in, length, sha, out, store, expired);
    }
    final byte[] digest = sha.digest();
    writeAll(out, ByteBuffer.wrap(digest));
    return Backup.of(facts, out.size(), digest);
  }

  private static ByteBuffer header(BackupFacts facts, long storeBytes) {
    final ByteBuffer encoded = facts.encode();
    final WireWriter header =
        new WireWriter()
            .raw(ByteBuffer.wrap(MAGIC))
            .i32(FORMAT)
            .i32(encoded.remaining())
            .raw(encoded)
            .i64(storeBytes);
    final CRC32C crc = new CRC32C();
    final ByteBuffer before = header.done();
    crc.update(before.duplicate());
    return new WireWriter().raw(before).i32((int) crc.getValue()).done();
  }

  /**
   * Reads a backup as a whole and copies the store out of it. What is left in {@code to} after an exception is of no use.
   *
   * @param to where the store's file goes; no file may have that name
   * @param expired whether to give up
   * @throws PgraftException when the file is no backup, is damaged or incomplete, or it took too long
   * @throws IOException when the file cannot be read or the copy not be written
   */
  public static Backup extract(Path file, Path to, BooleanSupplier expired) throws PgraftException, IOException {
    try (FileChannel in = FileChannel.open(file, StandardOpenOption.READ);
        FileChannel out =
            FileChannel.open(
                to,
                EnumSet.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
      final MessageDigest sha = sha256();
      final ByteBuffer header = readHeader(in, file);
      sha.update(header.duplicate());
      final int factsEnd = header.limit() - Integer.BYTES - Long.BYTES;
      final BackupFacts facts = BackupFacts.decode(header.slice(PREFIX_BYTES, factsEnd - PREFIX_BYTES));
      final long storeBytes = header.getLong(factsEnd);
      checkSize(file, in.size(), header.limit() + storeBytes + DIGEST_BYTES);
      copy(in, storeBytes, sha, out, file, expired);
      final byte[] digest = sha.digest();
      if (!Arrays.equals(digest, read(in, DIGEST_BYTES, file).array())) {
        throw damaged(file, "Its content does not match its SHA-256.");
      }
      out.force(true);
      return Backup.of(facts, in.size(), digest);
    }
  }

  private static ByteBuffer readHeader(FileChannel in, Path file) throws PgraftException, IOException {
    final ByteBuffer magic = read(in, (int) Math.min(MAGIC.length, in.size()), file);
    if (!Arrays.equals(magic.array(), 0, magic.limit(), MAGIC, 0, magic.limit()) || in.size() == 0) {
      throw failure(
          SqlState.CORRUPTION,
          "\"" + file + "\" is not a pgraft backup",
          in.size() == 0 ? "The file is empty." : "It does not begin as one.",
          "");
    }
    checkSize(file, Math.min(in.size(), PREFIX_BYTES), PREFIX_BYTES);
    final ByteBuffer numbers = read(in, PREFIX_BYTES - MAGIC.length, file);
    final int format = numbers.getInt(0);
    if (format > FORMAT || format < 1) {
      throw failure(
          SqlState.NOT_SUPPORTED,
          "backup \"" + file + "\" has a form that this version of pgraft does not know",
          "Its form is version " + format + ", known are versions up to " + FORMAT + ".",
          "Use the version of pgraft that wrote it, or a newer one.");
    }
    final int factsBytes = numbers.getInt(Integer.BYTES);
    if (factsBytes < 0 || factsBytes > FACTS_BYTES_MAX) {
      throw damaged(file, "Its header makes no sense.");
    }
    final int restBytes = factsBytes + Long.BYTES + Integer.BYTES;
    checkSize(file, Math.min(in.size(), PREFIX_BYTES + (long) restBytes), PREFIX_BYTES + (long) restBytes);
    final ByteBuffer header =
        ByteBuffer.allocate(PREFIX_BYTES + restBytes).put(magic).put(numbers).put(read(in, restBytes, file)).flip();
    final int crcAt = header.limit() - Integer.BYTES;
    final CRC32C crc = new CRC32C();
    crc.update(header.slice(0, crcAt));
    if ((int) crc.getValue() != header.getInt(crcAt)) {
      throw damaged(file, "Its header does not match its checksum.");
    }
    return header;
  }

  private static void checkSize(Path file, long size, long wanted) throws PgraftException {
    if (size < wanted) {
      throw failure(
          SqlState.CORRUPTION,
          "backup \"" + file + "\" is truncated",
          "It ends after " + size + " bytes, at least " + wanted + " belong to it.",
          "Copy the file again, or use another backup.");
    }
    if (size > wanted) {
      throw damaged(file, "It has " + size + " bytes, " + wanted + " belong to it.");
    }
  }

  private static PgraftException damaged(Path file, String detail) {
    return failure(
        SqlState.CORRUPTION, "backup \"" + file + "\" is damaged", detail, "Copy the file again, or use another backup.");
  }

  private static PgraftException failure(String sqlState, String message, String detail, String hint) {
    return new PgraftException(new Failure(sqlState, message, detail, hint));
  }

  private static void copy(
      FileChannel in, long length, MessageDigest sha, FileChannel out, Path source, BooleanSupplier expired)
      throws PgraftException, IOException {
    final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES);
    for (long left = length; left > 0; left -= buffer.limit()) {
      refuseLate(expired);
      buffer.clear().limit((int) Math.min(BUFFER_BYTES, left));
      if (in.read(buffer) < 0) {
        throw new EOFException("\"" + source + "\" became shorter while it was read");
      }
      sha.update(buffer.flip());
      writeAll(out, buffer.rewind());
    }
  }

  private static void refuseLate(BooleanSupplier expired) throws PgraftException {
    if (expired.getAsBoolean()) {
      throw failure(
          SqlState.NOT_ACCEPTED,
          "the time was over before the backup was copied",
          "Nothing is left of the copy.",
          "Raise pgraft.command_timeout.");
    }
  }

  private static void writeAll(FileChannel out, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      out.write(bytes);
    }
  }

  private static ByteBuffer read(FileChannel in, int length, Path file) throws IOException {
    final ByteBuffer bytes = ByteBuffer.allocate(length);
    while (bytes.hasRemaining()) {
      if (in.read(bytes) < 0) {
        throw new EOFException("\"" + file + "\" became shorter while it was read");
      }
    }
    return bytes.flip();
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
