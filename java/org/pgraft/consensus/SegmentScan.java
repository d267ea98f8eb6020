package org.pgraft.consensus;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.OptionalInt;
import java.util.zip.CRC32C;
import org.apache.ratis.proto.RaftProtos.LogEntryProto;
import org.apache.ratis.thirdparty.com.google.protobuf.ByteString;
import org.apache.ratis.thirdparty.com.google.protobuf.CodedInputStream;
import org.apache.ratis.thirdparty.com.google.protobuf.InvalidProtocolBufferException;

/**
 * Reads a segment of the log as Ratis wrote it, and tells a torn tail from damage. Ratis' own reader does not: an entry
 * whose length is wrong looks to it like one that was not written to its end, and it drops that entry with all behind it.
 *
 * <p>Format (Ratis' SegmentedRaftLogFormat): a header, then for each entry its length as a varint, the entry, and the
 * CRC-32C of both; the rest of an open segment is zero. A power cut or a failed write may leave the last write in part:
 * what is missing is its end, or whole sectors, which are then zero. That is a torn tail; it was never flushed, so it was
 * never acknowledged. Anything else is damage: bytes that are wrong with nothing missing, a length that one flipped bit
 * explains, or something missing with entries behind it.
 *
 * <p>Stateless apart from the result.
 */
final class SegmentScan {
  private static final byte[] HEADER = "RaftLog1".getBytes(StandardCharsets.UTF_8);
  private static final int CHECKSUM_BYTES = 4;
  private static final int VARINT_BYTES_MAX = 5;

  /** The least that a disk writes as a whole. */
  private static final int SECTOR_BYTES = 512;

  /** The tags of term and index, with which each entry begins. */
  private static final byte TERM_TAG = 0x08;

  private static final byte INDEX_TAG = 0x10;

  private final byte[] bytes;
  private final int written;
  private long entries;
  private long lastIndex = -1;
  private long lastTerm;
  private int end;

  private SegmentScan(byte[] bytes) {
    this.bytes = bytes;
    int length = bytes.length;
    while (length > 0 && bytes[length - 1] == 0) {
      length--;
    }
    this.written = length;
  }

  /**
   * Reads a segment.
   *
   * @param file its file
   * @param first the index with which it begins
   * @param last the index with which it ends at the latest; what comes behind is not looked at
   * @throws DamagedFileException when it is damaged
   * @throws IOException when it cannot be read
   */
  static SegmentScan of(Path file, long first, long last) throws IOException {
    final SegmentScan scan = new SegmentScan(Files.readAllBytes(file));
    scan.read(file, first, last);
    return scan;
  }

  /** How many whole entries it has. */
  long entries() {
    return entries;
  }

  /** Index of the last whole entry, -1 when there is none. */
  long lastIndex() {
    return lastIndex;
  }

  /** Term of the last whole entry, 0 when there is none. */
  long lastTerm() {
    return lastTerm;
  }

  /** How many bytes come after the last whole entry, or after the last one that was asked for. */
  int bytesBehind() {
    return Math.max(0, written - end);
  }

  /** The header and the whole entries. */
  byte[] whole() {
    return Arrays.copyOf(bytes, end);
  }

  private void read(Path file, long first, long last) throws DamagedFileException {
    if (!hasHeader()) {
      if (!isTornHeader()) {
        throw new DamagedFileException(file, "it does not begin like a segment of the log");
      }
      return;
    }
    end = HEADER.length;
    while (end < written && first + entries <= last) {
      final LogEntryProto entry = entryAt(end);
      if (entry == null) {
        break;
      }
      if (entry.getIndex() != first + entries) {
        throw new DamagedFileException(
            file, "at byte " + end + " is entry " + entry.getIndex() + " in place of " + (first + entries));
      }
      entries++;
      lastIndex = entry.getIndex();
      lastTerm = entry.getTerm();
      end += length(end).getAsInt();
    }
    if (first + entries <= last) {
      requireTornTail(file, first + entries);
    }
  }

  private boolean hasHeader() {
    return bytes.length >= HEADER.length
        && Arrays.equals(bytes, 0, HEADER.length, HEADER, 0, HEADER.length);
  }

  /** Whether the header was being written: a part of it is there, and nothing else. */
  private boolean isTornHeader() {
    return written < HEADER.length && Arrays.equals(bytes, 0, written, HEADER, 0, written);
  }

