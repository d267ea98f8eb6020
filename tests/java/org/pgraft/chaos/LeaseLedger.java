package org.pgraft.chaos;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.pgraft.cluster.Lease;

/**
 * The intervals in which nodes held the lease, collected over and over, because a server that starts again has
 * forgotten what it held before. All are told on one clock. Any thread may add to it.
 */
final class LeaseLedger {
  private final Map<List<Long>, Lease> leases = new HashMap<>();

  /**
   * Adds an interval, or replaces what was known of it.
   *
   * @param running whether it had not ended; it may then still be given up before its end, so that only the
   *     time before the question counts
   * @param asked when the node was asked, in nanoseconds of CLOCK_BOOTTIME
   */
  synchronized void add(Lease lease, boolean running, long asked) {
    long until = running ? Math.max(lease.from(), Math.min(lease.until(), asked)) : lease.until();
    leases.put(List.of((long) lease.node(), lease.from()),
        new Lease(lease.node(), lease.term(), lease.from(), until));
  }

  /** Which intervals of different nodes meet. */
  synchronized List<Violation> check() {
    List<Violation> violations = new ArrayList<>();
    for (Lease one : leases.values()) {
      for (Lease other : leases.values()) {
        if (one.node() < other.node() && one.from() < other.until() && other.from() < one.until()) {
          violations.add(new Violation("lease", "two nodes held it at one time: " + one + " and " + other));
        }
      }
    }
    return violations;
  }
}
