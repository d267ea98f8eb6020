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
import java.util.function.IntFunction;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.server.RaftServer;
import org.pgraft.command.Failure;
import org.pgraft.command.Limits;
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
 * <p>A newcomer first catches up without a vote ({@link CatchUp}); while one does, all other changes wait for it.
 *
 * <p>An id belongs to one address for good: for as long as Ratis' server runs, on every member, it connects to the address
 * under which it met the id first, also after that node has left.
 *
 * <p>Thread-safe; what is under way is the state of {@link CatchUp} and of Raft. Nothing blocks but {@link #handOverBeforeStop}.
 */
final class Membership {
  private static final Logger LOG = LoggerFactory.getLogger(Membership.class);


  private static final int NOBODY = 0;

  private static final long SUCCESSOR_POLL_MILLIS = 5;

  /** Appends an entry of the engine's own and waits for its result. */
  @FunctionalInterface
  interface OwnEntry {
    CompletableFuture<ByteBuffer> append(Request request, long timeoutNanos);
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
  private final CatchUp catchUp;

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
    this.catchUp = new CatchUp(raft, members);
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
    if (catchUp.newcomer().isPresent()) {
      return ChangeAnswer.whenDone(add(newcomer, timeoutNanos), Membership::begun);
    }
    final int id = RaftNode.nodeId(newcomer.getId());
    final List<RaftPeer> voters = voters();
    if (find(voters, id).isPresent()) {
      return ChangeAnswer.whenDone(add(newcomer, timeoutNanos), () -> removeReplaced(old, id, timeoutNanos));
    }
    if (find(voters, old).isEmpty()) {
      // Taken out before the newcomer came in, by this call or an earlier one.
      return ChangeAnswer.whenDone(
          remove(old, timeoutNanos), () -> ChangeAnswer.whenDone(add(newcomer, timeoutNanos), Membership::begun));
    }
    final Optional<Failure> objection = objection(newcomer, voters);
    if (objection.isPresent()) {
      return failed(objection.get());
    }
    final Replacement replacement = new Replacement(ids(voters), old, id);
    return switch (replacement.first(self, members.get())) {
      case ADD -> ChangeAnswer.whenDone(add(newcomer, timeoutNanos), Membership::begun);
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
    return still ? ChangeAnswer.whenDone(remove(old, deadline - clock.nanos()), Membership::begun) : begun();
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
    final Optional<CatchUp.Newcomer> other = catchUp.newcomer();
    if (other.isPresent()) {
      return other.get().is(newcomer) ? other.get().arrival(timeoutNanos) : other.get().afterwards(timeoutNanos);
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
    if (voters.size() >= Limits.MEMBERS_MAX) {
      return refused("a cluster has at most " + Limits.MEMBERS_MAX + " members");
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
        // When another newcomer is let in before, this one is in the member table, but no more than that.
        () -> catchUp.begin(newcomer, voters, changed, deadline - clock.nanos()).orElseGet(Membership::begun));
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
        .send(newcomer, ChangeAnswer.patience(deadline - clock.nanos()))
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

  /** Removes a member; a leader that is to remove itself hands over first and lets its successor do it. */
  CompletableFuture<PeerMessage.Answer> remove(int id, long timeoutNanos) {
    final Optional<CatchUp.Newcomer> other = catchUp.newcomer();
    if (other.isPresent()) {
      // What ends a catch-up in Raft is that another leads; the successor then finds a node that is no member.
      return other.get().id() == id
          ? leaveItToTheNext(ChangeAnswer.begun(), timeoutNanos)
          : other.get().afterwards(timeoutNanos);
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
      return leaveItToTheNext(ChangeAnswer.again(), timeoutNanos);
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
                    .handle((nothing, failure) -> ChangeAnswer.ofConfiguration(failure)));
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
  private CompletableFuture<PeerMessage.Answer> leaveItToTheNext(PeerMessage.Answer next, long timeoutNanos) {
    return handOver(NOBODY, timeoutNanos)
        .thenApply(answer -> answer.verdict() == PeerMessage.Verdict.REFUSED ? answer : next);
  }

  /** Enters into the member table that a node was removed, once the configuration is without it. */
  private CompletableFuture<PeerMessage.Answer> forgotten(
      Request.NodeRemoved entry, long timeoutNanos, CompletableFuture<PeerMessage.Answer> changed) {
    return ChangeAnswer.whenDone(
        changed,
        () ->
            log.append(entry, timeoutNanos)
                .thenCompose(response -> Responses.isOk(response) ? done() : begun()));
  }

  /**
   * Hands lease and leadership to another member.
   *
   * @param target the next leader, or 0 for the one whose log is the longest
   */
  CompletableFuture<PeerMessage.Answer> handOver(int target, long timeoutNanos) {
    final Optional<CatchUp.Newcomer> newcomer = catchUp.newcomer();
    if (newcomer.isEmpty() || target == self) {
      return handOver.to(target, timeoutNanos);
    }
    // Ratis names no successor while a newcomer catches up.
    return target == NOBODY ? handOver.toNobody() : newcomer.get().afterwards(timeoutNanos);
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
    return CompletableFuture.completedFuture(ChangeAnswer.done());
  }

  private static CompletableFuture<PeerMessage.Answer> begun() {
    return CompletableFuture.completedFuture(ChangeAnswer.begun());
  }

  private static CompletableFuture<PeerMessage.Answer> again() {
    return CompletableFuture.completedFuture(ChangeAnswer.again());
  }

  private static CompletableFuture<PeerMessage.Answer> refused(String reason) {
    return CompletableFuture.completedFuture(PeerMessage.Answer.refused(reason));
  }

  private static CompletableFuture<PeerMessage.Answer> failed(Failure failure) {
    return CompletableFuture.completedFuture(ChangeAnswer.failed(failure));
  }
}
