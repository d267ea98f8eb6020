package org.pgraft.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Nodes join and leave by SQL: pgraft_init, pgraft_add_node, pgraft_remove_node. */
final class MembershipTest extends ClusterTest {
  @Test
  void when_a_node_waits_for_longer_than_hang_timeout_then_it_goes_on_waiting_and_can_found_a_cluster() throws Exception {
    TestCluster cluster = untilTheEnd(TestCluster.waiting(1));
    TestNode node = cluster.node(1);
    node.set("pgraft.hang_timeout", "1s");
    node.restart();
    node.awaitState("WAITING");
    long worker = node.worker();
    Await.until("the worker is several times as old", () -> Long.parseLong(node.host().run("sh", "-c",
        "echo $(($(date +%s) - $(stat -c %Y /proc/$1)))", "sh", Long.toString(worker)).text().strip()) >= 6);
    assertEquals(worker, node.worker());
    assertTrue(node.truth("SELECT pgraft_init()"));
    assertTrue(TestCluster.leaderAmong(cluster.nodes()).leads());
  }

  @Test
  void when_a_cluster_is_founded_and_nodes_are_added_then_each_appears_on_all() throws Exception {
    TestCluster cluster = untilTheEnd(TestCluster.waiting(3));
    TestNode first = cluster.node(1);
    for (TestNode node : cluster.nodes()) {
      Await.until(node + " waits", () -> node.text("SELECT pgraft_get_worker_state()").equals("WAITING"));
      assertFalse(node.leads());
      assertEquals("55000", node.connect().failure("SELECT pgraft_kv_put('a', 'b')").getSQLState());
    }

    assertTrue(first.truth("SELECT pgraft_init()"));
    Await.until("the founder leads", first::leads);
    first.put("early", "written when alone");
    add(first, cluster.node(2));
    add(first, cluster.node(3));

    assertMembers(cluster, List.of(1, 2, 3));
    assertEquals("1", first.text("SELECT leader_id FROM pgraft_get_cluster_status()"));
    assertEquals("3", first.text("SELECT num_nodes FROM pgraft_get_cluster_status()"));
    for (TestNode node : cluster.nodes()) {
      assertEquals("written when alone", node.get("early"));
      node.put("from/" + node, "hello");
    }
    assertEquals(3, cluster.node(3).number("SELECT count(*) FROM pgraft_kv_list('from/')"));

    // they are voters: the cluster lives without its founder
    first.kill();
    TestNode next = TestCluster.leaderAmong(cluster.others(first));
    next.put("founder", "away");
    first.start();
    TestCluster.awaitLocal(first, "founder", "away");
    assertMembers(cluster, List.of(1, 2, 3));
    cluster.assertSameStores();
  }

  @Test
  void when_a_node_is_added_on_a_follower_then_it_becomes_a_member() throws Exception {
    TestCluster cluster = cluster(3);
    cluster.node(1).put("key", "value");
    TestNode fourth = cluster.oneMoreWaiting();
    add(cluster.follower(), fourth);
    assertMembers(cluster, List.of(1, 2, 3, 4));
    TestCluster.awaitLocal(fourth, "key", "value");
    fourth.put("key", "changed");
    assertEquals("changed", cluster.node(2).get("key"));

    fourth.restart();
    TestCluster.awaitLocal(fourth, "key", "changed");
    assertMembers(cluster, List.of(1, 2, 3, 4));
    cluster.assertSameStores();
  }

