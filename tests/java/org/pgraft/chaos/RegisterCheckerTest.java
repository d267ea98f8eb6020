package org.pgraft.chaos;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.pgraft.chaos.Histories.delete;
import static org.pgraft.chaos.Histories.failedPut;
import static org.pgraft.chaos.Histories.get;
import static org.pgraft.chaos.Histories.put;
import static org.pgraft.chaos.Histories.set;
import static org.pgraft.chaos.Histories.unknownPut;
import static org.pgraft.chaos.Histories.unknownSet;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;

final class RegisterCheckerTest {
  @Test
  void when_nothing_happened_then_nothing_is_wrong() {
    good();
  }

  @Test
  void when_reads_see_the_last_write_then_it_is_good() {
    good(get(null, 0, 1), put("a", 2, 3), get("a", 4, 5), put("b", 6, 7), get("b", 8, 9), delete(true, 10, 11),
        get(null, 12, 13), delete(false, 14, 15));
  }

  @Test
  void when_a_read_and_a_write_overlap_then_either_answer_is_good() {
    good(put("a", 0, 1), put("b", 2, 10), get("a", 3, 4), get("b", 5, 6));
    good(put("a", 0, 1), put("b", 2, 10), get("b", 3, 4));
  }

  @Test
  void when_a_read_goes_back_while_a_write_lasts_then_it_is_bad() {
    bad(put("a", 0, 1), put("b", 2, 10), get("b", 3, 4), get("a", 5, 6));
  }

  @Test
  void when_a_read_is_stale_then_it_is_bad() {
    bad(put("a", 0, 1), put("b", 2, 3), get("a", 4, 5));
  }

  @Test
  void when_an_acknowledged_write_is_lost_then_it_is_bad() {
    bad(put("a", 0, 1), get(null, 2, 3));
  }

  @Test
  void when_a_value_comes_from_nowhere_then_it_is_bad() {
    bad(put("a", 0, 1), get("b", 2, 3));
  }

  @Test
  void when_a_read_sees_a_write_before_its_call_then_it_is_bad() {
    bad(get("a", 0, 1), put("a", 2, 3));
  }

  @Test
  void when_two_succeed_to_replace_one_value_then_it_is_bad() {
    bad(put("a", 0, 1), set("a", "b", true, 2, 9), set("a", "c", true, 3, 8));
  }

  @Test
  void when_one_of_two_succeeds_to_replace_a_value_then_it_is_good() {
    good(put("a", 0, 1), set("a", "b", true, 2, 9), set("a", "c", false, 3, 8), get("b", 10, 11));
  }

  @Test
  void when_two_succeed_to_create_a_key_then_it_is_bad() {
    bad(set(null, "b", true, 0, 9), set(null, "c", true, 1, 8));
  }

  @Test
  void when_a_comparison_fails_with_the_right_value_then_it_is_bad() {
    bad(put("a", 0, 1), set("a", "b", false, 2, 3));
  }

  @Test
  void when_a_refused_comparison_takes_effect_then_it_is_bad() {
    bad(put("a", 0, 1), set("x", "b", false, 2, 3), get("b", 4, 5));
  }

  @Test
  void when_an_unknown_write_appears_late_then_it_is_good() {
    good(put("a", 0, 1), unknownPut("b", 2), get("a", 10, 11), get("a", 20, 21), get("b", 100, 101));
  }

  @Test
  void when_an_unknown_write_never_appears_then_it_is_good() {
    good(put("a", 0, 1), unknownPut("b", 2), get("a", 10, 11));
  }

  @Test
  void when_an_unknown_write_appears_and_disappears_then_it_is_bad() {
    bad(put("a", 0, 1), unknownPut("b", 2), get("b", 10, 11), get("a", 20, 21));
  }

  @Test
  void when_an_unknown_write_appears_before_its_call_then_it_is_bad() {
    bad(get("b", 0, 1), unknownPut("b", 2));
  }

