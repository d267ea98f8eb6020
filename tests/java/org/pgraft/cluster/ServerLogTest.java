package org.pgraft.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** What the engine writes into the server's log: little, and never what users keep in the store. */
final class ServerLogTest extends ClusterTest {
  private static final String SECRET = "what-nobody-else-may-read";

  /** What PauseWatch says. */
  private static final Pattern PAUSE =
      Pattern.compile("the worker was kept from running for |the Java collector stopped the worker for ");

  @Test
  void when_the_cluster_ticks_and_writes_then_no_line_is_logged() throws Exception {
    TestCluster cluster = cluster(3);
    TestNode leader = cluster.leader();
    for (TestNode node : cluster.nodes()) {
      node.put("from/" + node, "before");
    }
    Map<TestNode, String> before = new HashMap<>();
    for (TestNode node : cluster.nodes()) {
      before.put(node, node.log());
    }
    String rounds = "SELECT lease_rounds FROM pgraft_node_status()";
    long begin = leader.number(rounds);
    for (TestNode node : cluster.nodes()) {
      try (Session session = node.connect()) {
        for (int i = 0; i < 100; i++) {
          session.run("SELECT pgraft_kv_put(?, 'value')", "from/" + node + "/" + i);
        }
      }
    }
    Await.until("the lease was renewed fifty times", () -> leader.number(rounds) >= begin + 50);
    for (TestNode node : cluster.nodes()) {
      assertEquals("", withoutPauses(node.log().substring(before.get(node).length())), node + " logged something");
    }
  }

  /** On a busy machine the worker stands still for longer than it keeps to itself: that is not the cluster's work. */
  private static String withoutPauses(String log) {
    return log.lines().filter(line -> !PAUSE.matcher(line).find()).collect(Collectors.joining("\n"));
  }

  @Test
  void when_everything_is_logged_then_values_are_not() throws Exception {
    // PostgreSQL itself would show the statement that fails
    TestCluster cluster =
        cluster(3, Map.of("pgraft.log_level", "debug", "log_min_error_statement", "panic"));
    for (TestNode node : cluster.nodes()) {
      try (Session session = node.connect()) {
        session.run("SELECT pgraft_kv_put('put', ?)", SECRET);
        session.run("SELECT pgraft_kv_compare_and_set('put', ?, ?)", SECRET, SECRET + "!");
        session.run("SELECT pgraft_kv_put_many(ARRAY['many'], ARRAY[?])", SECRET);
        session.run("SELECT pgraft_kv_txn('[]', jsonb_build_array(jsonb_build_object('op', 'put', 'key', 'txn',"
            + " 'value', ?::text)))", SECRET);
        session.run("SELECT pgraft_log_append(pgraft_get_term(), ?)", SECRET);
        session.failure("SELECT pgraft_kv_put(repeat('k', 481), ?)", SECRET);
        session.run("SELECT pgraft_kv_list()");
      }
    }
    TestNode killed = cluster.leader();
    assertTrue(killed.truth("SELECT pgraft_snapshot() > 0"));
    killed.kill();
    TestCluster.leaderAmong(cluster.others(killed)).put("after", SECRET);
    killed.start();
    TestCluster.awaitLocal(killed, "after", SECRET);

    for (TestNode node : cluster.nodes()) {
      String log = node.log();
      assertTrue(log.contains("is registered"), node + " logs what it does");
      assertFalse(log.contains(SECRET), node + " logged a value");
    }
  }
}