  @Test
  void when_a_follower_is_removed_then_the_others_go_on_without_it() throws Exception {
    TestCluster cluster = cluster(3, Map.of("pgraft.command_timeout", "2s"));
    TestNode leader = cluster.leader();
    TestNode removed = cluster.others(leader).get(0);
    TestNode kept = cluster.others(leader, removed).get(0);
    leader.put("key", "value");
    assertTrue(leader.truth("SELECT pgraft_remove_node(?)", removed.number()));

    for (TestNode node : List.of(leader, kept)) {
      assertMembersOf(node, List.of(leader.number(), kept.number()).stream().sorted().toList());
    }
    leader.put("key", "newer");
    assertEquals("newer", kept.get("key"));
    assertFalse(removed.leads());
    assertRefused(removed, "SELECT pgraft_kv_put('key', 'from outside')");
    assertRefused(removed, "SELECT pgraft_kv_get('key')");
    Await.value("the removed node says that it is a member no more", () -> failure(removed, "SELECT pgraft_init()"),
        message -> message.contains("takes part in its pgraft cluster no more"));
    String again = failure(leader, "SELECT pgraft_add_node(" + removed.number() + ", '" + removed.host().address()
        + "', " + removed.host().raftPort() + ")");
    assertTrue(again.contains("was removed from the cluster and has its old directory"), again);

    // it stays outside when it comes back
    removed.restart();
    assertRefused(removed, "SELECT pgraft_kv_put('key', 'from outside')");
    assertFalse(removed.leads());
    assertEquals("newer", leader.get("key"));
    assertMembersOf(leader, List.of(leader.number(), kept.number()).stream().sorted().toList());
  }

  @Test
  void when_a_node_is_removed_as_soon_as_it_was_added_then_it_stays_outside() throws Exception {
    TestCluster cluster = cluster(3);
    TestNode fourth = cluster.oneMoreWaiting();
    add(cluster.leader(), fourth);
    fourth.kill();
    TestNode leader = TestCluster.leaderAmong(cluster.others(fourth));
    assertTrue(leader.truth("SELECT pgraft_remove_node(4)"));

    fourth.start();
    Await.value("node 4 knows that it was removed",
        () -> fourth.text("SELECT worker_state || ': ' || message FROM pgraft_node_status()"),
        message -> message.startsWith("ERROR") && message.contains("node 4 was removed from the cluster"));
    assertRefused(fourth, "SELECT pgraft_init()");
    assertMembersOf(leader, List.of(1, 2, 3));
  }

  @Test
  @Tag("long")
  void when_a_removed_node_comes_back_under_its_id_then_its_earlier_silence_does_not_count() throws Exception {
    TestCluster cluster = cluster(3, Map.of("pgraft.command_timeout", "1min"));
    TestNode leader = cluster.leader();
    TestNode replaced = cluster.others(leader).get(0);
    TestNode fourth = cluster.oneMoreWaiting();
    add(leader, fourth);
    Await.until("it is heard", () -> leader.truth("SELECT reachable IS TRUE FROM pgraft_members() WHERE node_id = 4"));
    assertTrue(leader.truth("SELECT pgraft_remove_node(4)"));
    fourth.stop("fast");
    fourth.host().run("rm", "-rf", fourth.data() + "/pgraft.identity", fourth.engineData()).orFail("rm");
    fourth.start();
    fourth.awaitState("WAITING");

    assertTrue(leader.truth("SELECT pgraft_replace_node(?, ?, ?, ?)", replaced.number(), fourth.number(),
        fourth.host().address(), fourth.host().raftPort()));
    assertMembersOf(fourth, List.of(leader.number(), cluster.others(leader, replaced, fourth).get(0).number(), 4).stream().sorted().toList());
  }

  @Test
  void when_the_leader_is_removed_then_another_leads() throws Exception {
    TestCluster cluster = cluster(3, Map.of("pgraft.command_timeout", "5s"));
    TestNode removed = cluster.leader();
    List<TestNode> rest = cluster.others(removed);
    removed.put("key", "value");
    assertTrue(rest.get(0).truth("SELECT pgraft_remove_node(?)", removed.number()));
    TestNode next = TestCluster.leaderAmong(rest);
    Await.until("the removed node does not lead", () -> !removed.leads());
    next.put("key", "newer");
    assertEquals("newer", rest.get(1).get("key"));
    for (TestNode node : rest) {
      assertMembersOf(node, rest.stream().map(TestNode::number).toList());
    }
    Lease.assertDisjoint(cluster.nodes());
  }

