package org.pgraft.consensus;

import java.util.List;
import java.util.Set;

/**
 * When the voters last changed, as far as this node can know. A majority of voters shares one with a majority of the voters
 * before or after a single change, but with none of those two changes away; so what is concluded from majorities that overlap
 * holds only for what happened after that.
 *
 * <p>A leader confirms the configuration in an entry of its own whenever it is elected, and Ratis then does not say any more
 * that the change before was not finished. So each configuration is looked at when it is applied: a new leader has applied all
 * that were before its own.
 *
 * <p>Thread-safe.
 */
final class VoterChanges {
  private final BootClock clock;
  private Set<Integer> voters = Set.of();
  private long changedNanos;

  /** What happened before is not known: they may have changed until now. */
  VoterChanges(BootClock clock) {
    this.clock = clock;
    this.changedNanos = clock.nanos();
  }

  /** The configurations in force when this node had read its log, before anything else was applied. */
  synchronized void begun(List<Set<Integer>> configurations) {
    if (voters.isEmpty() && configurations.size() == 1) {
      voters = configurations.get(0);
    }
  }

  /**
   * A configuration was applied.
   *
   * @param now its voters
   * @param before those from which they are changed; empty when that is finished
   */
  synchronized void applied(Set<Integer> now, Set<Integer> before) {
    if (!before.isEmpty() || !now.equals(voters)) {
      changedNanos = clock.nanos();
    }
    voters = now;
  }

  /** A snapshot took the place of entries, among which there may have been changes. */
  synchronized void skipped() {
    changedNanos = clock.nanos();
  }

  /** They have not changed since that time. */
  synchronized long changedNanos() {
    return changedNanos;
  }
}
