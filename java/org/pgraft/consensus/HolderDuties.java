package org.pgraft.consensus;

import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.pgraft.command.Authorized;
import org.pgraft.command.LeaseRequest;
import org.pgraft.command.PgraftException;
import org.pgraft.command.Request;
import org.pgraft.command.Requests;
import org.pgraft.command.Responses;
import org.pgraft.consensus.PeerMessage.Answer;
import org.pgraft.consensus.PeerMessage.Verdict;
import org.pgraft.store.Store;

/**
 * What only the lease holder may do besides appending: answer linearizable reads, judge leases of keys and change the membership. A node that
 * does not hold the lease answers NOT_HOLDER and does nothing.
 *
 * <p>Thread-safe, stateless. Reads run on the caller's thread, which is never one of Ratis'.
 */
final class HolderDuties implements HolderGateway.Here {
  private final Supplier<Optional<Store>> store;
  private final AppliedIndex applied;
  private final Membership membership;
  private final KeyLeaseClock keyLeases;
  private final Supplier<HolderGateway> gateway;

  HolderDuties(
      Supplier<Optional<Store>> store,
      AppliedIndex applied,
      Membership membership,
      KeyLeaseClock keyLeases,
      Supplier<HolderGateway> gateway) {
    this.store = store;
    this.applied = applied;
    this.membership = membership;
    this.keyLeases = keyLeases;
    this.gateway = gateway;
  }

  @Override
  public CompletableFuture<Answer> execute(ByteBuffer bytes, long timeoutNanos) {
    final Request request;
    try {
      request = Requests.decode(bytes);
    } catch (PgraftException e) {
      return answered(Responses.error(e.failure()));
    }
    if (request instanceof LeaseRequest about) {
      return read((open, term) -> keyLease(about, open, term)).map(HolderDuties::answered).orElseGet(HolderDuties::notHolder);
    }
    if (gateway.get().underLease(term -> term).isEmpty()) {
      return notHolder();
    }
    if (request instanceof Request.Range || request instanceof Authorized && !request.isLogged()) {
      return read((open, term) -> open.range(request)).map(HolderDuties::answered).orElseGet(HolderDuties::notHolder);
    }
    if (request instanceof Request.Barrier) {
      return read((open, term) -> barrier(open)).map(HolderDuties::answered).orElseGet(HolderDuties::notHolder);
    }
    if (request instanceof Request.AddNode add) {
      return membership.add(add.node(), add.host(), add.port(), timeoutNanos);
    }
    if (request instanceof Request.ReplaceNode replace) {
      return membership.replace(replace.old(), replace.node(), replace.host(), replace.port(), timeoutNanos);
    }
    if (request instanceof Request.RemoveNode remove) {
      return membership.remove(remove.node(), timeoutNanos);
    }
    if (request instanceof Request.Transfer transfer) {
      return membership.handOver(transfer.node(), timeoutNanos);
    }
    return CompletableFuture.completedFuture(
        Answer.refused("request " + request.type() + " is not one that the lease holder carries out"));
  }

  private ByteBuffer keyLease(LeaseRequest request, Store open, long term) throws PgraftException {
    if (request instanceof LeaseRequest.KeepAlive wish) {
      return keyLeases.keepAlive(term, open, wish.lease());
    }
    if (request instanceof LeaseRequest.ListAll) {
      return keyLeases.list(term, open);
    }
    if (request instanceof LeaseRequest.Keys keys) {
      return open.leaseKeys(keys.lease());
    }
    return Responses.error(
        Failures.badArgument("request " + request.type() + " belongs in the log", ""));
  }

  /** The store's revision and an index at which it was reached; the index is read last, so it is never too low. */
  private ByteBuffer barrier(Store open) {
    final long revision = open.revision();
    final long index = applied.get();
    return Responses.ok(ByteBuffer.allocate(16).putLong(revision).putLong(index).flip());
  }

  /** A read of the store that may fail with an error for the caller. */
  @FunctionalInterface
  private interface StoreRead {
    ByteBuffer on(Store open, long term) throws PgraftException;
  }

  private Optional<ByteBuffer> read(StoreRead read) {
    final Optional<Store> open = store.get();
    if (open.isEmpty()) {
      return Optional.empty();
    }
    return gateway
        .get()
        .underLease(
            term -> {
              try {
                return read.on(open.get(), term);
              } catch (PgraftException e) {
                return Responses.error(e.failure());
              }
            });
  }

  private static CompletableFuture<Answer> answered(ByteBuffer response) {
    return CompletableFuture.completedFuture(new Answer(Verdict.ANSWERED, response));
  }

  private static CompletableFuture<Answer> notHolder() {
    return CompletableFuture.completedFuture(Answer.of(Verdict.NOT_HOLDER));
  }
}
