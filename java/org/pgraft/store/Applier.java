package org.pgraft.store;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.lmdbjava.Txn;
import org.pgraft.command.Batch;
import org.pgraft.command.BatchResult;
import org.pgraft.command.Failure;
import org.pgraft.command.GrantRequest;
import org.pgraft.command.LeaseRequest;
import org.pgraft.command.Limits;
import org.pgraft.command.PgraftException;
import org.pgraft.command.Request;
import org.pgraft.command.Requests;
import org.pgraft.command.Responses;
import org.pgraft.command.SqlState;

/**
 * Carries out log entries, each in one write transaction. What comes of an entry depends on the entry and the state before
 * it alone, never on a clock, on chance or on this node, so that all nodes have the same state after it. A request that
 * makes no sense, or is refused, has an error as its result, the same on all nodes; anything else that goes wrong is an
 * exception, after which the transaction must not be committed and this object not be used again.
 *
 * <p>Not thread-safe; apply thread only.
 */
final class Applier {
  /** Records that are looked at for pruning with each entry, beside two for each that the entry wrote. */
  private static final int PRUNED_PER_ENTRY = 256;

  /** The same with an entry that compacts. */
  private static final int PRUNED_PER_COMPACTION = 20_000;

  /** What is set aside of the longest result of a batch for each request that is still to come. */
  private static final int SHORT_RESPONSE_BYTES = 512;

  private final Tables tables;
  private final Counters counters;
  private final Dedupe dedupe;
  private final MemberTable members;
  private final LeaseTable lease;
  private final KeyLeases keyLeases;
  private final KeyGrants keyGrants;
  private final Scratch scratch = new Scratch();

  Applier(
      Tables tables,
      Counters counters,
      Dedupe dedupe,
      MemberTable members,
      LeaseTable lease,
      KeyLeases keyLeases,
      KeyGrants keyGrants) {
    this.tables = tables;
    this.counters = counters;
    this.dedupe = dedupe;
    this.members = members;
    this.lease = lease;
    this.keyLeases = keyLeases;
    this.keyGrants = keyGrants;
  }

  /** Carries out one entry. The position is the caller's to write. */
  BatchResult apply(Txn<ByteBuffer> txn, LogPosition at, ByteBuffer entry) {
    final Batch batch;
    try {
      batch = Batch.decode(entry);
    } catch (PgraftException e) {
      return new BatchResult(at.index(), at.term(), List.of(Responses.error(e.failure())));
    }
    if (members.retired(batch.node(), batch.start())) {
      return tooOld(batch, at);
    }
    return switch (dedupe.judge(txn, batch)) {
      case REPEATED -> first(txn, batch);
      case TOO_OLD -> tooOld(batch, at);
      case NEW -> {
        final BatchResult result = new BatchResult(at.index(), at.term(), new Run(txn, at, batch).responses());
        if (!members.retired(batch.node(), batch.start())) {
          dedupe.keep(txn, batch, result.encode());
        }
        yield result;
      }
    };
  }

  private BatchResult first(Txn<ByteBuffer> txn, Batch batch) {
    final ByteBuffer kept = dedupe.result(txn, batch);
    final ByteBuffer copy = ByteBuffer.allocate(kept.remaining()).put(kept).flip();
    try {
      return BatchResult.decode(copy);
    } catch (PgraftException e) {
      throw new DamagedException("the result of a batch makes no sense");
    }
  }

  private static BatchResult tooOld(Batch batch, LogPosition at) {
    final ByteBuffer unknown =
        Responses.error(
            new Failure(
                SqlState.OUTCOME_UNKNOWN,
                "the outcome of the request is unknown",
                "It was offered again after its result had been dropped. It may have been carried out.",
                "Read the key to see what became of it before you repeat the request."));
    final List<ByteBuffer> responses = new ArrayList<>(batch.requests().size());
    batch.requests().forEach(request -> responses.add(unknown.duplicate()));
    return new BatchResult(at.index(), at.term(), responses);
  }

  /** One entry while it is carried out. */
  private final class Run {
    private final Txn<ByteBuffer> txn;
    private final LogPosition at;
    private final Batch batch;
    private int bytesLeft;
    private long toPrune = PRUNED_PER_ENTRY;

    Run(Txn<ByteBuffer> txn, LogPosition at, Batch batch) {
      this.txn = txn;
      this.at = at;
      this.batch = batch;
    }

    List<ByteBuffer> responses() {
      final List<ByteBuffer> requests = batch.requests();
      final List<ByteBuffer> responses = new ArrayList<>(requests.size());
      bytesLeft = Limits.BATCH_RESULT_BYTES_MAX - requests.size() * SHORT_RESPONSE_BYTES;
      try (KeySpace keys = new KeySpace(tables, txn, scratch, counters, keyLeases)) {
        final LeaseChanges leases = new LeaseChanges(txn, keys, keyLeases, counters, batch.timeMillis());
        final GrantChanges grants = new GrantChanges(txn, keyGrants, counters, members);
        for (ByteBuffer request : requests) {
          final ByteBuffer response = respond(keys, leases, grants, request);
          bytesLeft -= Math.max(0, response.remaining() - SHORT_RESPONSE_BYTES);
          responses.add(response);
        }
        keys.prune(toPrune + 2 * keys.recordsWritten());
        keys.makeRoom(0);
      }
      return responses;
    }

