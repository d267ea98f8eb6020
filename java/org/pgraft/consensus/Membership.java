package org.pgraft.consensus;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.IntFunction;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.exceptions.NotLeaderException;
import org.apache.ratis.protocol.exceptions.ReconfigurationInProgressException;
import org.apache.ratis.protocol.exceptions.ReconfigurationTimeoutException;
import org.apache.ratis.protocol.exceptions.SetConfigurationException;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.util.JavaUtils;
import org.pgraft.command.Failure;
import org.pgraft.command.Request;
import org.pgraft.command.Responses;
import org.pgraft.command.SqlState;
import org.pgraft.config.Endpoint;
import org.pgraft.consensus.EngineStatus.MemberStatus;
import org.pgraft.store.MemberRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Changes of who is a member and who leads, carried out by the lease holder: Raft's joint consensus does the change
 * itself (Raft paper, section 6), this class sees to it that the newcomer is there and willing, that a change leaves a
 * quorum, and that a hand-over gives the lease back first.
 *
 * <p>One voter comes or goes in a change, never two: only then do majorities before and after it overlap, whatever becomes of
 * the leader that began it ({@link RaftNode#setConfiguration}).
 *
 * <p>A newcomer first catches up without a vote: Ratis sends it snapshot and log, and appends the joint configuration only
 * when it has nearly all. Until then it is in no configuration, so no majority counts it. That may take longer than the
 * caller waits; it goes on then, and who repeats the call waits for the same catch-up. It ends when the newcomer has caught
 * up, when it has not answered for {@link RatisProperties#CATCH_UP_SILENCE_MILLIS}, or when this node leads no more.
 *
 * <p>An id belongs to one address for good: for as long as Ratis' server runs, on every member, it connects to the address
 * under which it met the id first, also after that node has left.
 *
 * <p>Thread-safe; its only state is the catch-up that is under way. Nothing blocks but {@link #handOverBeforeStop}.
 */
final class Membership {
  private static final Logger LOG = LoggerFactory.getLogger(Membership.class);

  /** The status page has room for more, but every member costs every write an acknowledgement. */
  static final int MEMBERS_MAX = 31;

  private static final int NOBODY = 0;

  /** A request is answered so long before its sender gives up. */
  private static final long ANSWER_NANOS = TimeUnit.SECONDS.toNanos(1);

  private static final long SUCCESSOR_POLL_MILLIS = 5;

  private static final ByteBuffer DONE = ByteBuffer.wrap(new byte[] {1}).asReadOnlyBuffer();

  /** Appends an entry of the engine's own and waits for its result. */
  @FunctionalInterface
  interface OwnEntry {
    CompletableFuture<ByteBuffer> append(Request request, long timeoutNanos);
  }

  /**
   * A newcomer that catches up.
   *
   * @param newcomer who
   * @param change completed when the new configuration is committed, or never will be by this leader
   */
  private record CatchUp(RaftPeer newcomer, CompletableFuture<Void> change) {
    boolean isFor(RaftPeer asked) {
      return newcomer.getId().equals(asked.getId()) && newcomer.getAddress().equals(asked.getAddress());
    }
  }

  private final int self;
  private final RaftNode raft;
  private final LeaseKeeper lease;
  private final Invitation invitation;
  private final Supplier<List<MemberStatus>> members;
  private final IntFunction<Optional<MemberRecord>> table;
  private final OwnEntry log;
  private final BootClock clock;
  private final HandOver handOver;
  private final AtomicReference<CatchUp> running = new AtomicReference<>();

  Membership(
      int self,
      RaftNode raft,
      LeaseKeeper lease,
      Invitation invitation,
      Supplier<List<MemberStatus>> members,
      IntFunction<Optional<MemberRecord>> table,
      OwnEntry log,
      HandOver handOver,
      BootClock clock) {
    this.self = self;
    this.raft = raft;
    this.lease = lease;
    this.invitation = invitation;
    this.members = members;
    this.table = table;
    this.log = log;
    this.clock = clock;
    this.handOver = handOver;
  }

  /**
   * Adds a member: asks it to join, enters it and its directory into the member table, lets it catch up, and only then
   * changes the configuration. So whatever becomes of the newcomer, the cluster knows by which directory to recognize it.
   */
  CompletableFuture<PeerMessage.Answer> add(int id, String host, int port, long timeoutNanos) {
    return newcomer(id, host, port)
        .map(newcomer -> add(newcomer, timeoutNanos))
        .orElseGet(() -> failed(Failures.noHost(host)));
  }

  /**
   * Takes the next step of a replacement: an addition, a removal, or none when it is done. The sender asks again after each,
   * so whoever leads meanwhile, and whoever repeats the call later, goes on from the members that there are.
   */
  CompletableFuture<PeerMessage.Answer> replace(int oldId, int newId, String host, int port, long timeoutNanos) {
    return newcomer(newId, host, port)
        .map(newcomer -> replace(oldId, newcomer, timeoutNanos))
        .orElseGet(() -> failed(Failures.noHost(host)));
  }

  private static Optional<RaftPeer> newcomer(int id, String host, int port) {
    final String bare = Endpoint.withoutBrackets(host);
    return Endpoint.isHost(bare) ? Optional.of(RaftNode.peer(id, HostPort.format(bare, port))) : Optional.empty();
  }

  private CompletableFuture<PeerMessage.Answer> replace(int old, RaftPeer newcomer, long timeoutNanos) {
    if (running.get() != null) {
      return whenDone(add(newcomer, timeoutNanos), Membership::begun);
    }
    final int id = RaftNode.nodeId(newcomer.getId());
    final List<RaftPeer> voters = voters();
    if (find(voters, id).isPresent()) {
      return whenDone(add(newcomer, timeoutNanos), () -> removeReplaced(old, id, timeoutNanos));
    }
    if (find(voters, old).isEmpty()) {
      // Taken out before the newcomer came in, by this call or an earlier one.
      return whenDone(
          remove(old, timeoutNanos), () -> whenDone(add(newcomer, timeoutNanos), Membership::begun));
    }
    final Optional<Failure> objection = objection(newcomer, voters);
    if (objection.isPresent()) {
      return failed(objection.get());
    }
    final Replacement replacement = new Replacement(ids(voters), old, id);
    return switch (replacement.first(self, members.get())) {
      case ADD -> whenDone(add(newcomer, timeoutNanos), Membership::begun);
      case REMOVE -> removeFor(newcomer, old, timeoutNanos);
      case WAIT -> again();
      case NONE ->
          failed(
              Failures.noQuorum(
                  "replacing node " + old + " by node " + id, replacement.outcome(self, members.get())));
    };
  }

  /** Nobody is taken out for a newcomer that cannot be reached, does not want to join, or is not to be let in. */
  private CompletableFuture<PeerMessage.Answer> removeFor(RaftPeer newcomer, int old, long timeoutNanos) {
    final long deadline = clock.nanos() + timeoutNanos;
    return invite(newcomer, deadline, () -> removeIfStillDown(newcomer, old, deadline));
  }

  /** The newcomer had time to answer, and the old one may be back by then: adding first is better. */
  private CompletableFuture<PeerMessage.Answer> removeIfStillDown(RaftPeer newcomer, int old, long deadline) {
    final Set<Integer> voters = ids(voters());
    final int id = RaftNode.nodeId(newcomer.getId());
    final boolean still =
        voters.contains(old)
            && !voters.contains(id)
            && new Replacement(voters, old, id).first(self, members.get()) == Replacement.Step.REMOVE;
    return still ? whenDone(remove(old, deadline - clock.nanos()), Membership::begun) : begun();
  }

  /** The new one is in. An old one that runs goes only when the new one does, too. */
  private CompletableFuture<PeerMessage.Answer> removeReplaced(int old, int successor, long timeoutNanos) {
    if (successor != self && find(voters(), old).isPresent()) {
      final Boolean answers = reachable(successor);
      if (answers == null) {
        return again();
      }
      if (!answers && (old == self || Boolean.TRUE.equals(reachable(old)))) {
        return failed(Failures.successorSilent(successor, old));
      }
    }
    return remove(old, timeoutNanos);
  }

  /** Whether a member answered last time; null when it is not known. */
  private Boolean reachable(int id) {
    return members.get().stream()
        .filter(member -> member.nodeId() == id)
        .findAny()
        .map(MemberStatus::reachable)
        .orElse(null);
  }

  private CompletableFuture<PeerMessage.Answer> add(RaftPeer newcomer, long timeoutNanos) {
    final CatchUp other = running.get();
    if (other != null) {
      return other.isFor(newcomer) ? arrival(other, timeoutNanos) : afterwards(other, timeoutNanos);
    }
    if (raft.configurations().size() > 1) {
      // A change that another leader began is in the log but not committed; nothing is answered from it.
      return again();
    }
    final int id = RaftNode.nodeId(newcomer.getId());
    final List<RaftPeer> voters = voters();
    final Optional<RaftPeer> voter = find(voters, id);
    if (voter.isPresent()) {
      return voter.get().getAddress().equals(newcomer.getAddress())
          ? done()
          : refused("node " + id + " is a member already, at " + voter.get().getAddress()
              + ": to move it, replace it by a node of another id at the new address");
    }
    final Optional<Failure> objection = objection(newcomer, voters);
    if (objection.isPresent()) {
      return failed(objection.get());
    }
    if (voters.size() >= MEMBERS_MAX) {
      return refused("a cluster has at most " + MEMBERS_MAX + " members");
    }
    final Quorum quorum = Quorum.afterAdding(id, ids(voters), self, members.get());
    if (!quorum.isThere()) {
      return quorum.mayBeThere() ? again() : failed(Failures.noQuorum("adding node " + id, quorum));
    }
    final List<RaftPeer> changed = new ArrayList<>(voters);
    changed.add(newcomer);
    final long deadline = clock.nanos() + timeoutNanos;
    return invite(
        newcomer,
        deadline,
        () -> letIn(new CatchUp(newcomer, new CompletableFuture<>()), voters, changed, deadline));
  }

  /** What speaks against a newcomer, whoever it is to be added to or to replace. */
  private Optional<Failure> objection(RaftPeer newcomer, List<RaftPeer> voters) {
    return voters.stream()
        .filter(voter -> voter.getAddress().equals(newcomer.getAddress()))
        .findFirst()
        .map(voter -> Failures.addressTaken(RaftNode.nodeId(voter.getId()), newcomer.getAddress()))
        .or(() -> takenElsewhere(newcomer));
  }

  /** Goes on with a newcomer that wants to join and may; else the answer is why not. */
  private CompletableFuture<PeerMessage.Answer> invite(
      RaftPeer newcomer, long deadline, Supplier<CompletableFuture<PeerMessage.Answer>> next) {
    return invitation
        .send(newcomer, patience(deadline - clock.nanos()))
        .thenCompose(
            reply ->
                reply.entry() == null
                    ? CompletableFuture.completedFuture(reply.refusal())
                    : enter(reply.entry(), newcomer, deadline, next));
  }

  /** The member table may refuse the newcomer; then its answer is the caller's. */
  private CompletableFuture<PeerMessage.Answer> enter(
      Request.NodeStart entry,
      RaftPeer newcomer,
      long deadline,
      Supplier<CompletableFuture<PeerMessage.Answer>> next) {
    return log.append(entry.at(HostPort.parse(newcomer.getAddress())), deadline - clock.nanos())
        .thenCompose(
            response -> {
              if (Responses.isError(response, SqlState.NOT_ACCEPTED)) {
                // The newcomer was asked to join.
                return begun();
              }
              if (!Responses.isOk(response)) {
                return CompletableFuture.completedFuture(
                    new PeerMessage.Answer(PeerMessage.Verdict.ANSWERED, response));
              }
              // Another call may have entered the id with another address meanwhile.
              return takenElsewhere(newcomer).map(Membership::failed).orElseGet(next);
            });
  }

  private CompletableFuture<PeerMessage.Answer> letIn(
      CatchUp catchUp, List<RaftPeer> from, List<RaftPeer> to, long deadline) {
    if (!running.compareAndSet(null, catchUp)) {
      // The newcomer is in the member table.
      return begun();
    }
    raft.setConfiguration(from, to)
        .whenComplete(
            (nothing, failure) -> {
              running.set(null);
              if (failure == null) {
                catchUp.change().complete(null);
              } else {
                catchUp.change().completeExceptionally(failure);
              }
            });
    return arrival(catchUp, deadline - clock.nanos());
  }

  /** Answers what became of a catch-up, or that it goes on when the caller's time is nearly over. */
  private CompletableFuture<PeerMessage.Answer> arrival(CatchUp catchUp, long timeoutNanos) {
    return patiently(catchUp, timeoutNanos)
        .handle(
            (nothing, failure) ->
                failure != null && JavaUtils.unwrapCompletionException(failure) instanceof TimeoutException
                    ? answer(Failures.catchingUp(
                        RaftNode.nodeId(catchUp.newcomer().getId()), position(catchUp), lastIndex()))
                    : changed(failure, catchUp));
  }

  /** Has the caller try again after another change, or tells it that there is one. */
  private CompletableFuture<PeerMessage.Answer> afterwards(CatchUp other, long timeoutNanos) {
    return patiently(other, timeoutNanos)
        .handle(
            (nothing, failure) ->
                failure != null && JavaUtils.unwrapCompletionException(failure) instanceof TimeoutException
                    ? answer(Failures.busy(RaftNode.nodeId(other.newcomer().getId())))
                    : PeerMessage.Answer.of(PeerMessage.Verdict.NOT_HOLDER));
  }

  private static CompletableFuture<Void> patiently(CatchUp catchUp, long timeoutNanos) {
    return catchUp.change().copy().orTimeout(patience(timeoutNanos), TimeUnit.NANOSECONDS);
  }

  private static long patience(long timeoutNanos) {
    return Math.max(0, timeoutNanos - Math.min(ANSWER_NANOS, timeoutNanos / 4));
  }

  /** How far the newcomer's log is, -1 when it is not known. */
  private long position(CatchUp catchUp) {
    return members.get().stream()
        .filter(member -> member.nodeId() == RaftNode.nodeId(catchUp.newcomer().getId()))
        .mapToLong(MemberStatus::matchIndex)
        .findAny()
        .orElse(-1);
  }

  private long lastIndex() {
    return raft.division().map(division -> division.getRaftLog().getNextIndex() - 1).orElse(-1L);
  }

  /** Removes a member; a leader that is to remove itself hands over first and lets its successor do it. */
  CompletableFuture<PeerMessage.Answer> remove(int id, long timeoutNanos) {
    final CatchUp other = running.get();
    if (other != null) {
      // What ends a catch-up in Raft is that another leads; the successor then finds a node that is no member.
      return RaftNode.nodeId(other.newcomer().getId()) == id
          ? leaveItToTheNext(PeerMessage.Verdict.UNKNOWN, timeoutNanos)
          : afterwards(other, timeoutNanos);
    }
    final List<RaftPeer> voters = voters();
    final Optional<RaftPeer> leaving = find(voters, id);
    if (leaving.isEmpty()) {
      return isNotIn(id, timeoutNanos);
    }
    final List<RaftPeer> remaining = new ArrayList<>(voters);
    remaining.remove(leaving.get());
    if (remaining.isEmpty()) {
      return refused("node " + id + " is the only member: a cluster cannot be without members");
    }
    final Quorum quorum = Quorum.afterRemoving(id, ids(voters), self, members.get());
    if (!quorum.isThere()) {
      // A leader that is new has not heard of everybody yet; the sender tries again in a moment.
      return quorum.mayBeThere() ? again() : failed(Failures.noQuorum("removing node " + id, quorum));
    }
    if (id == self) {
      return leaveItToTheNext(PeerMessage.Verdict.NOT_HOLDER, timeoutNanos);
    }
    final InetSocketAddress address = HostPort.parse(leaving.get().getAddress());
    final Request.NodeRemoved entry = new Request.NodeRemoved(id, address.getHostString(), address.getPort());
    final Supplier<CompletableFuture<PeerMessage.Answer>> change =
        () ->
            forgotten(
                entry,
                timeoutNanos,
                raft.setConfiguration(voters, remaining)
                    .orTimeout(timeoutNanos, TimeUnit.NANOSECONDS)
                    .handle((nothing, failure) -> changed(failure, null)));
    // Of one that never registered nothing else would say, should this leader end in between, that it was a member.
    return table.apply(id).isPresent()
        ? change.get()
        : log.append(entry, timeoutNanos)
            .thenCompose(response -> Responses.isOk(response) ? change.get() : begun());
  }

  /** The node is no member: its removal was interrupted between its two steps, or this is a repetition, or a mistake. */
  private CompletableFuture<PeerMessage.Answer> isNotIn(int id, long timeoutNanos) {
    return table
        .apply(id)
        .map(
            member ->
                member.removed()
                    ? done()
                    : forgotten(
                        new Request.NodeRemoved(id, member.host(), member.port()), timeoutNanos, done()))
        .orElseGet(() -> refused("node " + id + " is not a member"));
  }

  /** Steps down; {@code next} tells the sender, who asks again, whether something was changed by that. */
  private CompletableFuture<PeerMessage.Answer> leaveItToTheNext(PeerMessage.Verdict next, long timeoutNanos) {
    return handOver(NOBODY, timeoutNanos)
        .thenApply(
            answer ->
                answer.verdict() == PeerMessage.Verdict.REFUSED
                    ? answer
                    : PeerMessage.Answer.of(next));
  }

  /** Enters into the member table that a node was removed, once the configuration is without it. */
  private CompletableFuture<PeerMessage.Answer> forgotten(
      Request.NodeRemoved entry, long timeoutNanos, CompletableFuture<PeerMessage.Answer> changed) {
    return whenDone(
        changed,
        () ->
            log.append(entry, timeoutNanos)
                .thenCompose(response -> Responses.isOk(response) ? done() : begun()));
  }

  /** What follows on a success; anything else is the answer. */
  private static CompletableFuture<PeerMessage.Answer> whenDone(
      CompletableFuture<PeerMessage.Answer> step, Supplier<CompletableFuture<PeerMessage.Answer>> next) {
    return step.thenCompose(
        answer ->
            answer.verdict() == PeerMessage.Verdict.ANSWERED && Responses.isOk(answer.body())
                ? next.get()
                : CompletableFuture.completedFuture(answer));
  }

  /**
   * Hands lease and leadership to another member.
   *
   * @param target the next leader, or 0 for the one whose log is the longest
   */
  CompletableFuture<PeerMessage.Answer> handOver(int target, long timeoutNanos) {
    final CatchUp catchUp = running.get();
    if (catchUp == null || target == self) {
      return handOver.to(target, timeoutNanos);
    }
    // Ratis names no successor while a newcomer catches up.
    return target == NOBODY ? handOver.toNobody() : afterwards(catchUp, timeoutNanos);
  }

  /**
   * Gives lease and leadership away, to nobody if there is nobody else. Blocks for as long as it may take: until the successor
   * has acquired the lease, because this node's acknowledgements spare the successor the wait for a slower member's.
   */
  void handOverBeforeStop(long timeoutNanos) {
    final long deadline = clock.nanos() + timeoutNanos;
    final boolean alone = raft.configurations().stream().allMatch(voters -> voters.size() == 1);
    final CompletableFuture<?> given = alone ? lease.surrender() : handOver(NOBODY, timeoutNanos);
    try {
      given.get(timeoutNanos, TimeUnit.NANOSECONDS);
      while (!alone && !lease.acquiredElsewhere() && clock.nanos() < deadline) {
        TimeUnit.MILLISECONDS.sleep(SUCCESSOR_POLL_MILLIS);
      }
    } catch (TimeoutException | ExecutionException e) {
      LOG.info("the leadership was not handed over before the stop: {}", e.toString());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** What a change of the configuration came to; {@code catchUp} is null when nobody came in. */
  private PeerMessage.Answer changed(Throwable failure, CatchUp catchUp) {
    if (failure == null) {
      return new PeerMessage.Answer(PeerMessage.Verdict.ANSWERED, Responses.ok(DONE.duplicate()));
    }
    final Throwable cause = JavaUtils.unwrapCompletionException(failure);
    LOG.warn("the membership was not changed: {}", cause.toString());
    if (cause instanceof ReconfigurationTimeoutException && catchUp != null) {
      return answer(Failures.fellSilent(RaftNode.nodeId(catchUp.newcomer().getId()), catchUp.newcomer().getAddress()));
    }
    if (cause instanceof ReconfigurationInProgressException || cause instanceof SetConfigurationException) {
      // Another change is being carried out, or was since the voters were read; the sender tries again.
      return PeerMessage.Answer.of(PeerMessage.Verdict.NOT_HOLDER);
    }
    if (cause instanceof TimeoutException || cause instanceof NotLeaderException) {
      return PeerMessage.Answer.of(PeerMessage.Verdict.UNKNOWN);
    }
    return PeerMessage.Answer.refused("the membership could not be changed: " + cause.getMessage());
  }

  private List<RaftPeer> voters() {
    return raft.division().map(RaftServer.Division::getRaftConf)
        .map(configuration -> List.copyOf(configuration.getCurrentPeers()))
        .orElse(List.of());
  }

  private static Set<Integer> ids(List<RaftPeer> peers) {
    return peers.stream().map(peer -> RaftNode.nodeId(peer.getId())).collect(Collectors.toUnmodifiableSet());
  }

  private static Optional<RaftPeer> find(List<RaftPeer> peers, int id) {
    return peers.stream().filter(peer -> RaftNode.nodeId(peer.getId()) == id).findFirst();
  }

  private Optional<Failure> takenElsewhere(RaftPeer newcomer) {
    final int id = RaftNode.nodeId(newcomer.getId());
    return table
        .apply(id)
        .map(member -> HostPort.format(member.host(), member.port()))
        .filter(known -> !known.equals(newcomer.getAddress()))
        .map(known -> Failures.idTaken(id, known, newcomer.getAddress()));
  }

  private static CompletableFuture<PeerMessage.Answer> done() {
    return CompletableFuture.completedFuture(
        new PeerMessage.Answer(PeerMessage.Verdict.ANSWERED, Responses.ok(DONE.duplicate())));
  }

  /** Something was changed on the way; the sender asks again, and knows that. */
  private static CompletableFuture<PeerMessage.Answer> begun() {
    return CompletableFuture.completedFuture(PeerMessage.Answer.of(PeerMessage.Verdict.UNKNOWN));
  }

  private static CompletableFuture<PeerMessage.Answer> again() {
    return CompletableFuture.completedFuture(PeerMessage.Answer.of(PeerMessage.Verdict.NOT_HOLDER));
  }

  private static CompletableFuture<PeerMessage.Answer> refused(String reason) {
    return CompletableFuture.completedFuture(PeerMessage.Answer.refused(reason));
  }

  private static CompletableFuture<PeerMessage.Answer> failed(Failure failure) {
    return CompletableFuture.completedFuture(answer(failure));
  }

  private static PeerMessage.Answer answer(Failure failure) {
    return new PeerMessage.Answer(PeerMessage.Verdict.ANSWERED, Responses.error(failure));
  }
}
