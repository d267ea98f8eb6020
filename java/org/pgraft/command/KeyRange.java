package org.pgraft.command;

import java.nio.ByteBuffer;

/**
 * One key, or the keys from {@code key} up to but not including {@code end}, as in etcd: an empty end means the one key, an
 * end of a single zero byte means all keys from {@code key} on.
 *
 * @param key the key, or the first one
 * @param end the end, or empty
 */
public record KeyRange(ByteBuffer key, ByteBuffer end) {
  /** Whether it is a single key. */
  public boolean single() {
    return !end.hasRemaining();
  }

  /** Whether it has no upper end. */
  public boolean unbounded() {
    return end.remaining() == 1 && end.get(end.position()) == 0;
  }

  /** Whether a key lies in it. */
  public boolean contains(ByteBuffer other) {
    if (single()) {
      return key.equals(other);
    }
    return Bytes.compare(other, key) >= 0 && (unbounded() || Bytes.compare(other, end) < 0);
  }

  static KeyRange read(WireReader in) throws PgraftException {
    return new KeyRange(in.bytes(), in.bytes());
  }

  /**
   * @throws PgraftException when the keys are out of bounds
   */
  void check() throws PgraftException {
    if (single()) {
      Checks.key(key);
    } else if (key.remaining() > Limits.KEY_BYTES_MAX || end.remaining() > Limits.KEY_BYTES_MAX) {
      throw Checks.keyTooLong(Math.max(key.remaining(), end.remaining()));
    }
  }
}
