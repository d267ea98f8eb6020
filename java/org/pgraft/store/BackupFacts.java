package org.pgraft.store;

import java.nio.ByteBuffer;
import org.pgraft.command.PgraftException;
import org.pgraft.command.WireReader;
import org.pgraft.command.WireWriter;

/**
 * What a backup says of itself: whose state it holds, and which.
 *
 * @param clusterId name of the cluster that it was taken of
 * @param node the node that wrote it
 * @param position the last log entry whose effects it has
 * @param revision the store's revision
 * @param keys how many keys exist in it
 * @param createdMillis when it was written, milliseconds of the Unix epoch
 * @param logTail how many of its last log entries the node had not applied, so that it did not know whether they were
 *     committed; 0 for all but a rescue
 */
public record BackupFacts(
    String clusterId, int node, LogPosition position, long revision, long keys, long createdMillis, long logTail) {

  /** The wire form, which is also the form in the file. */
  public ByteBuffer encode() {
    return new WireWriter()
        .text(clusterId)
        .i32(node)
        .i64(position.term())
        .i64(position.index())
        .i64(revision)
        .i64(keys)
        .i64(createdMillis)
        .i64(logTail)
        .done();
  }

  /**
   * Reads the wire form.
   *
   * @throws PgraftException when the bytes make no sense
   */
  static BackupFacts decode(ByteBuffer bytes) throws PgraftException {
    final WireReader in = new WireReader(bytes, "backup header");
    final BackupFacts facts =
        new BackupFacts(
            in.text(), in.i32(), new LogPosition(in.i64(), in.i64()), in.i64(), in.i64(), in.i64(), in.i64());
    in.end();
    return facts;
  }
}
