package org.pgraft.bench;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.pgraft.cluster.Await;
import org.pgraft.cluster.LogsOnFailure;
import org.pgraft.cluster.ProcessUse;
import org.pgraft.cluster.Session;
import org.pgraft.cluster.TestCluster;
import org.pgraft.cluster.TestNode;

/**
 * What "make bench" measures and what does not depend on how busy the machine is: counts, and ratios of loads that take
 * turns, with limits far from what a quiet machine shows.
 */
@Tag("guard")
@ExtendWith(LogsOnFailure.class)
final class GuardTest {
  private static final int CLIENTS = 32;
  private static final int PUTS = 3200;
  private static final double SECONDS = 2;
  private static final int TURNS = 5;
  private static final String TERM = "SELECT pgraft_get_term()";

  private static TestCluster cluster;

  @BeforeAll
  static void start() throws Exception {
    cluster = TestCluster.started(3, Map.of("max_connections", "200"));
  }

  @AfterAll
  static void end() {
    if (cluster != null) {
      cluster.close();
    }
  }

  @Test
  void when_many_clients_put_at_once_then_they_share_log_entries() throws Exception {
    TestNode leader = cluster.leader();
    long before = leader.number("SELECT pgraft_log_append(pgraft_get_term(), 'before')");
    Sample sample = new PgBench(leader).runTimes(Bench.put(Bench.KEYS, Bench.VALUE_BYTES), CLIENTS, PUTS);
    long entries = leader.number("SELECT pgraft_log_append(pgraft_get_term(), 'after')") - before - 1;
    assertTrue(sample.done() == PUTS, () -> "not every put succeeded: " + sample);
    assertTrue(entries < PUTS / 4, () -> PUTS + " puts of " + CLIENTS + " clients took " + entries + " log entries");
  }

  @Test
  void when_the_lease_holder_is_read_then_it_costs_little_more_than_a_call_that_reads_nothing() throws Exception {
    Bench.fill(cluster.leader(), Bench.KEYS, Bench.VALUE_BYTES);
    List<Double> shares = new ArrayList<>();
    Await.until("gets and constants take turns on a node that leads throughout", () -> {
      TestNode leader = cluster.leader();
      long term = leader.number(TERM);
      Gets.makeConstant(leader);
      PgBench pgbench = new PgBench(leader);
      double share = pgbench.run(Gets.GET, 4, SECONDS).rate() / pgbench.run(Gets.CONSTANT, 4, SECONDS).rate();
      // a machine that stood still may have cost the node its office, and then its gets were forwarded
      if (cluster.leader() == leader && leader.number(TERM) == term) {
        shares.add(share);
      }
      return shares.size() == TURNS;
    });
    assertTrue(Sample.median(shares) > 0.5, () -> "gets reach " + shares + " of the rate of calls that read nothing");
  }

  @Test
  void when_a_node_has_settled_then_its_worker_is_small() throws Exception {
    try (TestCluster fresh = TestCluster.started(1)) {
      TestNode node = fresh.node(1);
      // without the archive of classes it is some 80 MB, and without the memory that is given back after the start 65 to 70
      Await.value("the worker's own memory, in kB", () -> ProcessUse.ofWorker(node).memory().anonymous(), kb -> kb < 64_000);
    }
  }

  @Test
  void when_nothing_is_asked_then_nothing_is_logged_in_the_raft_log() throws Exception {
    TestNode leader = cluster.leader();
    try (Session session = leader.connect()) {
      String last = "SELECT last_log_index FROM pgraft_node_status()";
      String rounds = "SELECT lease_rounds FROM pgraft_node_status()";
      // history that other tests have left may still be dropped at first
      Await.until("the lease is renewed a hundred times without an entry", () -> {
        long index = session.number(last);
        long begin = session.number(rounds);
        Await.until("it is renewed a hundred times", () -> session.number(rounds) >= begin + 100);
        return session.number(last) == index;
      });
    }
  }
}