  /** What is between the last whole entry and the last byte that was written must be one write that did not finish. */
  private void requireTornTail(Path file, long missing) throws DamagedFileException {
    if (end >= written) {
      return;
    }
    for (int at = end + 1; at < written; at++) {
      if (beginsLikeEntry(at)) {
        final LogEntryProto later = entryAt(at);
        if (later != null && later.getIndex() > missing) {
          throw new DamagedFileException(
              file,
              "entry " + missing + " at byte " + end + " cannot be read, but entry " + later.getIndex() + " behind it can");
        }
      }
    }
    if (isWholeButForItsLength() || !endIsMissing() && !hasHole()) {
      throw new DamagedFileException(file, "entry " + missing + " at byte " + end + " is not as its checksum says");
    }
  }

  /** Whether the entry after the last whole one would be whole if one bit of its length were another. */
  private boolean isWholeButForItsLength() {
    for (int at = end; at < Math.min(end + VARINT_BYTES_MAX, bytes.length); at++) {
      for (int bit = 0; bit < Byte.SIZE; bit++) {
        bytes[at] ^= (byte) (1 << bit);
        final boolean whole = entryAt(end) != null;
        bytes[at] ^= (byte) (1 << bit);
        if (whole) {
          return true;
        }
      }
    }
    return false;
  }

  /** Whether the entry's checksum, by which it ends, was not written, or only its first bytes, which are right. */
  private boolean endIsMissing() {
    if (length(end).isEmpty() || end + length(end).getAsInt() - CHECKSUM_BYTES >= written) {
      return true;
    }
    final int body = length(end).getAsInt() - CHECKSUM_BYTES;
    final CRC32C checksum = new CRC32C();
    checksum.update(bytes, end, body);
    final byte[] right = ByteBuffer.allocate(CHECKSUM_BYTES).putInt((int) checksum.getValue()).array();
    final int kept = written - end - body;
    return kept < CHECKSUM_BYTES && Arrays.equals(bytes, end + body, written, right, 0, kept);
  }

  /** Whether a sector, or the part of it that belongs to the tail, was not written. */
  private boolean hasHole() {
    final int until = end + Math.min(length(end).orElse(written - end), written - end);
    for (int from = end; from < until; from = (from / SECTOR_BYTES + 1) * SECTOR_BYTES) {
      final int to = Math.min((from / SECTOR_BYTES + 1) * SECTOR_BYTES, until);
      if (isZero(from, to)) {
        return true;
      }
    }
    return false;
  }

  private boolean isZero(int from, int to) {
    for (int at = from; at < to; at++) {
      if (bytes[at] != 0) {
        return false;
      }
    }
    return true;
  }

  /** A cheap look before the checksum is computed: a length, then term and index by their tags. */
  private boolean beginsLikeEntry(int at) {
    final int term = afterVarint(at);
    if (term < 0 || term >= written || bytes[term] != TERM_TAG) {
      return false;
    }
    final int index = afterVarint(term + 1);
    return index >= 0 && index < written && bytes[index] == INDEX_TAG;
  }

  private int afterVarint(int at) {
    for (int i = at; i < written && i < at + 2 * VARINT_BYTES_MAX; i++) {
      if (bytes[i] >= 0) {
        return i + 1;
      }
    }
    return -1;
  }

  /** The entry that begins at a byte, or null when there is no whole one. */
  private LogEntryProto entryAt(int at) {
    final OptionalInt length = length(at);
    if (length.isEmpty() || length.getAsInt() > bytes.length - at) {
      return null;
    }
    final int checked = length.getAsInt() - CHECKSUM_BYTES;
    final CRC32C checksum = new CRC32C();
    checksum.update(bytes, at, checked);
    final int kept = ByteBuffer.wrap(bytes, at + checked, CHECKSUM_BYTES).getInt();
    if (kept != (int) checksum.getValue()) {
      return null;
    }
    final int body = afterVarint(at);
    try {
      return LogEntryProto.parseFrom(ByteString.copyFrom(bytes, body, at + checked - body));
    } catch (InvalidProtocolBufferException e) {
      return null;
    }
  }

  /** How many bytes an entry takes that begins at a byte, by its length; nothing when that cannot be one. */
  private OptionalInt length(int at) {
    try {
      final CodedInputStream in =
          CodedInputStream.newInstance(bytes, at, Math.min(VARINT_BYTES_MAX, bytes.length - at));
      final int body = in.readRawVarint32();
      return body > 0 && body <= RatisProperties.ENTRY_BYTES_MAX * 2
          ? OptionalInt.of(in.getTotalBytesRead() + body + CHECKSUM_BYTES)
          : OptionalInt.empty();
    } catch (IOException e) {
      return OptionalInt.empty();
    }
  }
}
