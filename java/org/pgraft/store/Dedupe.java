package org.pgraft.store;

import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import org.lmdbjava.Cursor;
import org.lmdbjava.Dbi;
import org.lmdbjava.GetOp;
import org.lmdbjava.Txn;
import org.pgraft.command.Batch;
import org.pgraft.command.Limits;

/**
 * The results of the last batches of each node, so that a batch that is offered again is answered with its first result and
 * not carried out twice. Kept are the results of the newest run of a node, and of that the last {@link #KEPT} numbers. What
 * is older can be told neither done nor new, so its outcome is unknown.
 *
 * <p>Table "dedupe": node (4), run (8), number (8) to the batch's result. What of each node is the newest is held in memory
 * as well.
 *
 * <p>Not thread-safe; apply thread only.
 */
final class Dedupe {
  /** How many results are kept of each node. A node has far fewer batches under way. */
  static final int KEPT = 64;

  /** The most that is kept, of the largest cluster. */
  static final long RESULTS_BYTES_MAX = (long) KEPT * Limits.BATCH_RESULT_BYTES_MAX * Limits.MEMBERS_MAX;

  private static final int NODE = 0;
  private static final int START = 4;
  private static final int SEQ = 12;
  private static final int KEY_BYTES = 20;

  /** What is to be done with a batch. */
  enum Verdict {
    /** It was not seen before. */
    NEW,
    /** Its result is kept. */
    REPEATED,
    /** It may have been carried out before. */
    TOO_OLD
  }

  private record Newest(long start, long seq) {}

  private final Dbi<ByteBuffer> table;
  private final Map<Integer, Newest> newest = new HashMap<>();
  private final ByteBuffer key = ByteBuffer.allocateDirect(KEY_BYTES);

  Dedupe(Dbi<ByteBuffer> table) {
    this.table = table;
  }

  /** Reads what is the newest of each node. */
  void load(Txn<ByteBuffer> txn) {
    try (Cursor<ByteBuffer> cursor = table.openCursor(txn)) {
      for (boolean found = cursor.first(); found; found = cursor.next()) {
        final ByteBuffer at = cursor.key();
        if (at.remaining() != KEY_BYTES) {
          throw new DamagedException("a batch's result has no proper key");
        }
        // In the order of the table, so the last one of a node is its newest.
        newest.put(at.getInt(NODE), new Newest(at.getLong(START), at.getLong(SEQ)));
      }
    }
  }

  /** What is to be done with a batch. */
  Verdict judge(Txn<ByteBuffer> txn, Batch batch) {
    final Newest known = newest.get(batch.node());
    if (known == null || batch.start() > known.start()) {
      return Verdict.NEW;
    }
    if (batch.start() < known.start() || batch.seq() <= known.seq() - KEPT) {
      return Verdict.TOO_OLD;
    }
    return batch.seq() <= known.seq() && result(txn, batch) != null ? Verdict.REPEATED : Verdict.NEW;
  }

  /** The result that is kept of a batch, as a view of the map; null when none is. */
  ByteBuffer result(Txn<ByteBuffer> txn, Batch batch) {
    return table.get(txn, key(batch.node(), batch.start(), batch.seq()));
  }

  /** Keeps the result of a new batch and drops what is too old by then. */
  void keep(Txn<ByteBuffer> txn, Batch batch, ByteBuffer result) {
    final Newest known = newest.get(batch.node());
    if (known == null || batch.start() > known.start()) {
      forget(txn, batch.node());
      newest.put(batch.node(), new Newest(batch.start(), batch.seq()));
    } else if (batch.seq() > known.seq()) {
      newest.put(batch.node(), new Newest(batch.start(), batch.seq()));
      final long end = Math.min(batch.seq() - KEPT, known.seq());
      for (long old = known.seq() - KEPT + 1; old <= end; old++) {
        table.delete(txn, key(batch.node(), batch.start(), old));
      }
    }
    table
        .reserve(txn, key(batch.node(), batch.start(), batch.seq()), result.remaining())
        .put(0, result, result.position(), result.remaining());
  }

  /** Drops every result of a node. */
  void forget(Txn<ByteBuffer> txn, int node) {
    if (newest.remove(node) == null) {
      return;
    }
    try (Cursor<ByteBuffer> cursor = table.openCursor(txn)) {
      while (cursor.get(key(node, 0, 0), GetOp.MDB_SET_RANGE)
          && cursor.key().getInt(NODE) == node) {
        cursor.delete();
      }
    }
  }

  private ByteBuffer key(int node, long start, long seq) {
    return key.putInt(NODE, node).putLong(START, start).putLong(SEQ, seq);
  }
}
