package org.pgraft.store;

import org.pgraft.command.Failure;
import org.pgraft.command.KeyRange;
import org.pgraft.command.Limits;
import org.pgraft.command.PgraftException;
import org.pgraft.command.SqlState;
import org.pgraft.command.WireWriter;

/** Writes what a range holds, in the form of a response. Stateless. */
final class RangeReader {
  /** What a key costs in a response beside itself and its value: two lengths and four numbers. */
  private static final int ROW_BYTES = 2 * Integer.BYTES + 4 * Long.BYTES;

  private RangeReader() {}

  /**
   * What to read.
   *
   * @param keys which keys
   * @param revision at which revision
   * @param limit most keys to return, 0 for all
   * @param keysOnly leave the values out
   * @param countOnly return the count alone
   */
  record Query(KeyRange keys, long revision, long limit, boolean keysOnly, boolean countOnly) {}

  /**
   * Writes count (8), whether there are more (1), number of keys (4), keys. The count is that of the whole range, as in
   * etcd.
   *
   * @param bytesMax most bytes that {@code out} may have afterwards
   * @param whole whether a result that is longer is an error; else it is cut, and says that there are more
   * @throws PgraftException when the result is longer
   */
  static void write(Versions versions, Query query, WireWriter out, int bytesMax, boolean whole)
      throws PgraftException {
    final int head = out.length();
    out.i64(0).u8(0).i32(0);
    long count = 0;
    int returned = 0;
    boolean cut = false;
    for (boolean found = versions.first(query.keys(), query.revision()); found; found = versions.next()) {
      count++;
      if (cut || query.countOnly() || query.limit() > 0 && count > query.limit()) {
        continue;
      }
      final int valueLength = query.keysOnly() ? 0 : versions.valueLength();
      if ((long) out.length() + ROW_BYTES + versions.keyLength() + valueLength > bytesMax) {
        if (whole) {
          throw tooLong();
        }
        cut = true;
        continue;
      }
      out.bytes(versions.key());
      if (query.keysOnly()) {
        out.i32(0);
      } else {
        out.bytes(versions.value());
      }
      out.i64(versions.createRevision());
      out.i64(versions.revision());
      out.i64(versions.version());
      out.i64(versions.lease());
      returned++;
    }
    out.i64At(head, count);
    out.u8At(head + Long.BYTES, !query.countOnly() && count > returned ? 1 : 0);
    out.i32At(head + Long.BYTES + 1, returned);
  }

  /** At most what {@link #write} would write, without writing it. */
  static long measure(Versions versions, Query query) {
    long bytes = Long.BYTES + 1 + Integer.BYTES;
    if (query.countOnly()) {
      return bytes;
    }
    long count = 0;
    for (boolean found = versions.first(query.keys(), query.revision()); found; found = versions.next()) {
      if (query.limit() > 0 && ++count > query.limit()) {
        break;
      }
      bytes += ROW_BYTES + versions.keyLength() + (query.keysOnly() ? 0 : versions.valueLength());
    }
    return bytes;
  }

  /** What a key that does not exist yet can add. */
  static long rowBytes(int keyLength, int valueLength) {
    return (long) ROW_BYTES + keyLength + valueLength;
  }

  static PgraftException tooLong() {
    return new PgraftException(
        new Failure(
            SqlState.LIMIT_EXCEEDED,
            "the result is too long",
            "A result has at most " + Limits.RESPONSE_BYTES_MAX + " bytes.",
            "Read fewer keys at once."));
  }
}
