package org.pgraft.worker;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * Memory that other processes read and write at the same time: numbers in the machine's byte order with the guarantees of
 * atomic access, and octets without any. Offsets of 64-bit numbers are multiples of 8.
 *
 * <p>Thread-safe in the sense of its methods.
 */
final class SharedMemory {
  private static final VarHandle LONGS =
      MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.nativeOrder());

  private final ByteBuffer memory;

  SharedMemory(ByteBuffer memory) {
    this.memory = memory.duplicate().order(ByteOrder.nativeOrder());
  }

  /** Reads a number that another process may have just written, and what it wrote before. */
  long read(int offset) {
    return (long) LONGS.getAcquire(memory, offset);
  }

  /** Writes a number; whoever reads it sees what was written before. */
  void write(int offset, long value) {
    LONGS.setRelease(memory, offset, value);
  }

  /** Writes a number before everything that is read or written afterwards. */
  void writeAndFence(int offset, long value) {
    LONGS.setVolatile(memory, offset, value);
    VarHandle.fullFence();
  }

  boolean compareAndSet(int offset, long expected, long value) {
    return LONGS.compareAndSet(memory, offset, expected, value);
  }

  long getAndClear(int offset) {
    return (long) LONGS.getAndSet(memory, offset, 0L);
  }

  int readInt(int offset) {
    return memory.getInt(offset);
  }

  void writeInt(int offset, int value) {
    memory.putInt(offset, value);
  }

  /** A copy of {@code length} octets. */
  byte[] bytes(int offset, int length) {
    final byte[] copy = new byte[length];
    memory.get(offset, copy);
    return copy;
  }

  /** Copies what remains of {@code octets} in; their position does not change. */
  void writeBytes(int offset, ByteBuffer octets) {
    memory.put(offset, octets, octets.position(), octets.remaining());
  }

  /** Writes a text in UTF-8 that ends with NUL, cut between two characters if it is longer than {@code size} allows. */
  void writeText(int offset, int size, String text) {
    final byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    int length = Math.min(utf8.length, size - 1);
    while (length > 0 && length < utf8.length && (utf8[length] & 0xC0) == 0x80) {
      length--;
    }
    memory.put(offset, utf8, 0, length);
    memory.put(offset + length, (byte) 0);
  }
}
