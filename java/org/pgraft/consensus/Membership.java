package org.pgraft.consensus;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.IntPredicate;
import java.util.function.Supplier;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.exceptions.ReconfigurationInProgressException;
import org.apache.ratis.protocol.exceptions.SetConfigurationException;
import org.apache.ratis.server.RaftServer;
import org.pgraft.command.PgraftException;
import org.pgraft.command.Request;
import org.pgraft.command.Requests;
import org.pgraft.command.Responses;
import org.pgraft.consensus.EngineStatus.MemberStatus;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Changes of who is a member and who leads, carried out by the lease holder: Raft's joint consensus does the change
 * itself (Raft paper, section 6), this class sees to it that the newcomer is there and willing, that a removal leaves a
 * quorum, and that a hand-over gives the lease back first.
 *
 * <p>Thread-safe, no state of its own; nothing blocks but {@link #handOverBeforeStop}.
 */
final class Membership {
  private static final Logger LOG = LoggerFactory.getLogger(Membership.class);

  /** The status page has room for more, but every member costs every write an acknowledgement. */
  static final int MEMBERS_MAX = 31;

  private static final long JOIN_NANOS = TimeUnit.SECONDS.toNanos(3);
  private static final long STEP_DOWN_NANOS = TimeUnit.SECONDS.toNanos(2);
  private static final ByteBuffer DONE = ByteBuffer.wrap(new byte[] {1}).asReadOnlyBuffer();

  /** Appends an entry of the engine's own and waits for its result. */
  @FunctionalInterface
  interface OwnEntry {
    CompletableFuture<ByteBuffer> append(Request request, long timeoutNanos);
  }

  private final int self;
  private final UUID cluster;
  private final String clusterId;
  private final RaftNode raft;
  private final LeaseKeeper lease;
  private final PeerClients clients;
  private final Supplier<List<MemberStatus>> members;
  private final IntPredicate inTable;
  private final OwnEntry log;

  Membership(
      int self,
      UUID cluster,
      String clusterId,
      RaftNode raft,
      LeaseKeeper lease,
      PeerClients clients,
      Supplier<List<MemberStatus>> members,
      IntPredicate inTable,
      OwnEntry log) {
    this.self = self;
    this.cluster = cluster;
    this.clusterId = clusterId;
    this.raft = raft;
    this.lease = lease;
    this.clients = clients;
    this.members = members;
    this.inTable = inTable;
    this.log = log;
  }

  /**
   * Adds a member: asks it to join, enters it and its directory into the member table, and only then changes the
   * configuration. So whatever becomes of the newcomer, the cluster knows by which directory to recognize it.
   */
  CompletableFuture<PeerMessage.Answer> add(int id, String host, int port, long timeoutNanos) {
    final String address = HostPort.format(host, port);
    final List<RaftPeer> voters = voters();
    for (RaftPeer voter : voters) {
      if (RaftNode.nodeId(voter.getId()) == id) {
        return voter.getAddress().equals(address)
            ? done()
            : refused("node " + id + " is a member already, at " + voter.getAddress()
                + ": to move it, remove it first and add it at its new address");
      }
      if (voter.getAddress().equals(address)) {
        return refused("node " + RaftNode.nodeId(voter.getId()) + " is a member at " + address + " already");
      }
    }
    if (voters.size() >= MEMBERS_MAX) {
      return refused("a cluster has at most " + MEMBERS_MAX + " members");
    }
    return clients
        .callWhenReachable(HostPort.parse(address), joinRequest(id), Math.min(timeoutNanos, JOIN_NANOS))
        .handle(
            (bytes, failure) ->
                failure == null
                    ? joined(RaftNode.peer(id, address), bytes, voters, timeoutNanos)
                    : notReached(id, address, failure))
        .thenCompose(answer -> answer);
  }

  private byte[] joinRequest(int id) {
    final byte[] name = clusterId.getBytes(StandardCharsets.UTF_8);
    final ByteBuffer body = ByteBuffer.allocate(4 + 4 + name.length);
    body.putInt(id);
    PeerMessage.putText(body, name);
    return new PeerMessage(PeerMessage.Kind.JOIN, cluster, self, body.flip()).encode();
  }

  private static CompletableFuture<PeerMessage.Answer> notReached(int id, String address, Throwable failure) {
    LOG.debug("node {} at {} did not answer", id, address, failure);
    return refused(
        "node " + id + " was not reached at " + address
            + ": start that server with pgraft in shared_preload_libraries and pgraft.node_id = " + id);
  }

  /** The newcomer has answered: with its entry for the member table, or with why it does not join. */
  private CompletableFuture<PeerMessage.Answer> joined(
      RaftPeer newcomer, byte[] bytes, List<RaftPeer> voters, long timeoutNanos) {
    try {
      final PeerMessage.Answer answer = PeerMessage.Answer.decode(bytes);
      if (answer.verdict() != PeerMessage.Verdict.ANSWERED) {
        return refused(answer.reason());
      }
      if (Requests.decode(answer.body()) instanceof Request.NodeStart entry
          && entry.node() == RaftNode.nodeId(newcomer.getId())) {
        return entered(entry, newcomer, voters, timeoutNanos);
      }
      LOG.debug("{} answers with something else than its entry", newcomer);
    } catch (PeerMessage.MalformedException | BufferUnderflowException | PgraftException e) {
      LOG.debug("the answer of {} cannot be read", newcomer, e);
    }
    return refused("what listens at " + newcomer.getAddress() + " is not a pgraft node of this version");
  }

  /** The member table may refuse the newcomer; then its answer is the caller's. */
  private CompletableFuture<PeerMessage.Answer> entered(
      Request.NodeStart entry, RaftPeer newcomer, List<RaftPeer> voters, long timeoutNanos) {
    return log.append(entry, timeoutNanos)
        .thenCompose(
            response -> {
              if (!Responses.isOk(response)) {
                return CompletableFuture.completedFuture(
                    new PeerMessage.Answer(PeerMessage.Verdict.ANSWERED, response));
              }
              final List<RaftPeer> grown = new ArrayList<>(voters);
              grown.add(newcomer);
              return changed(raft.setConfiguration(voters, grown, timeoutNanos));
            });
  }

  /** Removes a member; a leader that is to remove itself hands over first and lets its successor do it. */
  CompletableFuture<PeerMessage.Answer> remove(int id, long timeoutNanos) {
    final List<RaftPeer> voters = voters();
    final List<RaftPeer> remaining = new ArrayList<>(voters);
    if (!remaining.removeIf(voter -> RaftNode.nodeId(voter.getId()) == id)) {
      // A removal that was interrupted between its two steps is finished here.
      return inTable.test(id) ? forgotten(id, timeoutNanos, done()) : refused("node " + id + " is not a member");
    }
    if (remaining.isEmpty()) {
      return refused("node " + id + " is the only member: a cluster cannot be without members");
    }
    final List<MemberStatus> staying = members.get().stream().filter(member -> member.nodeId() != id).toList();
    final long reachable =
        staying.stream().filter(member -> member.nodeId() == self || Boolean.TRUE.equals(member.reachable())).count();
    final long unmeasured =
        staying.stream().filter(member -> member.nodeId() != self && member.reachable() == null).count();
    if (reachable <= remaining.size() / 2 && reachable + unmeasured > remaining.size() / 2) {
      // A leader that is new has not heard of everybody yet; the sender tries again in a moment.
      return CompletableFuture.completedFuture(PeerMessage.Answer.of(PeerMessage.Verdict.NOT_HOLDER));
    }
    if (reachable <= remaining.size() / 2) {
      return refused(
          "removing node " + id + " would leave " + remaining.size() + " members of which only " + reachable
              + " can be reached, which is no majority");
    }
    if (id == self) {
      return handOver(0, timeoutNanos)
          .thenApply(
              answer ->
                  answer.verdict() == PeerMessage.Verdict.ANSWERED
                      ? PeerMessage.Answer.of(PeerMessage.Verdict.NOT_HOLDER)
                      : answer);
    }
    return forgotten(id, timeoutNanos, changed(raft.setConfiguration(voters, remaining, timeoutNanos)));
  }

  /** Enters into the member table that a node was removed, once the configuration is without it. */
  private CompletableFuture<PeerMessage.Answer> forgotten(
      int id, long timeoutNanos, CompletableFuture<PeerMessage.Answer> changed) {
    return changed.thenCompose(
        answer ->
            answer.verdict() != PeerMessage.Verdict.ANSWERED
                ? CompletableFuture.completedFuture(answer)
                : log.append(new Request.NodeRemoved(id), timeoutNanos)
                    .thenApply(
                        response ->
                            Responses.isOk(response)
                                ? answer
                                : PeerMessage.Answer.of(PeerMessage.Verdict.UNKNOWN)));
  }

  /**
   * Hands lease and leadership to another member.
   *
   * @param target the next leader, or 0 for the one whose log is the longest
   */
  CompletableFuture<PeerMessage.Answer> handOver(int target, long timeoutNanos) {
    if (target == self) {
      return done();
    }
    final Optional<MemberStatus> successor =
        members.get().stream()
            .filter(member -> member.nodeId() != self && Boolean.TRUE.equals(member.reachable()))
            .filter(member -> target == 0 || member.nodeId() == target)
            .max(Comparator.comparingLong(MemberStatus::matchIndex));
    if (successor.isEmpty()) {
      return refused(
          target == 0
              ? "no other member can be reached"
              : "node " + target + " is not a member that can be reached");
    }
    return lease
        .surrender()
        .thenCompose(released -> raft.transferLeadership(successor.get().nodeId(), timeoutNanos))
        .handle(
            (nothing, failure) -> {
              if (failure == null) {
                return done();
              }
              LOG.warn("the leadership could not be handed to node {}: {}", successor.get().nodeId(), cause(failure));
              // Without its lease this node must not go on leading: any member may now be elected.
              return raft.stepDown(STEP_DOWN_NANOS)
                  .handle((gone, failed) -> PeerMessage.Answer.of(PeerMessage.Verdict.UNKNOWN));
            })
        .thenCompose(answer -> answer);
  }

  /** Gives lease and leadership away, to nobody if there is nobody else. Blocks for as long as it may take. */
  void handOverBeforeStop(long timeoutNanos) {
    final boolean alone = raft.configurations().stream().allMatch(voters -> voters.size() == 1);
    final CompletableFuture<?> given = alone ? lease.surrender() : handOver(0, timeoutNanos);
    try {
      given.get(timeoutNanos, TimeUnit.NANOSECONDS);
    } catch (TimeoutException | ExecutionException e) {
      LOG.info("the leadership was not handed over before the stop: {}", e.toString());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private CompletableFuture<PeerMessage.Answer> changed(CompletableFuture<Void> change) {
    return change.handle(
        (nothing, failure) -> {
          if (failure == null) {
            return new PeerMessage.Answer(PeerMessage.Verdict.ANSWERED, Responses.ok(DONE.duplicate()));
          }
          final Throwable cause = cause(failure);
          LOG.warn("the membership could not be changed: {}", cause.toString());
          if (cause instanceof ReconfigurationInProgressException || cause instanceof SetConfigurationException) {
            // Another change is being carried out, or was since the voters were read; the sender tries again.
            return PeerMessage.Answer.of(PeerMessage.Verdict.NOT_HOLDER);
          }
          if (cause instanceof TimeoutException) {
            return PeerMessage.Answer.of(PeerMessage.Verdict.UNKNOWN);
          }
          return PeerMessage.Answer.refused("the membership could not be changed: " + cause.getMessage());
        });
  }

  private List<RaftPeer> voters() {
    return raft.division().map(RaftServer.Division::getRaftConf)
        .map(configuration -> List.copyOf(configuration.getCurrentPeers()))
        .orElse(List.of());
  }

  private static Throwable cause(Throwable failure) {
    return failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
  }

  private static CompletableFuture<PeerMessage.Answer> done() {
    return CompletableFuture.completedFuture(
        new PeerMessage.Answer(PeerMessage.Verdict.ANSWERED, Responses.ok(DONE.duplicate())));
  }

  private static CompletableFuture<PeerMessage.Answer> refused(String reason) {
    return CompletableFuture.completedFuture(PeerMessage.Answer.refused(reason));
  }
}
