package org.pgraft.chaos;

import java.util.List;

/** A counter that clients raise by compare-and-set was raised once for each acknowledged success. */
final class CounterChecker {
  private CounterChecker() {}

  /**
   * Checks the counter.
   *
   * @param history operations on it
   * @param last its value in the end, null if it does not exist
   */
  static List<Violation> check(List<Operation> history, String last) {
    List<Operation> raises = history.stream()
        .filter(operation -> operation.kind() == Operation.Kind.COMPARE_AND_SET).toList();
    long acknowledged = raises.stream().filter(raise -> raise.ok() && "t".equals(raise.result())).count();
    long unknown = raises.stream().filter(Operation::unknown).count();
    long count = last == null ? 0 : Long.parseLong(last);
    if (acknowledged <= count && count <= acknowledged + unknown) {
      return List.of();
    }
    return List.of(new Violation("counter", "it is " + count + " after " + acknowledged
        + " acknowledged increments and " + unknown + " of unknown outcome"));
  }
}
