package org.pgraft.consensus;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.pgraft.command.Batch;
import org.pgraft.command.BatchResult;
import org.pgraft.command.Failure;
import org.pgraft.command.PgraftException;
import org.pgraft.command.Responses;
import org.pgraft.command.SqlState;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The way to the lease holder, wherever it is: on this node straight into Ratis or the store, on another over {@link
 * PeerClients}. Writes are offered once per call ({@link WriteRouter} repeats them); reads and administrative requests
 * are repeated here until their deadline.
 *
 * <p>Thread-safe, nothing blocks. Repetitions run on the given scheduler.
 */
final class HolderGateway implements WriteRouter.Holder {
  private static final Logger LOG = LoggerFactory.getLogger(HolderGateway.class);
  private static final long RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

  /** How long one attempt may take: a holder that froze must not keep a request from its successor. */
  private static final long ATTEMPT_NANOS = TimeUnit.SECONDS.toNanos(2);

  /** Carries a request out on the node that holds the lease; NOT_HOLDER when this node does not. */
  @FunctionalInterface
  interface Here {
    CompletableFuture<PeerMessage.Answer> execute(ByteBuffer request, long timeoutNanos);
  }

  private final int self;
  private final UUID cluster;
  private final RaftNode raft;
  private final LeaseKeeper lease;
  private final PeerClients clients;
  private final BootClock clock;
  private final ScheduledExecutorService scheduler;
  private final Here here;

  HolderGateway(
      int self,
      UUID cluster,
      RaftNode raft,
      LeaseKeeper lease,
      PeerClients clients,
      BootClock clock,
      ScheduledExecutorService scheduler,
      Here here) {
    this.self = self;
    this.cluster = cluster;
    this.raft = raft;
    this.lease = lease;
    this.clients = clients;
    this.clock = clock;
    this.scheduler = scheduler;
    this.here = here;
  }

  @Override
  public CompletableFuture<Submission> append(Batch batch, long timeoutNanos) {
    final long attemptNanos = Math.min(timeoutNanos, ATTEMPT_NANOS);
    if (lease.heldTerm(clock.nanos()) != 0) {
      return appendHere(batch.encode(), attemptNanos);
    }
    final Optional<InetSocketAddress> leader = otherLeader();
    if (leader.isEmpty() || !clients.connected(leader.get())) {
      return CompletableFuture.completedFuture(Submission.NOT_APPENDED);
    }
    return clients
        .call(leader.get(), message(PeerMessage.Kind.FORWARD, batch.encode()), attemptNanos)
        .handle(HolderGateway::submission);
  }

  /**
   * The lease is checked before, so that nothing is appended in vain, and again when the batch is applied: between the check
   * and the append this node may have lost its lease, another have held one, and this node lead again. Then another's lease
   * may still run, and the outcome is left open; the same batch is offered again and answered from its first result.
   */
  private CompletableFuture<Submission> appendHere(ByteBuffer batch, long timeoutNanos) {
    return raft.append(batch, timeoutNanos)
        .thenApply(
            submission ->
                submission.kind() == Submission.Kind.DONE && lease.heldTerm(clock.nanos()) == 0
                    ? Submission.UNKNOWN
                    : submission);
  }

  private static Submission submission(byte[] bytes, Throwable failure) {
    if (failure != null) {
      LOG.debug("the outcome of a forwarded batch is open: {}", failure.toString());
      return Submission.UNKNOWN;
    }
    try {
      final PeerMessage.Answer answer = PeerMessage.Answer.decode(bytes);
      return switch (answer.verdict()) {
        case ANSWERED -> Submission.done(BatchResult.decode(answer.body()));
        case NOT_HOLDER -> Submission.NOT_APPENDED;
        case UNKNOWN -> Submission.UNKNOWN;
        case REFUSED -> {
          LOG.warn("the lease holder refused a batch: {}", answer.reason());
          yield Submission.NOT_APPENDED;
        }
      };
    } catch (PeerMessage.MalformedException | PgraftException e) {
      LOG.warn("the answer to a forwarded batch cannot be read", e);
      return Submission.UNKNOWN;
    }
  }

  /** Answers another member's forwarded batch. What is no batch does not get into the log. */
  CompletableFuture<PeerMessage.Answer> appendForwarded(ByteBuffer batch) {
    if (lease.heldTerm(clock.nanos()) == 0) {
      return CompletableFuture.completedFuture(PeerMessage.Answer.of(PeerMessage.Verdict.NOT_HOLDER));
    }
    try {
      if (batch.remaining() > RatisProperties.ENTRY_BYTES_MAX) {
        return CompletableFuture.completedFuture(PeerMessage.Answer.refused("the batch is too large"));
      }
      Batch.decode(batch);
    } catch (PgraftException e) {
      return CompletableFuture.completedFuture(PeerMessage.Answer.refused("the batch is malformed"));
    }
    return appendHere(batch, ATTEMPT_NANOS)
        .thenApply(
            submission ->
                switch (submission.kind()) {
                  case DONE ->
                      new PeerMessage.Answer(PeerMessage.Verdict.ANSWERED, submission.result().encode());
                  case NOT_APPENDED -> PeerMessage.Answer.of(PeerMessage.Verdict.NOT_HOLDER);
                  case UNKNOWN -> PeerMessage.Answer.of(PeerMessage.Verdict.UNKNOWN);
                });
  }

