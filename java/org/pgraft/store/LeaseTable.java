package org.pgraft.store;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.lmdbjava.Dbi;
import org.lmdbjava.Txn;
import org.pgraft.command.Failure;
import org.pgraft.command.PgraftException;
import org.pgraft.command.Request;
import org.pgraft.command.SqlState;

/**
 * The last acquisition of the leadership lease: record "lease" of the table "meta", node (4), term (8), milliseconds (8),
 * released (1).
 *
 * <p>Not thread-safe; apply thread only.
 */
final class LeaseTable {
  private static final int BYTES = 4 + 8 + 8 + 1;

  private final Dbi<ByteBuffer> table;
  private final ByteBuffer key = Tables.direct("lease".getBytes(StandardCharsets.US_ASCII));
  private Optional<LeaseRecord> last = Optional.empty();

  LeaseTable(Dbi<ByteBuffer> table) {
    this.table = table;
  }

  void load(Txn<ByteBuffer> txn) {
    final ByteBuffer found = table.get(txn, key);
    if (found == null) {
      return;
    }
    if (found.remaining() != BYTES) {
      throw new DamagedException("the lease makes no sense");
    }
    last =
        Optional.of(new LeaseRecord(found.getInt(0), found.getLong(4), found.getLong(12), found.get(20) != 0));
  }

  Optional<LeaseRecord> last() {
    return last;
  }

  /** Forgets the last acquisition, as if the lease had never been acquired. */
  void forget(Txn<ByteBuffer> txn) {
    table.delete(txn, key);
    last = Optional.empty();
  }

  /**
   * Enters an acquisition.
   *
   * @param entryTerm the term of the log entry that carries it
   * @throws PgraftException when the acquiring node did not lead in that term any more
   */
  void acquire(Txn<ByteBuffer> txn, Request.Acquire request, long entryTerm) throws PgraftException {
    if (request.term() != entryTerm) {
      throw refused(
          "the lease of term " + request.term() + " was acquired too late: the log is in term " + entryTerm);
    }
    if (request.leaseMillis() <= 0) {
      throw new PgraftException(
          new Failure(SqlState.BAD_ARGUMENT, "a lease must last longer than 0 ms", "", ""));
    }
    write(txn, new LeaseRecord(request.node(), request.term(), request.leaseMillis(), false));
  }

  /**
   * Enters that the lease was given back.
   *
   * @throws PgraftException when the last acquisition is another
   */
  void release(Txn<ByteBuffer> txn, Request.Release request) throws PgraftException {
    final LeaseRecord held = last.orElse(null);
    if (held == null || held.node() != request.node() || held.term() != request.term()) {
      throw refused(
          "node " + request.node() + " did not acquire the lease in term " + request.term() + " as the last one");
    }
    write(txn, new LeaseRecord(held.node(), held.term(), held.leaseMillis(), true));
  }

  private static PgraftException refused(String message) {
    return new PgraftException(new Failure(SqlState.WRONG_STATE, message, "", ""));
  }

  private void write(Txn<ByteBuffer> txn, LeaseRecord lease) {
    table
        .reserve(txn, key, BYTES)
        .putInt(0, lease.node())
        .putLong(4, lease.term())
        .putLong(12, lease.leaseMillis())
        .put(20, (byte) (lease.released() ? 1 : 0));
    last = Optional.of(lease);
  }
}
