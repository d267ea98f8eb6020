package org.pgraft.consensus;

import java.nio.ByteBuffer;
import java.util.UUID;

/**
 * The directory with which a node introduces itself.
 *
 * @param directory its id
 * @param previous the number of the last run in which it took part, 0 if it never did; see {@link Incarnations}
 * @param run the number of the run in which it is about to take part
 */
record ShownDirectory(UUID directory, long previous, long run) {
  static final int BYTES = 4 * Long.BYTES;

  /** The same, as it will be known from now on. */
  KnownDirectory known() {
    return new KnownDirectory(directory, run);
  }

  void encode(ByteBuffer out) {
    out.putLong(directory.getMostSignificantBits()).putLong(directory.getLeastSignificantBits());
    out.putLong(previous).putLong(run);
  }

  static ShownDirectory decode(ByteBuffer in) {
    return new ShownDirectory(new UUID(in.getLong(), in.getLong()), in.getLong(), in.getLong());
  }
}