  @Test
  void when_an_unknown_write_explains_a_refusal_then_it_is_good() {
    good(put("a", 0, 1), unknownPut("b", 2), set("a", "c", false, 10, 11));
    bad(put("a", 0, 1), set("a", "c", false, 10, 11), unknownPut("b", 12));
  }

  @Test
  void when_an_unknown_comparison_succeeds_twice_then_it_is_bad() {
    good(put("a", 0, 1), unknownSet("a", "b", 2), get("b", 10, 11), put("a2", 12, 13), get("a2", 14, 15));
    bad(put("a", 0, 1), unknownSet("a", "b", 2), get("b", 10, 11), put("a", 12, 13), get("b", 14, 15));
  }

  @Test
  void when_a_failed_write_appears_then_it_is_bad() {
    good(put("a", 0, 1), failedPut("b", 2), get("a", 10, 11));
    bad(put("a", 0, 1), failedPut("b", 2), get("b", 10, 11));
  }

  @Test
  void when_many_outcomes_are_unknown_then_it_is_still_decided() {
    List<Operation> history = new ArrayList<>();
    history.add(put("a", 0, 1));
    IntStream.range(0, 60).forEach(i -> history.add(unknownPut("u" + i, 2 + i)));
    for (int i = 0; i < 100; i++) {
      history.add(put("b" + i, 1_000 + 10 * i, 1_003 + 10 * i));
      history.add(get("b" + i, 1_004 + 10 * i, 1_005 + 10 * i));
    }
    good(history.toArray(Operation[]::new));
    history.add(get("a", 5_000, 5_001));
    bad(history.toArray(Operation[]::new));
  }

  @Test
  void when_one_of_two_keys_is_wrong_then_it_is_named() {
    Operation other = new Operation(2, 2, Operation.Kind.GET, "other", null, null, 4, 5, Operation.Outcome.OK, "a");
    List<Violation> violations = RegisterChecker.check(List.of(put("a", 0, 1), get("a", 2, 3), other));
    assertEquals(1, violations.size());
    assertTrue(violations.get(0).what().startsWith("other: no order"), violations::toString);
  }

  @RepeatedTest(200)
  void when_a_register_works_then_its_history_is_good_and_with_one_wrong_read_it_is_bad(RepetitionInfo repetition) {
    Random random = new Random(repetition.getCurrentRepetition());
    List<Operation> history = Histories.random(random, 2 + random.nextInt(5), 5 + random.nextInt(40));
    assertEquals(List.of(), RegisterChecker.check(history));

    List<Integer> reads = IntStream.range(0, history.size())
        .filter(i -> history.get(i).ok() && history.get(i).kind() == Operation.Kind.GET).boxed().toList();
    if (!reads.isEmpty()) {
      List<Operation> wrong = new ArrayList<>(history);
      int read = reads.get(random.nextInt(reads.size()));
      wrong.set(read, Histories.answered(history.get(read), "never written"));
      assertEquals(1, RegisterChecker.check(wrong).size());
      overwritten(history, history.get(read)).ifPresent(value -> {
        wrong.set(read, Histories.answered(history.get(read), value));
        assertEquals(1, RegisterChecker.check(wrong).size());
      });
    }
  }

  /** A value that was certainly replaced before a read began. */
  private static Optional<String> overwritten(List<Operation> history, Operation read) {
    List<Operation> puts = history.stream()
        .filter(operation -> operation.ok() && operation.kind() == Operation.Kind.PUT).toList();
    return puts.stream().filter(put -> puts.stream().anyMatch(next ->
        put.returned() < next.invoked() && next.returned() < read.invoked())).map(Operation::value).findFirst();
  }

  private static void good(Operation... history) {
    assertEquals(List.of(), RegisterChecker.check(List.of(history)));
  }

  private static void bad(Operation... history) {
    List<Violation> violations = RegisterChecker.check(List.of(history));
    assertEquals(1, violations.size());
    assertTrue(violations.get(0).what().contains("no order of the operations"), violations::toString);
  }
}
