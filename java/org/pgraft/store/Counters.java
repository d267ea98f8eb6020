package org.pgraft.store;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.lmdbjava.Dbi;
import org.lmdbjava.Txn;

/**
 * The numbers of {@link Counter}, in memory while an entry is applied and in the table "meta" from then on.
 *
 * <p>Not thread-safe.
 */
final class Counters {
  private static final Counter[] ALL = Counter.values();

  /** LMDB only reads them, so all threads share them. */
  private static final ByteBuffer[] KEYS = new ByteBuffer[ALL.length];

  static {
    for (Counter counter : ALL) {
      KEYS[counter.ordinal()] = Tables.direct(counter.key().getBytes(StandardCharsets.US_ASCII));
    }
  }

  private final long[] values = new long[ALL.length];
  private final long[] stored = new long[ALL.length];
  private final ByteBuffer value = ByteBuffer.allocateDirect(Long.BYTES);

  long get(Counter counter) {
    return values[counter.ordinal()];
  }

  void set(Counter counter, long number) {
    values[counter.ordinal()] = number;
  }

  void add(Counter counter, long number) {
    values[counter.ordinal()] += number;
  }

  /** Something entered the state that version 1.0 does not know: no node of that version takes part any more. */
  void useLayout() {
    set(Counter.FORMAT, Math.max(get(Counter.FORMAT), Layout.FORMAT));
  }

  /** The feature level of what the state holds. */
  int levelUsed() {
    return Layout.levelOf(get(Counter.FORMAT));
  }

  LogPosition position() {
    return new LogPosition(get(Counter.APPLIED_TERM), get(Counter.APPLIED_INDEX));
  }

  /** Writes the values of an empty store. */
  void create(Txn<ByteBuffer> txn, Dbi<ByteBuffer> meta) {
    for (Counter counter : ALL) {
      write(txn, meta, counter.ordinal(), counter.initial());
    }
  }

  /**
   * Reads all values.
   *
   * @throws DamagedException when one is missing or the layout is one that this program does not know
   */
  void load(Txn<ByteBuffer> txn, Dbi<ByteBuffer> meta) {
    for (Counter counter : ALL) {
      final long number =
          counter.ordinal() >= Counter.LAST_LEASE.ordinal() ? readLater(txn, meta, counter) : read(txn, meta, counter);
      values[counter.ordinal()] = number;
      stored[counter.ordinal()] = number;
    }
    if (get(Counter.FORMAT) < Layout.FORMAT_FIRST || get(Counter.FORMAT) > Layout.FORMAT) {
      throw new DamagedException(
          "its layout is version " + get(Counter.FORMAT) + ", this program knows versions up to " + Layout.FORMAT);
    }
  }

  /** Reads a value that stores of version 1.0 lack; they have what it begins with. */
  static long readLater(Txn<ByteBuffer> txn, Dbi<ByteBuffer> meta, Counter counter) {
    return meta.get(txn, KEYS[counter.ordinal()]) == null ? counter.initial() : read(txn, meta, counter);
  }

  /**
   * Reads one value.
   *
   * @throws DamagedException when it is missing
   */
  static long read(Txn<ByteBuffer> txn, Dbi<ByteBuffer> meta, Counter counter) {
    final ByteBuffer found = meta.get(txn, KEYS[counter.ordinal()]);
    if (found == null || found.remaining() != Long.BYTES) {
      throw new DamagedException("the number \"" + counter.key() + "\" is missing");
    }
    return found.getLong(0);
  }

  /** Writes the values that changed. */
  void save(Txn<ByteBuffer> txn, Dbi<ByteBuffer> meta) {
    for (int i = 0; i < values.length; i++) {
      if (values[i] != stored[i]) {
        write(txn, meta, i, values[i]);
      }
    }
  }

  private void write(Txn<ByteBuffer> txn, Dbi<ByteBuffer> meta, int at, long number) {
    value.putLong(0, number);
    meta.put(txn, KEYS[at], value);
    values[at] = number;
    stored[at] = number;
  }
}
