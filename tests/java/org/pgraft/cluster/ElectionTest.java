package org.pgraft.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Nodes that name each other in initial_cluster form a cluster by themselves and agree on one leader. */
final class ElectionTest extends ClusterTest {
  @ParameterizedTest
  @ValueSource(ints = {1, 3, 5})
  void when_nodes_start_then_exactly_one_leads_and_all_name_it(int size) throws Exception {
    TestCluster cluster = cluster(size);
    int id = cluster.agreedLeader();
    TestNode leader = cluster.leader();

    assertEquals(leader.number(), id);
    for (TestNode node : cluster.nodes()) {
      List<String> status = node.rows(
          "SELECT node_id, leader_id, num_nodes, current_term > 0 FROM pgraft_get_cluster_status()").get(0);
      assertEquals(List.of(String.valueOf(node.number()), String.valueOf(id), String.valueOf(size), "t"), status);
      assertEquals(node == leader, node.leads(), node + " and is_leader");
    }
    leader.put("who", "leads");
    assertEquals("leads", cluster.node(size).get("who"));
    Lease.assertDisjoint(cluster.nodes());
  }

  @Test
  @Tag("long")
  void when_seven_nodes_start_then_exactly_one_leads_and_all_name_it() throws Exception {
    when_nodes_start_then_exactly_one_leads_and_all_name_it(7);
  }

  @Test
  void when_leadership_is_transferred_then_the_named_node_leads_and_leases_do_not_meet() throws Exception {
    TestCluster cluster = cluster(3);
    TestNode old = cluster.leader();
    TestNode next = cluster.others(old).get(0);
    old.put("before", "1");

    assertTrue(old.truth("SELECT pgraft_transfer_leadership(?)", next.number()));
    Await.until(next + " leads", next::leads);

    assertFalse(old.leads());
    assertEquals("1", next.get("before"));
    old.put("after", "2");
    assertEquals("2", next.get("after"));
    Lease.assertDisjoint(cluster.nodes());
  }

  @Test
  void when_the_leader_stops_in_good_order_then_another_leads_and_leases_do_not_meet() throws Exception {
    TestCluster cluster = cluster(3);
    TestNode old = cluster.leader();
    old.put("key", "value");
    old.stop("fast");
    TestNode next = TestCluster.leaderAmong(cluster.others(old));

    assertEquals("value", next.get("key"));
    next.put("key", "newer");
    old.start();
    TestCluster.awaitLocal(old, "key", "newer");
    // the history of a stopped node is in memory that ended with it; the others' must still be disjoint
    Lease.assertDisjoint(cluster.nodes());
  }

  @Test
  void when_only_one_of_three_runs_then_nobody_leads() throws Exception {
    TestCluster cluster = cluster(3, Map.of("pgraft.command_timeout", "1s"));
    TestNode alone = cluster.node(1);
    for (TestNode node : cluster.nodes()) {
      node.stop("fast");
    }
    alone.start();
    alone.awaitState("WAITING");

    assertEquals("PGR01", alone.connect().failure("SELECT pgraft_kv_put('a', 'b')").getSQLState());
    assertFalse(alone.leads());
    assertTrue(Lease.history(alone).isEmpty());

    cluster.node(2).start();
    TestCluster.leaderAmong(List.of(alone, cluster.node(2)));
    alone.awaitState("RUNNING");
    alone.put("a", "b");
    assertEquals("b", cluster.node(2).get("a"));
  }
}