    private ByteBuffer respond(KeySpace keys, LeaseChanges leases, GrantChanges grants, ByteBuffer bytes) {
      try {
        final Request request = grants.admit(Requests.decode(bytes));
        return request instanceof GrantRequest change ? grants.carryOut(change) : carryOut(keys, leases, request);
      } catch (PgraftException e) {
        return Responses.error(e.failure());
      }
    }

    private ByteBuffer carryOut(KeySpace keys, LeaseChanges leases, Request request) throws PgraftException {
      // The most frequent ones first.
      if (request instanceof Request.Put put) {
        return put(keys, leases, put);
      }
      if (request instanceof Request.Txn transaction) {
        return transaction(keys, leases, transaction);
      }
      if (request instanceof Request.Delete delete) {
        return delete(keys, delete);
      }
      if (request instanceof Request.Compact compact) {
        return compact(compact.revision());
      }
      if (request instanceof Request.Reset) {
        return reset(keys);
      }
      if (request instanceof Request.LogAppend append) {
        return append(append);
      }
      if (request instanceof LeaseRequest.Grant grant) {
        return leases.grant(grant, members);
      }
      if (request instanceof LeaseRequest.Revoke revoke) {
        return leases.revoke(revoke);
      }
      return carryOutOwn(leases, request);
    }

    /** What the engine itself sends. */
    private ByteBuffer carryOutOwn(LeaseChanges leases, Request request) throws PgraftException {
      if (request instanceof Request.Acquire acquire) {
        lease.acquire(txn, acquire, at.term());
      } else if (request instanceof Request.Release release) {
        lease.release(txn, release);
      } else if (request instanceof Request.NodeStart start) {
        members.start(txn, start, counters.levelUsed());
      } else if (request instanceof Request.NodeRemoved removed) {
        members.remove(txn, removed);
        dedupe.forget(txn, removed.node());
      } else if (request instanceof Request.SetQuota quota) {
        setQuota(quota.bytes());
      } else if (request instanceof LeaseRequest.Expire expire) {
        leases.expire(expire, at.term());
      } else {
        throw badArgument("request " + request.type() + " does not belong in the log");
      }
      return Responses.number(at.index());
    }

    private ByteBuffer put(KeySpace keys, LeaseChanges leases, Request.Put put) throws PgraftException {
      leases.checkPut(put.lease());
      Quota.check(keys, Layout.charge(put.key().remaining(), put.value().remaining()));
      final long revision = counters.get(Counter.REVISION) + 1;
      keys.put(put.key(), put.value(), put.lease(), revision, 0, batch.timeMillis());
      counters.set(Counter.REVISION, revision);
      return Responses.number(revision);
    }

    private ByteBuffer delete(KeySpace keys, Request.Delete delete) {
      long revision = counters.get(Counter.REVISION);
      final int deleted = keys.delete(delete.keys(), revision + 1, 0, batch.timeMillis());
      if (deleted > 0) {
        counters.set(Counter.REVISION, ++revision);
      }
      return Responses.begin().i64(revision).i64(deleted).done();
    }

    private ByteBuffer transaction(KeySpace keys, LeaseChanges leases, Request.Txn request) throws PgraftException {
      final int bytesMax = Math.min(Limits.RESPONSE_BYTES_MAX, bytesLeft);
      try {
        return new Transaction(keys, leases, counters, batch.timeMillis()).run(request, bytesMax);
      } catch (PgraftException e) {
        if (bytesMax < Limits.RESPONSE_BYTES_MAX && e.failure().sqlState().equals(SqlState.LIMIT_EXCEEDED)) {
          throw new PgraftException(
              new Failure(
                  SqlState.NOT_ACCEPTED,
                  "the results of requests that came together are too long",
                  "Nothing was changed by this one.",
                  "It is safe to try again."));
        }
        throw e;
      }
    }

    private ByteBuffer compact(long wanted) throws PgraftException {
      final long newest = counters.get(Counter.REVISION);
      final long target = wanted == 0 ? newest : wanted;
      if (target < 0) {
        throw badArgument("a revision must not be negative");
      }
      if (wanted != 0) {
        Revisions.checkCompactable(wanted, newest, counters.get(Counter.COMPACTED));
      }
      counters.set(Counter.COMPACTED, target);
      toPrune = PRUNED_PER_COMPACTION;
      return Responses.number(target);
    }

    private ByteBuffer reset(KeySpace keys) {
      long revision = counters.get(Counter.REVISION);
      long deleted = 0;
      if (counters.get(Counter.KEYS) > 0) {
        deleted = keys.clear(++revision);
      }
      return Responses.begin().i64(deleted).i64(revision).done();
    }

    private ByteBuffer append(Request.LogAppend append) throws PgraftException {
      if (batch.requests().size() != 1) {
        throw badArgument("what is appended to the log must be an entry of its own");
      }
      if (append.term() != Request.LogAppend.ANY_TERM && append.term() != at.term()) {
        throw new PgraftException(
            new Failure(
                SqlState.WRONG_STATE,
                "the entry was made for term " + append.term() + ", but the log is in term " + at.term(),
                "The entry is rejected on every member.",
                "Read the current term with pgraft_get_term()."));
      }
      return Responses.number(at.index());
    }

    private void setQuota(long bytes) throws PgraftException {
      if (bytes <= 0) {
        throw badArgument("a quota must be positive");
      }
      counters.set(Counter.QUOTA, bytes);
    }

    private static PgraftException badArgument(String message) {
      return new PgraftException(new Failure(SqlState.BAD_ARGUMENT, message, "", ""));
    }
  }
}
