package org.pgraft.command;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * Writes and reads responses: version (1 byte), status (1 byte, 0 for a result and 1 for an error), then the result's body,
 * or SQLSTATE (5 bytes), message, detail and hint. Stateless.
 */
public final class Responses {
  private static final int VERSION = 1;
  private static final int OK = 0;
  private static final int ERROR = 1;
  private static final int HEADER_BYTES = 2;
  private static final int SQLSTATE_BYTES = 5;

  private Responses() {}

  /** A result with the given body; the buffer's position stays. */
  public static ByteBuffer ok(ByteBuffer body) {
    return ByteBuffer.allocate(HEADER_BYTES + body.remaining())
        .put((byte) VERSION)
        .put((byte) OK)
        .put(body.duplicate())
        .flip();
  }

  /** A result that is one number of eight bytes. */
  public static ByteBuffer number(long value) {
    return ByteBuffer.allocate(HEADER_BYTES + Long.BYTES)
        .put((byte) VERSION)
        .put((byte) OK)
        .putLong(value)
        .flip();
  }

  /** A writer that has the header of a result already. */
  public static WireWriter begin() {
    return new WireWriter().u8(VERSION).u8(OK);
  }

  /** An error. */
  public static ByteBuffer error(Failure failure) {
    return new WireWriter()
        .u8(VERSION)
        .u8(ERROR)
        .raw(ByteBuffer.wrap(failure.sqlState().getBytes(StandardCharsets.US_ASCII)))
        .text(failure.message())
        .text(failure.detail())
        .text(failure.hint())
        .done();
  }

  /** Whether it is a result. */
  public static boolean isOk(ByteBuffer response) {
    return response.remaining() >= HEADER_BYTES && response.get(response.position() + 1) == OK;
  }

  /** Whether it is an error of that SQLSTATE. */
  public static boolean isError(ByteBuffer response, String sqlState) {
    final ByteBuffer state = ByteBuffer.wrap(sqlState.getBytes(StandardCharsets.US_ASCII));
    return response.remaining() >= HEADER_BYTES + SQLSTATE_BYTES
        && response.get(response.position() + 1) == ERROR
        && response.slice(response.position() + HEADER_BYTES, SQLSTATE_BYTES).equals(state);
  }

  /** The body of a result, as a view. */
  public static ByteBuffer body(ByteBuffer response) {
    return response.slice(response.position() + HEADER_BYTES, response.remaining() - HEADER_BYTES);
  }

  /**
   * The error in a response.
   *
   * @throws PgraftException when it is none, or malformed
   */
  public static Failure failure(ByteBuffer response) throws PgraftException {
    final WireReader in = new WireReader(response.duplicate(), "response");
    in.version(VERSION);
    if (in.u8() != ERROR) {
      throw PgraftException.malformed("error");
    }
    final byte[] state = new byte[SQLSTATE_BYTES];
    for (int i = 0; i < state.length; i++) {
      state[i] = (byte) in.u8();
    }
    return new Failure(new String(state, StandardCharsets.US_ASCII), in.text(), in.text(), in.text());
  }
}
