package org.pgraft.chaos;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Random;

/** Histories for the tests of the checkers: written by hand, or made by a register that works. */
final class Histories {
  static final String KEY = "key";

  private Histories() {}

  static Operation put(String value, long invoked, long returned) {
    return operation(Operation.Kind.PUT, null, value, invoked, returned, Operation.Outcome.OK, "1");
  }

  static Operation revision(long revision, long invoked, long returned) {
    return operation(Operation.Kind.PUT, null, "r" + revision, invoked, returned, Operation.Outcome.OK,
        Long.toString(revision));
  }

  static Operation unknownPut(String value, long invoked) {
    return operation(Operation.Kind.PUT, null, value, invoked, invoked + 1, Operation.Outcome.UNKNOWN, "08007");
  }

  static Operation failedPut(String value, long invoked) {
    return operation(Operation.Kind.PUT, null, value, invoked, invoked + 1, Operation.Outcome.FAILED, "PGR01");
  }

  static Operation get(String result, long invoked, long returned) {
    return operation(Operation.Kind.GET, null, null, invoked, returned, Operation.Outcome.OK, result);
  }

  static Operation set(String expected, String value, boolean result, long invoked, long returned) {
    return operation(Operation.Kind.COMPARE_AND_SET, expected, value, invoked, returned, Operation.Outcome.OK,
        result ? "t" : "f");
  }

  static Operation unknownSet(String expected, String value, long invoked) {
    return operation(Operation.Kind.COMPARE_AND_SET, expected, value, invoked, invoked + 1,
        Operation.Outcome.UNKNOWN, "08007");
  }

  static Operation delete(boolean result, long invoked, long returned) {
    return operation(Operation.Kind.DELETE, null, null, invoked, returned, Operation.Outcome.OK, result ? "t" : "f");
  }

  private static Operation operation(Operation.Kind kind, String expected, String value, long invoked, long returned,
      Operation.Outcome outcome, String result) {
    return new Operation(1, 1, kind, KEY, expected, value, invoked, returned, outcome, result);
  }

  /** What clients of a register that works may have seen: each call takes effect somewhere while it lasts. */
  static List<Operation> random(Random random, int clients, int calls) {
    record Call(Operation operation, long effect) {}
    List<Call> planned = new ArrayList<>();
    for (int client = 0; client < clients; client++) {
      long time = random.nextInt(20);
      for (int i = 0; i < calls; i++) {
        long returned = time + 1 + random.nextInt(40);
        boolean unknown = random.nextInt(20) == 0;
        long last = unknown ? returned + random.nextInt(300) : returned;
        planned.add(new Call(draw(random, client + "." + i, time, returned, unknown),
            time + random.nextInt((int) (last - time) + 1)));
        time = returned + random.nextInt(30);
      }
    }
    planned.sort(Comparator.comparingLong(Call::effect));
    List<Operation> history = new ArrayList<>();
    String value = null;
    List<String> written = new ArrayList<>();
    for (Call call : planned) {
      Operation operation = call.operation();
      if (operation.kind() == Operation.Kind.COMPARE_AND_SET && !written.isEmpty() && random.nextInt(3) == 0) {
        operation = expecting(operation, written.get(random.nextInt(written.size())));
      } else if (operation.kind() == Operation.Kind.COMPARE_AND_SET) {
        operation = expecting(operation, value);
      }
      boolean effect = !operation.unknown() || random.nextBoolean();
      String result = answer(operation, value);
      if (effect && operation.writes() && !"f".equals(result)) {
        value = operation.value();
        written.add(value);
      }
      history.add(answered(operation, operation.unknown() ? "08007" : result));
    }
    history.sort(Comparator.comparingLong(Operation::invoked));
    return history;
  }

  private static Operation draw(Random random, String value, long invoked, long returned, boolean unknown) {
    int draw = random.nextInt(10);
    Operation.Kind kind = draw < 4 ? Operation.Kind.GET : draw < 7 ? Operation.Kind.PUT
        : draw < 9 ? Operation.Kind.COMPARE_AND_SET : Operation.Kind.DELETE;
    boolean valued = kind == Operation.Kind.PUT || kind == Operation.Kind.COMPARE_AND_SET;
    return operation(kind, null, valued ? value : null, invoked, returned,
        unknown ? Operation.Outcome.UNKNOWN : Operation.Outcome.OK, null);
  }

  private static String answer(Operation operation, String value) {
    return switch (operation.kind()) {
      case PUT -> "1";
      case GET -> value;
      case DELETE -> value == null ? "f" : "t";
      case COMPARE_AND_SET -> Objects.equals(operation.expected(), value) ? "t" : "f";
    };
  }

  private static Operation expecting(Operation operation, String expected) {
    return operation(operation.kind(), expected, operation.value(), operation.invoked(), operation.returned(),
        operation.outcome(), operation.result());
  }

  /** The same operation with another answer. */
  static Operation answered(Operation operation, String result) {
    return operation(operation.kind(), operation.expected(), operation.value(), operation.invoked(),
        operation.returned(), operation.outcome(), result);
  }
}