  /**
   * How a request that does not go into a batch is sent.
   *
   * @param repeatable whether it may be sent again when it may have been carried out already
   * @param attemptNanos how long one attempt may take
   * @param expired the error at the deadline while it certainly was not carried out
   * @param uncertain the error when it may have been
   */
  record Policy(boolean repeatable, long attemptNanos, Failure expired, Failure uncertain) {
    /** A read, which changes nothing. */
    static Policy read() {
      return new Policy(true, ATTEMPT_NANOS, Failures.readTimedOut(), Failures.readTimedOut());
    }

    /** A question about leases of keys, or the wish to keep one alive. */
    static Policy keyLease() {
      return new Policy(true, ATTEMPT_NANOS, Failures.leaseNotReached(), Failures.leaseNotReached());
    }

    /** A change that may take as long as its sender waits. */
    static Policy change(boolean repeatable) {
      return new Policy(repeatable, Long.MAX_VALUE, Failures.changeNotBegun(), Failures.changeUnknown());
    }

    /**
     * What the sender is told when the holder answers although an earlier attempt may have been carried out: that nothing was
     * changed is true of the last attempt alone.
     */
    ByteBuffer afterUncertain(ByteBuffer answer) {
      return Responses.isError(answer, SqlState.NOT_ACCEPTED) ? Responses.error(uncertain) : answer;
    }
  }

  /** Has the lease holder carry a request out. The response is completed by the deadline, always normally. */
  CompletableFuture<ByteBuffer> execute(ByteBuffer request, long deadlineNanos, Policy policy) {
    final CompletableFuture<ByteBuffer> response = new CompletableFuture<>();
    new Attempt(request, deadlineNanos, policy, response).run();
    return response;
  }

  private final class Attempt implements Runnable {
    private final ByteBuffer request;
    private final long deadline;
    private final Policy policy;
    private final CompletableFuture<ByteBuffer> response;
    /** Whether an earlier attempt may have been carried out; attempts follow each other, so they see it. */
    private volatile boolean uncertain;

    Attempt(ByteBuffer request, long deadline, Policy policy, CompletableFuture<ByteBuffer> response) {
      this.request = request;
      this.deadline = deadline;
      this.policy = policy;
      this.response = response;
    }

    @Override
    public void run() {
      final long left = deadline - clock.nanos();
      if (left <= 0) {
        response.complete(Responses.error(uncertain ? policy.uncertain() : policy.expired()));
        return;
      }
      if (lease.heldTerm(clock.nanos()) != 0) {
        here.execute(request.duplicate(), left).whenComplete(this::judge);
        return;
      }
      final Optional<InetSocketAddress> leader = otherLeader();
      if (leader.isEmpty() || !clients.connected(leader.get())) {
        again();
        return;
      }
      final byte[] bytes = new byte[request.remaining()];
      request.duplicate().get(bytes);
      clients
          .call(
              leader.get(),
              message(PeerMessage.Kind.EXECUTE, ByteBuffer.wrap(bytes)),
              Math.min(left, policy.attemptNanos()))
          .thenApply(HolderGateway::decode)
          .whenComplete(this::judge);
    }

    private void judge(PeerMessage.Answer answer, Throwable failure) {
      final PeerMessage.Verdict verdict =
          failure != null ? PeerMessage.Verdict.UNKNOWN : answer.verdict();
      switch (verdict) {
        case ANSWERED ->
            response.complete(uncertain ? policy.afterUncertain(answer.body()) : answer.body());
        case REFUSED -> response.complete(Responses.error(Failures.wrongState(answer.reason(), "")));
        case NOT_HOLDER -> again();
        case UNKNOWN -> {
          if (failure != null) {
            LOG.debug("a request to the lease holder got no answer: {}", failure.toString());
          }
          uncertain = true;
          if (policy.repeatable()) {
            again();
          } else {
            response.complete(Responses.error(policy.uncertain()));
          }
        }
      }
    }

    private void again() {
      scheduler.schedule(this, RETRY_NANOS, TimeUnit.NANOSECONDS);
    }
  }

  private static PeerMessage.Answer decode(byte[] bytes) {
    try {
      return PeerMessage.Answer.decode(bytes);
    } catch (PeerMessage.MalformedException e) {
      LOG.warn("an answer of the lease holder cannot be read", e);
      return PeerMessage.Answer.of(PeerMessage.Verdict.UNKNOWN);
    }
  }

  /**
   * Runs {@code read} under the lease: the lease is checked, the store is read, and then the lease must still run in the
   * same term, or the result is thrown away. A check before the read alone would not do, because the thread may pause
   * in between.
   */
  <T> Optional<T> underLease(Function<Long, T> read) {
    final long term = lease.heldTerm(clock.nanos());
    if (term == 0) {
      return Optional.empty();
    }
    final T result = read.apply(term);
    return lease.heldTerm(clock.nanos()) == term ? Optional.of(result) : Optional.empty();
  }

  private Optional<InetSocketAddress> otherLeader() {
    final int leader = raft.leader();
    return leader == 0 || leader == self ? Optional.empty() : raft.addressOf(leader);
  }

  private byte[] message(PeerMessage.Kind kind, ByteBuffer body) {
    return new PeerMessage(kind, cluster, self, body).encode();
  }
}
