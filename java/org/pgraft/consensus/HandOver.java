package org.pgraft.consensus;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.apache.ratis.util.JavaUtils;
import org.pgraft.consensus.EngineStatus.MemberStatus;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives leadership to another member (Raft dissertation, section 3.10), the lease first: the successor need not wait for
 * its end then.
 *
 * <p>Stateless and thread-safe; nothing blocks.
 */
final class HandOver {
  private static final Logger LOG = LoggerFactory.getLogger(HandOver.class);
  private static final int ANYBODY = 0;
  private static final long STEP_DOWN_NANOS = TimeUnit.SECONDS.toNanos(2);

  private final int self;
  private final RaftNode raft;
  private final LeaseKeeper lease;
  private final Supplier<List<MemberStatus>> members;
  private final long patienceNanos;

  /** @param patienceNanos how long a successor may take: nobody leads meanwhile */
  HandOver(int self, RaftNode raft, LeaseKeeper lease, Supplier<List<MemberStatus>> members, long patienceNanos) {
    this.self = self;
    this.raft = raft;
    this.lease = lease;
    this.members = members;
    this.patienceNanos = patienceNanos;
  }

  /**
   * Hands over to a member that can be reached.
   *
   * @param target which, or 0 for the one whose log is the longest
   */
  CompletableFuture<PeerMessage.Answer> to(int target, long timeoutNanos) {
    if (target == self) {
      return CompletableFuture.completedFuture(ChangeAnswer.done());
    }
    final Optional<MemberStatus> successor =
        members.get().stream()
            .filter(member -> member.nodeId() != self && Boolean.TRUE.equals(member.reachable()))
            .filter(MemberStatus::voter)
            .filter(member -> target == ANYBODY || member.nodeId() == target)
            .max(Comparator.comparingLong(MemberStatus::matchIndex));
    if (successor.isEmpty()) {
      return CompletableFuture.completedFuture(
          PeerMessage.Answer.refused(
              target == ANYBODY
                  ? "no other member can be reached"
                  : "node " + target + " is not a member that can be reached"));
    }
    final int next = successor.get().nodeId();
    return lease
        .surrender()
        .thenCompose(released -> raft.transferLeadership(next, Math.min(timeoutNanos, patienceNanos)))
        .handle(
            (nothing, failure) ->
                failure == null ? CompletableFuture.completedFuture(ChangeAnswer.done()) : stepDown(next, failure))
        .thenCompose(answer -> answer);
  }

  /** Gives lease and leadership up; any member may be elected. */
  CompletableFuture<PeerMessage.Answer> toNobody() {
    return lease
        .surrender()
        .thenCompose(released -> raft.stepDown(STEP_DOWN_NANOS))
        .handle(
            (nothing, failure) -> {
              if (failure == null) {
                return ChangeAnswer.done();
              }
              LOG.warn("the leadership could not be given up: {}", JavaUtils.unwrapCompletionException(failure).toString());
              return ChangeAnswer.begun();
            });
  }

  /** Without its lease this node must not go on leading: any member may now be elected. */
  private CompletableFuture<PeerMessage.Answer> stepDown(int next, Throwable failure) {
    LOG.warn("the leadership could not be handed to node {}: {}", next, JavaUtils.unwrapCompletionException(failure).toString());
    return raft.stepDown(STEP_DOWN_NANOS)
        .handle(
            (gone, failed) -> {
              if (failed != null) {
                LOG.warn("this node could not step down: {}", JavaUtils.unwrapCompletionException(failed).toString());
              }
              return ChangeAnswer.begun();
            });
  }
}
