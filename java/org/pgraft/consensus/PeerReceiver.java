package org.pgraft.consensus;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.apache.ratis.thirdparty.io.grpc.Context;
import org.apache.ratis.thirdparty.io.grpc.Deadline;
import org.pgraft.consensus.PeerMessage.Answer;
import org.pgraft.consensus.PeerMessage.Verdict;
import org.pgraft.command.Op;
import org.pgraft.store.MemberRecord;
import org.pgraft.store.Store;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers other members. gRPC's server is built before the parts that answer, so they are wired in afterwards; until
 * then this node says that it holds no lease and is no member.
 *
 * <p>Thread-safe; gRPC's threads. Nothing blocks.
 */
final class PeerReceiver implements PeerHandler.Receiver {
  private static final Logger LOG = LoggerFactory.getLogger(PeerReceiver.class);

  /** For a request whose sender does not say how long it waits. */
  private static final long EXECUTE_NANOS = TimeUnit.SECONDS.toNanos(10);

  private record Parts(
      RaftNode raft,
      HolderGateway gateway,
      StatusReporter reporter,
      HolderDuties duties,
      IdentityFiles identity,
      Registration registration,
      Introductions introductions,
      CommitAnnouncer announcer,
      String clusterId) {}

  private final int self;
  private final AppliedIndex applied;
  private final Supplier<Optional<Store>> store;
  private final MemberBoard board;
  private final BootClock clock;
  private final Acquaintances acquaintances;
  private final Confirmations confirmations;
  private volatile Parts parts;

  PeerReceiver(
      int self,
      AppliedIndex applied,
      Supplier<Optional<Store>> store,
      MemberBoard board,
      BootClock clock,
      Acquaintances acquaintances,
      Confirmations confirmations) {
    this.self = self;
    this.applied = applied;
    this.store = store;
    this.board = board;
    this.clock = clock;
    this.acquaintances = acquaintances;
    this.confirmations = confirmations;
  }

  void wire(
      RaftNode raft,
      HolderGateway gateway,
      StatusReporter reporter,
      HolderDuties duties,
      IdentityFiles identity,
      Registration registration,
      Introductions introductions,
      CommitAnnouncer announcer,
      String clusterId) {
    parts = new Parts(raft, gateway, reporter, duties, identity, registration, introductions, announcer, clusterId);
  }

  @Override
  public Answer hello(int from, ShownDirectory shown, boolean takesPart) {
    final Parts wired = parts;
    if (wired == null) {
      return Answer.of(Verdict.UNKNOWN);
    }
    final Set<Integer> members =
        wired.raft().configurations().stream().flatMap(Set::stream).collect(Collectors.toUnmodifiableSet());
    return wired
        .introductions()
        .answer(from, shown, takesPart, members, store.get().flatMap(open -> open.member(from)).map(PeerReceiver::known));
  }

  static KnownDirectory known(MemberRecord member) {
    return new KnownDirectory(member.directory(), member.start(), member.removed());
  }

  @Override
  public CompletionStage<Answer> join(int asNode, String clusterId) {
    final Parts wired = parts;
    if (wired == null) {
      return answered(Answer.refused("node " + self + " is still starting"));
    }
    if (asNode != self) {
      return answered(Answer.refused("the node that listens there is node " + self + ", not node " + asNode));
    }
    if (!clusterId.equals(wired.clusterId())) {
      return answered(
          Answer.refused(
              "node " + self + " is configured for cluster \"" + wired.clusterId() + "\", not \"" + clusterId + "\""));
    }
    if (wired.raft().division().isPresent()) {
      // Asked before, but the change of the configuration did not come through: wait for it again.
      return !wired.raft().isMember()
          ? answered(becomeMember(wired))
          : answered(Answer.refused("node " + self + " is a member of a cluster already; if it founded one by pgraft_init() by mistake, stop it,"
                      + " delete its pgraft directory and the file pgraft.identity in its data directory, start it, and"
                      + " run the same call again"));
    }
    if (wired.identity().identity().member()) {
      return answered(
          Answer.refused(
              "node " + self + " was removed from the cluster and has its old directory; " + Failures.START_AFRESH));
    }
    return wired
        .raft()
        .startGroup(List.of())
        .handle(
            (nothing, failure) -> {
              if (failure == null) {
                return becomeMember(wired);
              }
              LOG.error("could not join the cluster", failure);
              return Answer.refused("node " + self + " could not start its member of the group: " + failure);
            });
  }

  private Answer becomeMember(Parts wired) {
    try {
      wired.identity().becomeMember();
      return joined(wired);
    } catch (IOException e) {
      return Answer.refused("node " + self + " could not write its identity: " + e);
    }
  }

  /** With this the lease holder enters the node into the member table before it lets it vote. */
  private static Answer joined(Parts wired) {
    return new Answer(Verdict.ANSWERED, wired.registration().entry().encode());
  }

  @Override
  public Answer leaseQuestion(int from, long term, ByteBuffer view) {
    final Parts wired = parts;
    if (wired == null) {
      return Answer.refused("node " + self + " is still starting");
    }
    if (wired.raft().division().isEmpty()) {
      // It knows of no term that it voted in, so its word would be worth nothing.
      return Answer.refused("node " + self + " does not take part yet");
    }
    final Confirmation mine = confirmations.confirm(wired.raft()::currentTerm);
    if (term >= mine.term() && acquaintances.include(from)) {
      board.received(MemberBoard.decode(view), clock.nanos());
    }
    return RaftLeaseGround.answer(
        mine, clock.nanos(), applied.get(), store.get().map(Store::fileBytes).orElse(-1L), wired.reporter().uptimeMillis());
  }

  @Override
  public CompletionStage<Answer> forwarded(int from, ByteBuffer batch) {
    final Parts wired = parts;
    return isMember(wired, from)
        ? wired.gateway().appendForwarded(batch).whenComplete((answer, failure) -> wired.announcer().awaited(from))
        : answered(Answer.of(Verdict.NOT_HOLDER));
  }

  @Override
  public CompletionStage<Answer> execute(int from, ByteBuffer request) {
    final Parts wired = parts;
    if (!isMember(wired, from)) {
      return answered(Answer.of(Verdict.NOT_HOLDER));
    }
    final boolean waits = request.remaining() > 1 && request.get(request.position() + 1) == Op.BARRIER.code();
    final CompletionStage<Answer> answer = wired.duties().execute(request, patience());
    if (waits) {
      wired.announcer().awaited(from);
    }
    return answer;
  }

  /** How long the sender of the call of this thread still waits, in nanoseconds. */
  private static long patience() {
    final Deadline deadline = Context.current().getDeadline();
    return deadline == null ? EXECUTE_NANOS : Math.max(0, deadline.timeRemaining(TimeUnit.NANOSECONDS));
  }

  @Override
  public Answer members() {
    final Parts wired = parts;
    return wired == null
        ? Answer.of(Verdict.UNKNOWN)
        : new Answer(Verdict.ANSWERED, Acquaintances.encode(wired.raft().members().keySet()));
  }

  /** A node that was removed may not know it yet: it is served no more than a stranger. */
  private static boolean isMember(Parts wired, int node) {
    return wired != null && wired.raft().configurations().stream().anyMatch(voters -> voters.contains(node));
  }

  private static CompletableFuture<Answer> answered(Answer answer) {
    return CompletableFuture.completedFuture(answer);
  }
}
