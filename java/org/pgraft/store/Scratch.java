package org.pgraft.store;

import java.nio.ByteBuffer;
import org.pgraft.command.Limits;

/** Memory outside the heap in which LMDB is handed keys; reused, because it is slow to make. Not thread-safe. */
final class Scratch {
  private final ByteBuffer key = ByteBuffer.allocateDirect(Limits.KEY_BYTES_MAX);

  /** A position, see {@link Layout#POSITION_BYTES}. */
  private final ByteBuffer position = ByteBuffer.allocateDirect(Layout.POSITION_BYTES);

  /** A position in complement. */
  private final ByteBuffer duplicate = ByteBuffer.allocateDirect(Layout.POSITION_BYTES);

  /** A copy of a key; the argument's position stays. */
  ByteBuffer key(ByteBuffer of) {
    final int length = of.remaining();
    key.clear();
    key.put(0, of, of.position(), length);
    return key.limit(length);
  }

  /** The key of the record at a position. */
  ByteBuffer position(long revision, int sub) {
    return position.putLong(0, revision).putInt(Layout.POSITION_SUB, sub);
  }

  /** The duplicate of a key that leads to a position; a newer one sorts first. */
  ByteBuffer duplicate(long revision, int sub) {
    return duplicate.putLong(0, ~revision).putInt(Layout.POSITION_SUB, sub);
  }
}
