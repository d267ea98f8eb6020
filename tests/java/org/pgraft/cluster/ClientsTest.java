package org.pgraft.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Many clients at once. */
final class ClientsTest extends ClusterTest {
  private static final int CLIENTS = 64;
  private static final int ROUNDS = 25;

  @Test
  void when_64_clients_write_on_one_node_then_each_gets_its_own_answer() throws Exception {
    TestCluster cluster = cluster(3);
    assertEachGetsItsOwn(cluster, List.of(cluster.follower()));
  }

  @Test
  void when_64_clients_write_on_all_nodes_then_each_gets_its_own_answer() throws Exception {
    TestCluster cluster = cluster(3);
    assertEachGetsItsOwn(cluster, cluster.nodes());
  }

  private static void assertEachGetsItsOwn(TestCluster cluster, List<TestNode> nodes) throws Exception {
    List<Integer> clients = new ArrayList<>();
    for (int i = 0; i < CLIENTS; i++) {
      clients.add(i);
    }
    List<Long> revisions = Collections.synchronizedList(new ArrayList<>());
    CountDownLatch ready = new CountDownLatch(CLIENTS);
    TestCluster.inParallel(clients, client -> {
      try (Session session = nodes.get(client % nodes.size()).connect()) {
        session.run("SET pgraft.command_timeout = '60s'");
        ready.countDown();
        assertTrue(ready.await(60, TimeUnit.SECONDS));
        for (int round = 0; round < ROUNDS; round++) {
          String key = "client/" + client + "/" + round;
          String value = "value " + client + "." + round + " " + "x".repeat(client * 40);
          revisions.add(session.number("SELECT pgraft_kv_put_revision(?, ?)", key, value));
          assertEquals(value, session.text("SELECT pgraft_kv_get(?)", key));
        }
      }
      return null;
    });

    assertEquals(CLIENTS * ROUNDS, new HashSet<>(revisions).size(), "each put has a revision of its own");
    for (TestNode node : cluster.nodes()) {
      assertEquals(CLIENTS * ROUNDS, node.number("SELECT count(*) FROM pgraft_kv_list('client/', NULL)"));
    }
    cluster.assertSameStores();
  }

  @Test
  void when_clients_go_away_while_they_wait_then_the_server_goes_on() throws Exception {
    TestCluster cluster = cluster(3);
    TestNode node = cluster.follower();
    for (TestNode other : cluster.others(node)) {
      other.kill();
    }
    List<Session> waiting = new ArrayList<>();
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      Session session = node.connect();
      session.run("SET pgraft.command_timeout = '60s'");
      waiting.add(session);
      Thread thread = new Thread(() -> session.failure("SELECT pgraft_kv_put('never', 'there')"), "waiting " + i);
      threads.add(thread);
      thread.start();
    }
    Await.until("20 wait", () -> node.number(
        "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%never%' AND state = 'active'"
            + " AND pid <> pg_backend_pid()") == 20);
    // half by force, half by a cancel
    node.rows("SELECT CASE WHEN row_number() OVER () % 2 = 0 THEN pg_terminate_backend(pid)"
        + " ELSE pg_cancel_backend(pid) END FROM pg_stat_activity"
        + " WHERE query LIKE '%never%' AND state = 'active' AND pid <> pg_backend_pid()");
    for (Thread thread : threads) {
      thread.join();
    }
    for (Session session : waiting) {
      session.close();
    }
    for (TestNode other : cluster.others(node)) {
      other.start();
    }
    cluster.leader();
    node.put("again", "works");
    assertEquals("works", node.get("again"));
  }
}
