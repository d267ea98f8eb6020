package org.pgraft.store;

import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.lmdbjava.Txn;
import org.pgraft.command.Failure;
import org.pgraft.command.KeyRange;
import org.pgraft.command.LeaseRequest;
import org.pgraft.command.Limits;
import org.pgraft.command.PgraftException;
import org.pgraft.command.Request;
import org.pgraft.command.Responses;
import org.pgraft.command.SqlState;
import org.pgraft.command.TxnOp;

/**
 * Carries out what requests do with leases of keys: gives and ends them, and judges whether puts may name them. The keys of a
 * lease that ends are deleted at one revision.
 *
 * <p>Not thread-safe; lives no longer than its write transaction.
 */
final class LeaseChanges {
  private static final ByteBuffer NO_END = ByteBuffer.allocate(0);

  private final Txn<ByteBuffer> txn;
  private final KeySpace keys;
  private final KeyLeases leases;
  private final Counters counters;
  private final long timeMillis;

  LeaseChanges(Txn<ByteBuffer> txn, KeySpace keys, KeyLeases leases, Counters counters, long timeMillis) {
    this.txn = txn;
    this.keys = keys;
    this.leases = leases;
    this.counters = counters;
    this.timeMillis = timeMillis;
  }

  /**
   * @param members those that have to know leases
   * @throws PgraftException when one does not, or there are too many
   */
  ByteBuffer grant(LeaseRequest.Grant request, MemberTable members) throws PgraftException {
    members.requireNewest("leases", counters.levelUsed());
    if (leases.all().size() >= Limits.LEASES_MAX) {
      throw new PgraftException(
          new Failure(
              SqlState.LIMIT_EXCEEDED,
              "there are too many leases",
              "There are " + leases.all().size() + ", which is the limit.",
              "Attach several keys to one lease, and revoke leases that are not needed any more."));
    }
    final long id = counters.get(Counter.LAST_LEASE) + 1;
    counters.set(Counter.LAST_LEASE, id);
    counters.useLayout();
    leases.write(txn, new KeyLease(id, request.ttlMillis(), timeMillis, 0));
    return Responses.number(id);
  }

  /** @throws PgraftException when there is no such lease */
  ByteBuffer revoke(LeaseRequest.Revoke request) throws PgraftException {
    final long before = counters.get(Counter.REVISION);
    final int deleted = end(require(request.lease()), before + 1, 0);
    final long after = deleted > 0 ? before + 1 : before;
    counters.set(Counter.REVISION, after);
    return Responses.begin().i64(after).i64(deleted).done();
  }

  /**
   * @param entryTerm the term of the log entry that carries it
   * @throws PgraftException when who judged so did not lead in that term any more: another may have kept them alive since
   */
  void expire(LeaseRequest.Expire request, long entryTerm) throws PgraftException {
    if (request.term() != entryTerm) {
      throw new PgraftException(
          new Failure(
              SqlState.WRONG_STATE,
              "leases were found expired in term " + request.term() + ", but the log is in term " + entryTerm,
              "",
              ""));
    }
    final long before = counters.get(Counter.REVISION);
    int deleted = 0;
    for (long id : request.leases()) {
      final Optional<KeyLease> lease = leases.find(id);
      if (lease.isPresent()) {
        deleted += end(lease.get(), before + 1, deleted);
      }
    }
    counters.set(Counter.REVISION, deleted > 0 ? before + 1 : before);
  }

  /**
   * Deletes the keys of a lease, then the lease.
   *
   * @param revision the revision that does, if there are keys
   * @param firstSub the number of the first change within it
   * @return how many keys were deleted
   */
  private int end(KeyLease lease, long revision, int firstSub) {
    int deleted = 0;
    for (ByteBuffer key : keys.versions().attachedTo(lease.id())) {
      deleted += keys.delete(new KeyRange(key, NO_END), revision, firstSub + deleted, timeMillis);
    }
    leases.remove(txn, lease.id());
    return deleted;
  }

  /**
   * Judges a put.
   *
   * @throws PgraftException when it names a lease that is not there or has as many keys as it may
   */
  void checkPut(long lease) throws PgraftException {
    if (lease != LeaseRequest.NONE) {
      check(lease, 1);
    }
  }

  /**
   * Judges a transaction, the operations that are about to be carried out above all. But as long as nothing was used that version
   * 1.0 does not know, one that names a lease anywhere is refused: nodes of version 1.0 do that, whichever branch is taken.
   *
   * @param ops those of the branch that is taken
   */
  void checkPuts(Request.Txn transaction, List<TxnOp> ops) throws PgraftException {
    if (counters.get(Counter.FORMAT) == Layout.FORMAT_FIRST) {
      for (List<TxnOp> branch : List.of(transaction.success(), transaction.failure())) {
        for (TxnOp op : branch) {
          if (op instanceof TxnOp.Put put) {
            checkPut(put.lease());
          }
        }
      }
    }
    final Map<Long, Integer> puts = new HashMap<>();
    for (TxnOp op : ops) {
      if (op instanceof TxnOp.Put put && put.lease() != LeaseRequest.NONE) {
        puts.merge(put.lease(), 1, Integer::sum);
      }
    }
    for (Map.Entry<Long, Integer> of : puts.entrySet()) {
      check(of.getKey(), of.getValue());
    }
  }

  /** Keys that are attached already count once more: they are refused a little early rather than looked up. */
  private void check(long id, int puts) throws PgraftException {
    final KeyLease lease = require(id);
    if (lease.keys() + puts > Limits.LEASE_KEYS_MAX) {
      throw new PgraftException(
          new Failure(
              SqlState.LIMIT_EXCEEDED,
              "lease " + id + " has too many keys",
              "It has " + lease.keys() + "; with " + puts + " more there would be more than " + Limits.LEASE_KEYS_MAX + ".",
              "Use another lease for further keys."));
    }
  }

  private KeyLease require(long id) throws PgraftException {
    return leases.find(id).orElseThrow(() -> new PgraftException(KeyLeases.missing(id)));
  }
}
