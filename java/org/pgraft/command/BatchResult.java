package org.pgraft.command;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * The responses to a batch, in its order. Wire form: version (1 byte), index (8), term (8), number (2), responses.
 *
 * @param index the log index at which it was applied first
 * @param term that entry's term
 * @param responses one response for each request
 */
public record BatchResult(long index, long term, List<ByteBuffer> responses) {
  private static final int VERSION = 1;

  /** The wire form. */
  public ByteBuffer encode() {
    final WireWriter out = new WireWriter().u8(VERSION).i64(index).i64(term).u16(responses.size());
    responses.forEach(out::bytes);
    return out.done();
  }

  /**
   * Reads a result; the responses are views of {@code bytes}.
   *
   * @throws PgraftException when the bytes are no result of this version
   */
  public static BatchResult decode(ByteBuffer bytes) throws PgraftException {
    final WireReader in = new WireReader(bytes.duplicate(), "batch result");
    in.version(VERSION);
    final long index = in.i64();
    final long term = in.i64();
    final int count = in.u16();
    final List<ByteBuffer> responses = new ArrayList<>(Math.min(count, 4096));
    for (int i = 0; i < count; i++) {
      responses.add(in.bytes());
    }
    in.end();
    return new BatchResult(index, term, responses);
  }
}
