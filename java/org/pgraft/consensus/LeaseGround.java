package org.pgraft.consensus;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.pgraft.store.LeaseRecord;

/**
 * What the leadership lease rests on, as {@link LeaseKeeper} sees it: the Raft group, the replicated lease record and
 * the other members. Methods are called with the keeper's lock held and must not block.
 */
interface LeaseGround {
  /** The term in which this node is the leader and has applied an entry of its own term; 0 when it is neither. */
  long readyTerm();

  /** The ids of the voters of every configuration in force: one set, or two while the membership changes. */
  List<Set<Integer>> configurations();

  /**
   * Asks a member for its current term, and when it last confirmed a lower one.
   *
   * @param timeoutNanos when to give up, from now
   */
  CompletableFuture<Confirmation> confirm(int node, long timeoutNanos);

  /** The same of this node. */
  Confirmation confirmOwn();

  /** The voters have not changed since that time, by this node's clock. */
  long votersChangedNanos();

  /** The replicated record of the last acquisition that was applied here. */
  Optional<LeaseRecord> lastAcquired();

  /** Appends the acquisition; true when it is committed, applied here, and valid. */
  CompletableFuture<Boolean> acquire(long term, long leaseMillis);

  /** Appends the release; true when it is committed and applied here. */
  CompletableFuture<Boolean> release(long term);

  /** Whether the oldest unfinished fsync of the log is older than {@code pgraft.fsync_timeout}. */
  boolean logIsStalled();
}
