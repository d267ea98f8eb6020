package org.pgraft.chaos;

import java.sql.SQLException;
import java.util.Set;

/** What the SQLSTATE of a failed call says of its effect. */
final class Errors {
  private static final Set<String> NO_EFFECT = Set.of(
      "PGR01", // not accepted
      "55000", // not a member yet, no engine yet
      "08003"); // the driver knows that the connection is closed and sends nothing

  private static final Set<String> OPEN = Set.of(
      "08007", // the engine says so itself
      "08006", "57P01", "57P02"); // the connection or the server ended in the middle of the call

  /** There is no server, or one that is starting or stopping. */
  private static final Set<String> NO_CONNECTION = Set.of("08001", "08004", "57P03");

  /** The disk is full or fails: what writes files says so. */
  private static final Set<String> DISK = Set.of("53100", "58030");

  private static final Set<String> SESSION_GOES_ON = Set.of("PGR01", "55000", "08007");

  private Errors() {}

  static Operation.Outcome outcome(SQLException e) {
    return NO_EFFECT.contains(state(e)) ? Operation.Outcome.FAILED : Operation.Outcome.UNKNOWN;
  }

  /** Whether no fault explains that a call on an open session ends so. */
  static boolean surprising(SQLException e) {
    return !NO_EFFECT.contains(state(e)) && !OPEN.contains(state(e));
  }

  /** Whether no fault explains that what an operator asks for ends so. */
  static boolean surprisesOperator(SQLException e) {
    return surprising(e) && !NO_CONNECTION.contains(state(e)) && !DISK.contains(state(e));
  }

  static boolean sessionGoesOn(SQLException e) {
    return SESSION_GOES_ON.contains(state(e));
  }

  static String describe(SQLException e) {
    return state(e) + " " + String.valueOf(e.getMessage()).lines().findFirst().orElse("");
  }

  private static String state(SQLException e) {
    return String.valueOf(e.getSQLState());
  }
}
