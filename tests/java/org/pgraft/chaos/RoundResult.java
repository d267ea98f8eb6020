package org.pgraft.chaos;

import java.util.List;
import java.util.OptionalDouble;

/**
 * What a round came to.
 *
 * @param bit whether the fault was seen to happen
 * @param evidence what shows it, or why it did not
 * @param recovery seconds from the end of the fault until a majority accepted a write, if it did
 */
record RoundResult(int number, String fault, boolean bit, String evidence, OptionalDouble recovery,
    List<Violation> violations, History history) {
  boolean failed() {
    return !bit || !violations.isEmpty();
  }

  @Override
  public String toString() {
    return String.format("round %d, %s: %s (%s), recovery %s, %d ok, %d failed, %d unknown, %d violations",
        number, fault, bit ? "bit" : "DID NOT BITE", evidence,
        recovery.isPresent() ? String.format("%.1f s", recovery.getAsDouble()) : "none",
        history.count(Operation.Outcome.OK), history.count(Operation.Outcome.FAILED),
        history.count(Operation.Outcome.UNKNOWN), violations.size());
  }
}
