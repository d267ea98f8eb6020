package org.pgraft.chaos;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.pgraft.chaos.Histories.failedPut;
import static org.pgraft.chaos.Histories.get;
import static org.pgraft.chaos.Histories.put;
import static org.pgraft.chaos.Histories.revision;
import static org.pgraft.chaos.Histories.set;
import static org.pgraft.chaos.Histories.unknownPut;
import static org.pgraft.chaos.Histories.unknownSet;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.pgraft.cluster.Lease;

/** The checkers beside that of single keys. */
final class CheckersTest {
  @Test
  void revisions_follow_the_order_of_time() {
    assertEquals(0, RevisionChecker.check(List.of(revision(1, 0, 1), revision(2, 2, 3), revision(7, 4, 5))).size());
    assertEquals(0, RevisionChecker.check(List.of(revision(2, 0, 5), revision(1, 1, 4))).size());
    assertEquals(1, RevisionChecker.check(List.of(revision(2, 0, 1), revision(1, 2, 3))).size());
    assertEquals(1, RevisionChecker.check(List.of(revision(3, 0, 1), revision(1, 10, 30), revision(2, 5, 20)))
        .stream().filter(violation -> violation.what().contains("lower")).count());
  }

  @Test
  void revisions_belong_to_one_write() {
    assertEquals(1, RevisionChecker.check(List.of(revision(1, 0, 5), revision(1, 1, 4))).size());
  }

  @Test
  void a_lock_is_held_by_one_at_a_time_and_tokens_grow() {
    Hold first = new Hold(1, 10, 0, 100);
    assertEquals(1, LockChecker.check(List.of(first, new Hold(2, 11, 100, 200), new Hold(1, 12, 150, 160))).size());
    assertEquals(0, LockChecker.check(List.of(new Hold(2, 11, 100, 200), first)).size());
    assertEquals(1, LockChecker.check(List.of(first, new Hold(2, 11, 99, 200))).size());
    assertEquals(1, LockChecker.check(List.of(first, new Hold(2, 9, 100, 200))).size());
  }

  @Test
  void watches_tell_of_every_change_once_in_order_and_alike() {
    Watcher.Change one = new Watcher.Change(1, "key", "a");
    Watcher.Change two = new Watcher.Change(2, "key", null);
    List<Operation> history = List.of(revision(1, 0, 1));
    Watcher.Change put = new Watcher.Change(1, history.get(0).key(), history.get(0).value());
    assertEquals(0, WatchChecker.check(Map.of("n1", List.of(put, two)), history, "f").size());
    assertEquals(1, WatchChecker.check(Map.of("n1", List.of(two)), history, "f").size());
    assertEquals(1, WatchChecker.check(Map.of("n1", List.of(one, two), "n2", List.of(one)), List.of(), "f").size());
    assertEquals(1, WatchChecker.check(Map.of("n1", List.of(one, one)), List.of(), "f").size());
    assertEquals(1, WatchChecker.check(Map.of("n1", List.of(two, one)), List.of(), "f").size());
  }

  @Test
  void tokens_do_not_go_back() {
    Watcher.Change five = new Watcher.Change(1, "f", "5");
    assertEquals(0, WatchChecker.check(Map.of("n1", List.of(five, new Watcher.Change(2, "f", "5"))), List.of(), "f").size());
    assertEquals(1, WatchChecker.check(Map.of("n1", List.of(five, new Watcher.Change(2, "f", "4"))), List.of(), "f").size());
  }

  @Test
  void a_node_votes_once_in_a_term() {
    Candidate.Answer granted = new Candidate.Answer(true, 7);
    Candidate.Answer refused = new Candidate.Answer(false, 7);
    assertEquals(0, VoteChecker.check("n1", 7, granted, refused).size());
    assertEquals(0, VoteChecker.check("n1", 7, refused, granted).size());
    assertEquals(1, VoteChecker.check("n1", 7, granted, granted).size());
  }