  @Test
  void when_membership_is_changed_wrongly_then_a_clear_error_comes_and_nothing_changes() throws Exception {
    TestCluster cluster = cluster(3, Map.of("pgraft.command_timeout", "2s"));
    try (Session session = cluster.leader().connect()) {
      assertTrue(session.truth("SELECT pgraft_init()"), "a member already, and that is what was asked for");
      for (String arguments : List.of("0, '127.0.0.1', 7009", "-1, '127.0.0.1', 7009", "5, '', 7009",
          "5, '127.0.0.1', 0", "5, '127.0.0.1', 65536", "NULL, '127.0.0.1', 7009", "5, NULL, 7009",
          "5, '127.0.0.1', NULL")) {
        String state = session.failure("SELECT pgraft_add_node(" + arguments + ")").getSQLState();
        assertTrue(List.of("22023", "22004").contains(state), () -> arguments + " gave " + state);
      }
      for (String argument : List.of("0", "77", "NULL")) {
        session.failure("SELECT pgraft_remove_node(" + argument + ")");
      }
    }
    assertMembers(cluster, List.of(1, 2, 3));
  }

  @Test
  void when_a_node_that_does_not_run_is_added_then_the_cluster_goes_on() throws Exception {
    TestCluster cluster = cluster(3, Map.of("pgraft.command_timeout", "3s"));
    TestNode leader = cluster.leader();
    int nobody = Ports.take();
    try (Session session = leader.connect()) {
      String message = session.failure("SELECT pgraft_add_node(9, '127.0.0.1', " + nobody + ")").getMessage();
      assertTrue(message.contains("node 9 was not reached at 127.0.0.1:" + nobody), message);
      assertTrue(message.contains("It was not added: nothing listens there (connection refused)."), message);
      assertTrue(message.contains("pgraft.listen_address"), message);
    }
    cluster.leader().put("still", "writing");
    assertEquals("writing", cluster.node(1).get("still"));
    assertMembers(cluster, List.of(1, 2, 3));
  }

  @Test
  void when_a_node_waits_where_no_member_can_reach_it_then_log_and_status_say_so() throws Exception {
    TestCluster cluster = untilTheEnd(TestCluster.waiting(1));
    TestNode node = cluster.node(1);
    node.awaitState("WAITING");
    assertFalse(node.text("SELECT message FROM pgraft_node_status()").contains("cannot reach"));
    node.set("pgraft.listen_address", "127.0.0.1");
    node.set("pgraft.address", "10.0.0.9");
    node.restart();
    node.awaitState("WAITING");
    String why = "the other members cannot reach this node at 10.0.0.9: it listens on 127.0.0.1 only, see pgraft.listen_address";
    String message = node.text("SELECT message FROM pgraft_node_status()");
    assertTrue(message.startsWith("member of no cluster") && message.endsWith("; " + why), message);
    assertTrue(node.log().contains("pgraft: " + why), node::log);
  }

  private static void add(TestNode on, TestNode added) throws Exception {
    assertTrue(on.truth("SELECT pgraft_add_node(?, ?, ?)",
        added.number(), added.host().address(), added.host().raftPort()));
  }

  private static String failure(TestNode node, String sql) throws Exception {
    try (Session session = node.connect()) {
      return session.failure(sql).getMessage();
    }
  }

  private static void assertRefused(TestNode node, String sql) throws Exception {
    try (Session session = node.connect()) {
      String state = session.failure(sql).getSQLState();
      assertTrue(List.of("55000", "PGR01").contains(state), () -> sql + " on " + node + " gave " + state);
    }
  }

  private static void assertMembers(TestCluster cluster, List<Integer> ids) throws Exception {
    for (TestNode node : cluster.nodes()) {
      assertMembersOf(node, ids);
    }
  }

  private static void assertMembersOf(TestNode node, List<Integer> ids) throws Exception {
    String wanted = ids.stream().map(String::valueOf).toList().toString();
    Await.value(node + " has the members " + wanted,
        () -> node.rows("SELECT node_id FROM pgraft_get_nodes() ORDER BY 1").stream().map(row -> row.get(0))
            .toList().toString(),
        wanted::equals);
  }
}
