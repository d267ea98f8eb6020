package org.pgraft.command;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Writes pgraft's wire form, into an array that grows. Not thread-safe.
 */
public final class WireWriter {
  private byte[] bytes = new byte[64];
  private int length;

  private void room(int more) {
    if (bytes.length - length < more) {
      bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, length + more));
    }
  }

  /** How much was written. */
  public int length() {
    return length;
  }

  /** One byte. */
  public WireWriter u8(int value) {
    room(1);
    bytes[length++] = (byte) value;
    return this;
  }

  /** Two bytes. */
  public WireWriter u16(int value) {
    return u8(value >>> 8).u8(value);
  }

  /** Four bytes. */
  public WireWriter i32(int value) {
    return u16(value >>> 16).u16(value);
  }

  /** Eight bytes. */
  public WireWriter i64(long value) {
    return i32((int) (value >>> 32)).i32((int) value);
  }

  /** A byte string with its length; the buffer's position stays. */
  public WireWriter bytes(ByteBuffer value) {
    i32(value.remaining());
    return raw(value);
  }

  /** Bytes as they are; the buffer's position stays. */
  public WireWriter raw(ByteBuffer value) {
    final int more = value.remaining();
    room(more);
    value.get(value.position(), bytes, length, more);
    length += more;
    return this;
  }

  /** A text in UTF-8 with its length. */
  public WireWriter text(String value) {
    return bytes(ByteBuffer.wrap(value.getBytes(StandardCharsets.UTF_8)));
  }

  /** Overwrites one byte written before. */
  public void u8At(int position, int value) {
    bytes[position] = (byte) value;
  }

  /** Overwrites two bytes written before. */
  public void u16At(int position, int value) {
    bytes[position] = (byte) (value >>> 8);
    bytes[position + 1] = (byte) value;
  }

  /** Overwrites four bytes written before. */
  public void i32At(int position, int value) {
    u16At(position, value >>> 16);
    u16At(position + 2, value);
  }

  /** Overwrites eight bytes written before. */
  public void i64At(int position, long value) {
    i32At(position, (int) (value >>> 32));
    i32At(position + 4, (int) value);
  }

  /** What was written, without a copy; the writer must not be used afterwards. */
  public ByteBuffer done() {
    return ByteBuffer.wrap(bytes, 0, length).slice();
  }
}
