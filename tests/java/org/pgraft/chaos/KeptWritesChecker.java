package org.pgraft.chaos;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What every node's own store holds at the end of a round: each key that was written once has its value where the
 * write was acknowledged, and does not exist where it failed.
 */
final class KeptWritesChecker {
  private KeptWritesChecker() {}

  /**
   * Checks the keys that have been written once.
   *
   * @param history operations on such keys only
   * @param stores keys and values by the name of the node
   */
  static List<Violation> check(List<Operation> history, Map<String, Map<String, String>> stores) {
    List<Violation> violations = new ArrayList<>();
    long beginning = history.stream().mapToLong(Operation::invoked).min().orElse(0);
    new TreeMap<>(stores).forEach((node, store) -> {
      for (Operation put : history) {
        String found = store.get(put.key());
        boolean right = switch (put.outcome()) {
          case OK -> put.value().equals(found);
          case FAILED -> found == null;
          case UNKNOWN -> found == null || found.equals(put.value());
        };
        if (!right) {
          violations.add(new Violation("kept writes",
              node + " has " + found + " after\n  " + put.describe(beginning)));
        }
      }
    });
    return violations;
  }
}
