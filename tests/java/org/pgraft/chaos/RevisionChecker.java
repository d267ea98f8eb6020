package org.pgraft.chaos;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Acknowledged puts have revisions of their own, and one that began after another ended has the higher one. */
final class RevisionChecker {
  private RevisionChecker() {}

  static List<Violation> check(List<Operation> history) {
    List<Operation> puts = history.stream()
        .filter(operation -> operation.ok() && operation.kind() == Operation.Kind.PUT)
        .sorted(Comparator.comparingLong(RevisionChecker::revision)).toList();
    List<Violation> violations = new ArrayList<>();
    long beginning = history.stream().mapToLong(Operation::invoked).min().orElse(0);
    // of those with lower revisions, the one that was called last
    Operation last = null;
    for (int i = 0; i < puts.size(); i++) {
      Operation put = puts.get(i);
      if (i > 0 && revision(puts.get(i - 1)) == revision(put)) {
        violations.add(violation("two writes have one revision", puts.get(i - 1), put, beginning));
      } else if (last != null && put.returned() < last.invoked()) {
        violations.add(violation("a later write has a lower revision", put, last, beginning));
      }
      if (last == null || put.invoked() > last.invoked()) {
        last = put;
      }
    }
    return violations;
  }

  private static long revision(Operation put) {
    return Long.parseLong(put.result());
  }

  private static Violation violation(String what, Operation one, Operation other, long beginning) {
    return new Violation("revisions", what + "\n  " + one.describe(beginning) + "\n  " + other.describe(beginning));
  }
}
