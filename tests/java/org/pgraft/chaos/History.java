package org.pgraft.chaos;

import java.util.Comparator;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Collectors;

/** What the clients of one round did. Any thread may add to it. */
final class History {
  private final Queue<Operation> operations = new ConcurrentLinkedQueue<>();
  private final Queue<String> surprises = new ConcurrentLinkedQueue<>();

  void add(Operation operation) {
    operations.add(operation);
  }

  /** Notes an error that none of the clients' calls should ever get. */
  void addSurprise(String error) {
    surprises.add(error);
  }

  /** All operations in the order of their calls. */
  List<Operation> operations() {
    return operations.stream().sorted(Comparator.comparingLong(Operation::invoked)).toList();
  }

  List<String> surprises() {
    return List.copyOf(surprises);
  }

  long count(Operation.Outcome outcome) {
    return operations.stream().filter(operation -> operation.outcome() == outcome).count();
  }

  /** The whole of it as text. */
  String describe() {
    List<Operation> sorted = operations();
    long beginning = sorted.isEmpty() ? 0 : sorted.get(0).invoked();
    return sorted.stream().map(operation -> operation.describe(beginning)).collect(Collectors.joining("\n", "", "\n"));
  }
}
