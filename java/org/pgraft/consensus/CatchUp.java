package org.pgraft.consensus;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.exceptions.ReconfigurationTimeoutException;
import org.apache.ratis.util.JavaUtils;
import org.pgraft.consensus.EngineStatus.MemberStatus;
import org.pgraft.consensus.PeerMessage.Answer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The newcomer that catches up, one at a time (Raft dissertation, section 4.2.1): Ratis sends it snapshot and log, and
 * appends the joint configuration only when it has nearly all. Until then it is in no configuration, so no majority counts
 * it.
 *
 * <p>That may take longer than the caller waits; it goes on then, and who repeats the call waits for the same catch-up. It
 * ends when the newcomer has caught up, when it has not answered for {@link RatisProperties#CATCH_UP_SILENCE_MILLIS}, or
 * when this node leads no more.
 *
 * <p>Thread-safe; nothing blocks, and there are no locks: one atomic holds the newcomer.
 */
final class CatchUp {
  private static final Logger LOG = LoggerFactory.getLogger(CatchUp.class);

  private final RaftNode raft;
  private final Supplier<List<MemberStatus>> members;
  private final AtomicReference<Newcomer> underWay = new AtomicReference<>();

  /** @param members what the leader knows of the members, also of one that catches up */
  CatchUp(RaftNode raft, Supplier<List<MemberStatus>> members) {
    this.raft = raft;
    this.members = members;
  }

  /** Who catches up now. */
  Optional<Newcomer> newcomer() {
    return Optional.ofNullable(underWay.get());
  }

  /**
   * Lets a newcomer catch up and makes it a voter then.
   *
   * @param from the voters of now
   * @param to these and the newcomer
   * @return what {@link Newcomer#arrival} answers; empty when another catches up, and nothing was done
   */
  Optional<CompletableFuture<Answer>> begin(
      RaftPeer peer, List<RaftPeer> from, List<RaftPeer> to, long timeoutNanos) {
    final Newcomer newcomer = new Newcomer(peer);
    if (!underWay.compareAndSet(null, newcomer)) {
      return Optional.empty();
    }
    raft.setConfiguration(from, to)
        .whenComplete(
            (nothing, failure) -> {
              underWay.set(null);
              if (failure == null) {
                newcomer.change.complete(null);
              } else {
                newcomer.change.completeExceptionally(failure);
              }
            });
    return Optional.of(newcomer.arrival(timeoutNanos));
  }

  /** A newcomer that catches up, or did. */
  final class Newcomer {
    private final RaftPeer peer;

    /** Completed when the new configuration is committed, or never will be by this leader. */
    private final CompletableFuture<Void> change = new CompletableFuture<>();

    private Newcomer(RaftPeer peer) {
      this.peer = peer;
    }

    int id() {
      return RaftNode.nodeId(peer.getId());
    }

    /** Whether it is this node, at this address. */
    boolean is(RaftPeer asked) {
      return peer.getId().equals(asked.getId()) && peer.getAddress().equals(asked.getAddress());
    }

    /** Answers what became of the catch-up, or that it goes on when the caller's time is nearly over. */
    CompletableFuture<Answer> arrival(long timeoutNanos) {
      return patiently(timeoutNanos)
          .handle(
              (nothing, failure) ->
                  isTimeout(failure)
                      ? ChangeAnswer.failed(Failures.catchingUp(id(), position(), lastIndex()))
                      : changed(failure));
    }

    /** Has the caller of another change try again after this one, or tells it that there is this one. */
    CompletableFuture<Answer> afterwards(long timeoutNanos) {
      return patiently(timeoutNanos)
          .handle(
              (nothing, failure) ->
                  isTimeout(failure) ? ChangeAnswer.failed(Failures.busy(id())) : ChangeAnswer.again());
    }

    private CompletableFuture<Void> patiently(long timeoutNanos) {
      return change.copy().orTimeout(ChangeAnswer.patience(timeoutNanos), TimeUnit.NANOSECONDS);
    }

    private Answer changed(Throwable failure) {
      if (failure != null
          && JavaUtils.unwrapCompletionException(failure) instanceof ReconfigurationTimeoutException silent) {
        LOG.warn("the membership was not changed: {}", silent.toString());
        return ChangeAnswer.failed(Failures.fellSilent(id(), peer.getAddress()));
      }
      return ChangeAnswer.ofConfiguration(failure);
    }

    /** How far its log is, -1 when it is not known. */
    private long position() {
      return members.get().stream()
          .filter(member -> member.nodeId() == id())
          .mapToLong(MemberStatus::matchIndex)
          .findAny()
          .orElse(-1);
    }
  }

  private static boolean isTimeout(Throwable failure) {
    return failure != null && JavaUtils.unwrapCompletionException(failure) instanceof TimeoutException;
  }

  private long lastIndex() {
    return raft.division().map(division -> division.getRaftLog().getNextIndex() - 1).orElse(-1L);
  }
}
