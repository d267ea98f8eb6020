package org.pgraft.command;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * Reads pgraft's wire form: big-endian numbers, byte strings with a 4-byte length. Every read is checked against what is
 * left, so that malformed bytes are an error and nothing worse. Byte strings are views of the buffer, not copies.
 *
 * <p>Not thread-safe.
 */
public final class WireReader {
  private final ByteBuffer in;
  private final String what;

  /**
   * @param in the bytes; its position moves
   * @param what what is read, for the error message
   */
  public WireReader(ByteBuffer in, String what) {
    this.in = in;
    this.what = what;
  }

  private void need(int bytes) throws PgraftException {
    if (in.remaining() < bytes) {
      throw PgraftException.malformed(what);
    }
  }

  /** One byte, 0 to 255. */
  public int u8() throws PgraftException {
    need(1);
    return in.get() & 0xff;
  }

  /** Two bytes, 0 to 65535. */
  public int u16() throws PgraftException {
    need(2);
    return in.getShort() & 0xffff;
  }

  /** Four bytes, signed. */
  public int i32() throws PgraftException {
    need(4);
    return in.getInt();
  }

  /** Eight bytes, signed. */
  public long i64() throws PgraftException {
    need(8);
    return in.getLong();
  }

  /** A byte string, as a view. */
  public ByteBuffer bytes() throws PgraftException {
    final int length = i32();
    if (length < 0 || length > in.remaining()) {
      throw PgraftException.malformed(what);
    }
    final ByteBuffer view = in.slice(in.position(), length);
    in.position(in.position() + length);
    return view;
  }

  /** All that is left, as a view. */
  ByteBuffer rest() {
    final ByteBuffer view = in.slice();
    in.position(in.limit());
    return view;
  }

  /** A byte string in UTF-8. */
  public String text() throws PgraftException {
    return StandardCharsets.UTF_8.decode(bytes()).toString();
  }

  /** Checks the version byte. */
  public void version(int expected) throws PgraftException {
    if (u8() != expected) {
      throw PgraftException.malformed(what);
    }
  }

  /** Checks that everything was read. */
  public void end() throws PgraftException {
    if (in.hasRemaining()) {
      throw PgraftException.malformed(what);
    }
  }
}
