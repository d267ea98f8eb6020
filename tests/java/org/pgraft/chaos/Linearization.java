package org.pgraft.chaos;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Looks for an order of the operations on one key that explains every answer: the search of Wing and Gong with
 * Lowe's memory of the configurations that led nowhere.
 *
 * <p>An operation whose outcome is unknown may be placed anywhere after its call, or nowhere. So that many of them
 * do not make the search endless, those with the same effect are placed in the order of their calls, which loses no
 * order, and values that no answer and no comparison mentions count as one value, since nothing tells them apart.
 */
final class Linearization {
  /** Configurations after which a history counts as undecided; an honest one needs a few thousand. */
  private static final int LIMIT = 1_000_000;
  private static final int ABSENT = 0;
  private static final int UNMENTIONED = 1;
  private static final int CONTEXT = 8;

  private final List<Operation> completed;
  private final List<List<Operation>> groups;
  private final Map<String, Integer> values = new HashMap<>();
  private final Set<Configuration> seen = new HashSet<>();
  private final Deque<Operation> path = new ArrayDeque<>();

  private int deepest = -1;
  private List<Operation> deepestPath = List.of();
  private List<Operation> stuck = List.of();

  private record Configuration(BitSet done, List<Integer> used, int value) {}

  /** The search was given up. */
  private static final class Undecided extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }

  private Linearization(List<Operation> operations) {
    List<Operation> relevant = operations.stream()
        .filter(operation -> operation.ok() || operation.unknown() && operation.writes())
        .sorted(Comparator.comparingLong(Operation::invoked)).toList();
    for (Operation operation : relevant) {
      if (operation.kind() == Operation.Kind.GET) {
        mention(operation.result());
      } else if (operation.kind() == Operation.Kind.COMPARE_AND_SET) {
        mention(operation.expected());
      }
    }
    completed = relevant.stream().filter(Operation::ok).toList();
    groups = List.copyOf(relevant.stream().filter(Operation::unknown)
        .collect(Collectors.groupingBy(operation -> List.of(operation.kind(), value(operation.expected()),
            value(operation.value())), LinkedHashMap::new, Collectors.toList()))
        .values());
  }

  /** Why the operations on one key, which does not exist at first, have no such order; empty if they have one. */
  static Optional<String> explain(List<Operation> operations) {
    Linearization search = new Linearization(operations);
    try {
      if (search.place(new BitSet(), 0, new int[search.groups.size()], ABSENT)) {
        return Optional.empty();
      }
    } catch (Undecided e) {
      return Optional.of("undecided after " + LIMIT + " configurations\n" + search.context(operations));
    }
    return Optional.of("no order of the operations explains the answers\n" + search.context(operations));
  }

  private void mention(String value) {
    if (value != null) {
      values.computeIfAbsent(value, key -> UNMENTIONED + 1 + values.size());
    }
  }

  private int value(String value) {
    return value == null ? ABSENT : values.getOrDefault(value, UNMENTIONED);
  }

  /** Places the rest, the first of which is not before a position; whether that is possible. */
  private boolean place(BitSet done, int from, int[] used, int value) {
    int first = done.nextClearBit(from);
    if (first >= completed.size()) {
      return true;
    }
    if (!seen.add(new Configuration((BitSet) done.clone(), boxed(used), value))) {
      return false;
    }
    if (seen.size() > LIMIT) {
      throw new Undecided();
    }
    List<Integer> next = candidates(done, first);
    long latest = next.stream().mapToLong(i -> completed.get(i).returned()).min().orElseThrow();
    remember(done, next);

    // what by its answer changes nothing, and fits now, may as well come now
    for (int i : next) {
      if (changesNothing(completed.get(i)) && after(completed.get(i), value) >= 0) {
        return placeCompleted(i, done, first, used, value);
      }
    }
    for (int i : next) {
      int changed = after(completed.get(i), value);
      if (changed >= 0 && placeCompleted(i, done, first, used, changed)) {
        return true;
      }
    }
    for (int g = 0; g < groups.size(); g++) {
      if (used[g] < groups.get(g).size() && placeUnknown(g, latest, done, first, used, value)) {
        return true;
      }
    }
    return false;
  }

  private boolean placeCompleted(int index, BitSet done, int first, int[] used, int value) {
    done.set(index);
    path.addLast(completed.get(index));
    boolean possible = place(done, first, used, value);
    path.removeLast();
    done.clear(index);
    return possible;
  }

  private boolean placeUnknown(int group, long latest, BitSet done, int first, int[] used, int value) {
    Operation operation = groups.get(group).get(used[group]);
    int changed = effect(operation, value);
    if (operation.invoked() > latest || changed == value) {
      return false;
    }
    used[group]++;
    path.addLast(operation);
    boolean possible = place(done, first, used, changed);
    path.removeLast();
    used[group]--;
    return possible;
  }

  /** Those that may be the next: called before any other of the rest returned. */
  private List<Integer> candidates(BitSet done, int first) {
    List<Integer> window = new ArrayList<>();
    long latest = Long.MAX_VALUE;
    for (int i = first; i < completed.size() && completed.get(i).invoked() <= latest; i = done.nextClearBit(i + 1)) {
      window.add(i);
      latest = Math.min(latest, completed.get(i).returned());
    }
    long limit = latest;
    window.removeIf(i -> completed.get(i).invoked() > limit);
    return window;
  }

  /** The value after an operation that gave its answer at this value; -1 if it would have given another. */
  private int after(Operation operation, int value) {
    boolean fits = switch (operation.kind()) {
      case PUT -> true;
      case GET -> value(operation.result()) == value;
      case COMPARE_AND_SET -> (value(operation.expected()) == value) == "t".equals(operation.result());
      case DELETE -> (value != ABSENT) == "t".equals(operation.result());
    };
    return fits ? effect(operation, value) : -1;
  }

  private static boolean changesNothing(Operation operation) {
    return !operation.writes() || operation.kind() != Operation.Kind.PUT && "f".equals(operation.result());
  }

  private int effect(Operation operation, int value) {
    return switch (operation.kind()) {
      case PUT -> value(operation.value());
      case GET -> value;
      case COMPARE_AND_SET -> value(operation.expected()) == value ? value(operation.value()) : value;
      case DELETE -> ABSENT;
    };
  }

  private static List<Integer> boxed(int[] numbers) {
    List<Integer> list = new ArrayList<>(numbers.length);
    for (int number : numbers) {
      list.add(number);
    }
    return list;
  }

  private void remember(BitSet done, List<Integer> next) {
    if (done.cardinality() > deepest) {
      deepest = done.cardinality();
      deepestPath = path.stream().skip(Math.max(0, path.size() - CONTEXT)).toList();
      stuck = next.stream().map(completed::get).toList();
    }
  }

  private String context(List<Operation> operations) {
    long beginning = operations.stream().mapToLong(Operation::invoked).min().orElse(0);
    return "  the longest order that explains answers places " + deepest + " of " + completed.size() + " and ends:\n"
        + lines(deepestPath, beginning)
        + "  and none of these can come next:\n" + lines(stuck, beginning)
        + "  outcome unknown: " + groups.stream().mapToInt(List::size).sum() + "\n"
        + lines(groups.stream().flatMap(List::stream).limit(CONTEXT).toList(), beginning);
  }

  private static String lines(List<Operation> operations, long beginning) {
    return operations.stream().map(operation -> "  " + operation.describe(beginning) + "\n")
        .collect(Collectors.joining());
  }
}
