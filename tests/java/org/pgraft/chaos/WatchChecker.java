package org.pgraft.chaos;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.pgraft.chaos.Watcher.Change;

/**
 * Watches tell of every change once, in the order of revisions, the same on every node; acknowledged puts are among them; and
 * what is written under the guard of fencing tokens shows no token after a greater one.
 */
final class WatchChecker {
  private WatchChecker() {}

  /**
   * @param told what each node's watcher was told of, in that order
   * @param fenced the key that is written under tokens
   */
  static List<Violation> check(Map<String, List<Change>> told, List<Operation> history, String fenced) {
    List<Violation> violations = new ArrayList<>();
    List<Change> first = null;
    for (Map.Entry<String, List<Change>> of : told.entrySet()) {
      List<Change> changes = of.getValue();
      if (first == null) {
        first = changes;
        violations.addAll(inOrder(of.getKey(), changes));
        violations.addAll(tokensGrow(changes.stream().filter(change -> change.key().equals(fenced)).toList()));
        violations.addAll(acknowledged(changes, history));
      } else if (!changes.equals(first)) {
        violations.add(new Violation("watch", of.getKey() + " was told something else than "
            + told.keySet().iterator().next() + ": " + difference(first, changes)));
      }
    }
    return violations;
  }

  private static String difference(List<Change> one, List<Change> other) {
    int i = 0;
    while (i < Math.min(one.size(), other.size()) && one.get(i).equals(other.get(i))) {
      i++;
    }
    return (i < other.size() ? other.get(i).toString() : "nothing") + " instead of "
        + (i < one.size() ? one.get(i).toString() : "nothing");
  }

  private static List<Violation> inOrder(String node, List<Change> changes) {
    List<Violation> violations = new ArrayList<>();
    Set<String> seen = new HashSet<>();
    long last = 0;
    for (Change change : changes) {
      if (change.revision() < last || !seen.add(change.revision() + " " + change.key())) {
        violations.add(new Violation("watch", node + " was told out of order or twice of " + change));
      }
      last = change.revision();
    }
    return violations;
  }

  private static List<Violation> tokensGrow(List<Change> writes) {
    List<Violation> violations = new ArrayList<>();
    long greatest = 0;
    for (Change write : writes) {
      long token = Long.parseLong(write.value());
      if (token < greatest) {
        violations.add(new Violation("fencing", "token " + token + " was written after " + greatest));
      }
      greatest = Math.max(greatest, token);
    }
    return violations;
  }

  private static List<Violation> acknowledged(List<Change> changes, List<Operation> history) {
    Set<Change> all = new HashSet<>(changes);
    return history.stream()
        .filter(operation -> operation.ok() && operation.kind() == Operation.Kind.PUT)
        .map(put -> new Change(Long.parseLong(put.result()), put.key(), put.value()))
        .filter(put -> !all.contains(put))
        .map(put -> new Violation("watch", "nobody was told of " + put))
        .toList();
  }
}