  @Test
  void acknowledged_writes_are_kept_and_failed_ones_never_appear() {
    assertEquals(0, kept(List.of(put("a", 0, 1)), Map.of("key", "a")));
    assertEquals(1, kept(List.of(put("a", 0, 1)), Map.of()));
    assertEquals(1, kept(List.of(put("a", 0, 1)), Map.of("key", "b")));
    assertEquals(0, kept(List.of(unknownPut("a", 0)), Map.of()));
    assertEquals(0, kept(List.of(unknownPut("a", 0)), Map.of("key", "a")));
    assertEquals(0, kept(List.of(failedPut("a", 0)), Map.of()));
    assertEquals(1, kept(List.of(failedPut("a", 0)), Map.of("key", "a")));
  }

  @Test
  void writes_are_kept_on_each_node() {
    assertEquals(1, KeptWritesChecker.check(List.of(put("a", 0, 1)),
        Map.of("n1", Map.of("key", "a"), "n2", Map.of())).size());
  }

  @Test
  void a_counter_counts_each_success_once() {
    List<Operation> history = List.of(get(null, 0, 1), set(null, "1", true, 2, 3), set("1", "2", true, 4, 5),
        set("1", "2", false, 4, 6), unknownSet("2", "3", 7));
    assertEquals(1, CounterChecker.check(history, null).size());
    assertEquals(1, CounterChecker.check(history, "1").size());
    assertEquals(0, CounterChecker.check(history, "2").size());
    assertEquals(0, CounterChecker.check(history, "3").size());
    assertEquals(1, CounterChecker.check(history, "4").size());
    assertEquals(0, CounterChecker.check(List.of(), null).size());
  }

  @Test
  void terms_and_revisions_do_not_go_back_while_a_worker_lives() {
    assertEquals(0, ProgressChecker.check(List.of(new Sample(1, "a", 0, 1, 5), new Sample(1, "a", 1, 2, 5))).size());
    assertEquals(1, ProgressChecker.check(List.of(new Sample(1, "a", 0, 2, 5), new Sample(1, "a", 1, 1, 5))).size());
    assertEquals(1, ProgressChecker.check(List.of(new Sample(1, "a", 0, 1, 5), new Sample(1, "a", 1, 2, 4))).size());
    assertEquals(0, ProgressChecker.check(List.of(new Sample(1, "a", 0, 1, 5), new Sample(1, "b", 1, 1, 4))).size());
    assertEquals(0, ProgressChecker.check(List.of(new Sample(1, "a", 0, 1, 5), new Sample(2, "a", 1, 1, 4))).size());
  }

  @Test
  void leases_of_different_nodes_do_not_meet() {
    LeaseLedger ledger = new LeaseLedger();
    ledger.add(new Lease(1, 1, 10, 20), false, 30);
    ledger.add(new Lease(2, 2, 20, 30), false, 30);
    assertEquals(0, ledger.check().size());
    ledger.add(new Lease(3, 3, 29, 40), false, 50);
    assertEquals(1, ledger.check().size());
  }

  @Test
  void a_lease_that_runs_counts_until_it_was_seen() {
    LeaseLedger ledger = new LeaseLedger();
    ledger.add(new Lease(1, 1, 10, 100), true, 20);
    ledger.add(new Lease(2, 2, 25, 90), false, 95);
    assertEquals(0, ledger.check().size());
    ledger.add(new Lease(1, 1, 10, 100), true, 30);
    assertEquals(1, ledger.check().size());
    // it was given up before
    ledger.add(new Lease(1, 1, 10, 22), false, 95);
    assertEquals(0, ledger.check().size());
  }

  @Test
  void logs_tell_of_panics_and_of_crashes_that_no_fault_explains() {
    String crash = "LOG:  server process (PID 1) was terminated by signal 11: Segmentation fault";
    assertEquals(0, LogChecker.check("n1", "LOG:  all is well\n", false).size());
    assertEquals(1, LogChecker.check("n1", crash + "\n", false).size());
    assertEquals(0, LogChecker.check("n1", crash + "\n", true).size());
    assertEquals(2, LogChecker.check("n1", "PANIC:  no\nLOG:  yes\nTRAP: FailedAssertion\n", true).size());
  }

  private static int kept(List<Operation> history, Map<String, String> store) {
    return KeptWritesChecker.check(history, Map.of("n1", store)).size();
  }
}
