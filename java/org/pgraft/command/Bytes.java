package org.pgraft.command;

import java.nio.ByteBuffer;

/** Compares byte strings as LMDB does: unsigned, a prefix first. Stateless. */
public final class Bytes {
  private Bytes() {}

  /** Negative, 0 or positive, as in {@link Comparable}; the positions stay. */
  public static int compare(ByteBuffer left, ByteBuffer right) {
    final int at = left.mismatch(right);
    if (at < 0) {
      return 0;
    }
    if (at >= left.remaining() || at >= right.remaining()) {
      return Integer.compare(left.remaining(), right.remaining());
    }
    return Byte.compareUnsigned(left.get(left.position() + at), right.get(right.position() + at));
  }
}
