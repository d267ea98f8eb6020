package org.pgraft.store;

import java.nio.ByteBuffer;
import java.util.List;
import org.pgraft.command.Bytes;
import org.pgraft.command.Comparison;
import org.pgraft.command.PgraftException;
import org.pgraft.command.Request;
import org.pgraft.command.Responses;
import org.pgraft.command.TxnOp;
import org.pgraft.command.WireWriter;

/**
 * Carries out a transaction as etcd does: all comparisons are evaluated on the state before any operation, then the
 * operations of one branch run in order, and a range among them sees what those before it wrote. Everything that changes
 * has one revision; a transaction that changes nothing takes none.
 *
 * <p>What can be refused is refused before the first change, so that nothing ever has to be undone.
 *
 * <p>Not thread-safe; lives no longer than its write transaction.
 */
final class Transaction {
  private static final int HEADER_BYTES = 16;

  private final KeySpace keys;
  private final LeaseChanges leases;
  private final Counters counters;
  private final long timeMillis;

  Transaction(KeySpace keys, LeaseChanges leases, Counters counters, long timeMillis) {
    this.keys = keys;
    this.leases = leases;
    this.counters = counters;
    this.timeMillis = timeMillis;
  }

  /**
   * @param bytesMax most bytes of the response
   * @return the response
   * @throws PgraftException when nothing was done
   */
  ByteBuffer run(Request.Txn request, int bytesMax) throws PgraftException {
    final boolean succeeded = holds(request.comparisons());
    final List<TxnOp> ops = succeeded ? request.success() : request.failure();
    final long before = counters.get(Counter.REVISION);
    checkSize(ops, before, bytesMax);
    leases.checkPuts(request, ops);
    Quota.check(keys, charge(ops));

    final WireWriter out = Responses.begin().u8(succeeded ? 1 : 0);
    final int revisionAt = out.length();
    out.i64(before).u16(ops.size());
    int changes = 0;
    for (TxnOp op : ops) {
      if (op instanceof TxnOp.Put put) {
        keys.put(put.key(), put.value(), put.lease(), before + 1, changes++, timeMillis);
        out.u8(TxnOp.PUT);
      } else if (op instanceof TxnOp.Delete delete) {
        final int deleted = keys.delete(delete.keys(), before + 1, changes, timeMillis);
        changes += deleted;
        out.u8(TxnOp.DELETE).i64(deleted);
      } else if (op instanceof TxnOp.Range range) {
        out.u8(TxnOp.RANGE);
        RangeReader.write(keys.versions(), query(range, changes == 0 ? before : before + 1), out, bytesMax, changes == 0);
      }
    }
    if (changes > 0) {
      counters.set(Counter.REVISION, before + 1);
      out.i64At(revisionAt, before + 1);
    }
    return out.done();
  }

  private boolean holds(List<Comparison> comparisons) {
    for (Comparison comparison : comparisons) {
      if (!holds(comparison)) {
        return false;
      }
    }
    return true;
  }

  private boolean holds(Comparison comparison) {
    final Versions versions = keys.versions();
    final boolean exists = versions.live(comparison.key());
    final Comparison.Relation relation = comparison.relation();
    return switch (comparison.target()) {
      case VALUE -> exists && relation.holds(Bytes.compare(versions.value(), comparison.value()));
      case VERSION -> relation.holds(Long.compare(exists ? versions.version() : 0, comparison.number()));
      case CREATE_REVISION ->
          relation.holds(Long.compare(exists ? versions.createRevision() : 0, comparison.number()));
      case MOD_REVISION ->
          relation.holds(Long.compare(exists ? versions.revision() : 0, comparison.number()));
      case LEASE -> relation.holds(Long.compare(exists ? versions.lease() : 0, comparison.number()));
    };
  }

  /**
   * Refuses a branch that changes something and whose result could be too long, while nothing has changed yet. A range may
   * see what the branch puts, so each counts with all puts of the branch. (A range with a limit behind a deletion may find
   * longer values than now; then it is cut, and says that there are more.)
   */
  private void checkSize(List<TxnOp> ops, long revision, int bytesMax) throws PgraftException {
    boolean changes = false;
    long puts = 0;
    for (TxnOp op : ops) {
      changes |= !(op instanceof TxnOp.Range);
      if (op instanceof TxnOp.Put put) {
        puts += RangeReader.rowBytes(put.key().remaining(), put.value().remaining());
      }
    }
    if (!changes) {
      return;
    }
    long bytes = HEADER_BYTES + ops.size() * (1L + Long.BYTES);
    for (TxnOp op : ops) {
      if (op instanceof TxnOp.Range range) {
        bytes += RangeReader.measure(keys.versions(), query(range, revision)) + (range.countOnly() ? 0 : puts);
        if (bytes > bytesMax) {
          throw RangeReader.tooLong();
        }
      }
    }
  }

  private static long charge(List<TxnOp> ops) {
    long charge = 0;
    for (TxnOp op : ops) {
      if (op instanceof TxnOp.Put put) {
        charge += Layout.charge(put.key().remaining(), put.value().remaining());
      }
    }
    return charge;
  }

  private static RangeReader.Query query(TxnOp.Range range, long revision) {
    return new RangeReader.Query(range.keys(), revision, range.limit(), range.keysOnly(), range.countOnly());
  }
}
