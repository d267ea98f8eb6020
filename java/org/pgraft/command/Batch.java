package org.pgraft.command;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Requests that travel through the log together, as one entry. Wire form: version (1 byte), kind (1 byte, 1), node (4),
 * start (8), sequence (8), time (8), number of requests (2), requests.
 *
 * @param node the node whose sessions sent them
 * @param start the run of that node's engine
 * @param seq the batch's number in that run; with node and start its identity
 * @param timeMillis when it was made, by that node's clock, in milliseconds of the Unix epoch; the only time that applying
 *     it may use
 * @param requests the requests' wire forms
 */
public record Batch(int node, long start, long seq, long timeMillis, List<ByteBuffer> requests) {
  private static final int VERSION = 1;
  private static final int KIND = 1;

  /** The wire form. */
  public ByteBuffer encode() {
    final WireWriter out =
        new WireWriter().u8(VERSION).u8(KIND).i32(node).i64(start).i64(seq).i64(timeMillis).u16(requests.size());
    requests.forEach(out::bytes);
    return out.done();
  }

  /**
   * Reads a batch; the requests are views of {@code bytes}.
   *
   * @throws PgraftException when the bytes are no batch of this version
   */
  public static Batch decode(ByteBuffer bytes) throws PgraftException {
    final WireReader in = new WireReader(bytes.duplicate(), "log entry");
    in.version(VERSION);
    if (in.u8() != KIND) {
      throw PgraftException.malformed("log entry");
    }
    final int node = in.i32();
    final long start = in.i64();
    final long seq = in.i64();
    final long time = in.i64();
    final int count = in.u16();
    final List<ByteBuffer> requests = new ArrayList<>(Math.min(count, 4096));
    for (int i = 0; i < count; i++) {
      requests.add(in.bytes());
    }
    in.end();
    return new Batch(node, start, seq, time, requests);
  }
}
