package org.pgraft.chaos;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Each key by itself is linearizable, reads included. */
final class RegisterChecker {
  private RegisterChecker() {}

  static List<Violation> check(List<Operation> history) {
    List<Violation> violations = new ArrayList<>();
    history.stream().collect(Collectors.groupingBy(Operation::key, TreeMap::new, Collectors.toList()))
        .forEach((key, operations) -> Linearization.explain(operations)
            .ifPresent(why -> violations.add(new Violation("linearizability", key + ": " + why))));
    return violations;
  }
}
