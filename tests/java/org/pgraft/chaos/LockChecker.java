package org.pgraft.chaos;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** A lock is held by one client at a time, and who holds it later has a greater token. */
final class LockChecker {
  private LockChecker() {}

  static List<Violation> check(List<Hold> holds) {
    List<Hold> sorted = holds.stream().sorted(Comparator.comparingLong(Hold::from)).toList();
    List<Violation> violations = new ArrayList<>();
    // of those that began before, the one that is sure to have lasted longest
    Hold last = null;
    for (Hold hold : sorted) {
      if (last != null && hold.from() < last.until()) {
        violations.add(new Violation("lock", last + " held it for another " + (last.until() - hold.from()) / 1_000_000
            + " ms when " + hold + " got it"));
      }
      if (last != null && hold.token() <= last.token()) {
        violations.add(new Violation("lock", hold + " came after " + last));
      }
      if (last == null || hold.until() > last.until()) {
        last = hold;
      }
    }
    return violations;
  }
}
