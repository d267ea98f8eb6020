package org.pgraft.worker;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Where each part of the shared memory begins, as its header says; the C side of the same is {@code native/shared.h}.
 *
 * @param slots number of request slots
 * @param largeBuffers number of large buffers
 * @param largeBytes size of each
 * @param status offset of the status page
 * @param leases offset of the history of leases
 * @param members offset of the members
 * @param firstSlot offset of the first slot
 * @param firstLarge offset of the first large buffer
 */
record SharedLayout(
    int slots, int largeBuffers, int largeBytes, int status, int leases, int members, int firstSlot, int firstLarge) {
  /** Offset of the bits that say which slots became ready. */
  static final int READY = 80;

  /** Bytes of a slot. */
  static final int SLOT_BYTES = 8192;

  private static final long MAGIC = 0x5047524146543031L;
  private static final int VERSION = 3;

  /**
   * Reads the header.
   *
   * @throws IllegalStateException when it is not the one that this class knows
   */
  static SharedLayout of(ByteBuffer memory) {
    final ByteBuffer header = memory.duplicate().order(ByteOrder.nativeOrder());
    if (header.getLong(0) != MAGIC || header.getInt(8) != VERSION || header.getInt(16) != SLOT_BYTES) {
      throw new IllegalStateException("pgraft's library and its jar are of different versions");
    }
    return new SharedLayout(
        header.getInt(12),
        header.getInt(20),
        header.getInt(24),
        Math.toIntExact(header.getLong(32)),
        Math.toIntExact(header.getLong(40)),
        Math.toIntExact(header.getLong(48)),
        Math.toIntExact(header.getLong(56)),
        Math.toIntExact(header.getLong(64)));
  }
}
