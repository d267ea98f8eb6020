package org.pgraft.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/** Members change while clients write, while members are dead, and while the network is cut. */
final class ReconfigurationTest extends ClusterTest {
  @Test
  void when_members_are_added_replaced_and_removed_under_load_then_nothing_is_lost() throws Exception {
    TestCluster cluster = cluster(3, Map.of("pgraft.command_timeout", "30s"));
    TestNode first = cluster.leader();
    List<TestNode> staying = cluster.others(first);
    TestNode fourth = cluster.oneMoreWaiting();
    TestNode fifth = cluster.oneMoreWaiting();
    Load load = Load.during(staying, 4, writing -> {
      writing.awaitMore(20);
      assertTrue(add(staying.get(0), fourth));
      assertMembers(staying, List.of(1, 2, 3, 4));
      writing.awaitMore(20);

      transfer(first, staying.get(0));
      writing.awaitMore(20);
      transfer(staying.get(0), first);
      writing.awaitMore(20);

      fourth.kill();
      assertTrue(replace(staying.get(1), fourth, fifth), "a dead member is replaced");
      assertMembers(staying, List.of(1, 2, 3, 5));
      assertTrue(replace(staying.get(1), fourth, fifth), "asking for what is so already");
      writing.awaitMore(20);

      // the leader is replaced as well, and its sessions are told
      assertTrue(first.truth("SELECT pgraft_remove_node(?)", first.number()));
      assertMembers(staying, ids(staying, fifth));
      try (Session session = first.connect()) {
        session.run("SET pgraft.command_timeout = '2s'");
        SQLException failure = session.failure("SELECT pgraft_kv_put('from', 'outside')");
        assertTrue(List.of("55000", "PGR01").contains(failure.getSQLState()), failure::getMessage);
      }
      writing.awaitMore(20);
      assertTrue(staying.get(0).truth("SELECT pgraft_remove_node(5)"));
      assertMembers(staying, ids(staying));
      writing.awaitMore(20);
    });
    assertEquals(0, load.errors(), "no client of a member that stayed saw an error");
    load.assertKept(staying);
    TestCluster.assertSameStores(staying);
    Lease.assertDisjoint(List.of(staying.get(0), staying.get(1), first, fifth));
  }

  @Test
  void when_one_of_three_is_dead_then_changes_that_count_on_it_are_refused_and_replacing_it_works() throws Exception {
    TestCluster cluster = cluster(3, Map.of("pgraft.command_timeout", "30s"));
    TestNode newcomer = cluster.oneMoreWaiting();
    TestNode dead = cluster.others(cluster.leader(), newcomer).get(0);
    List<TestNode> alive = cluster.others(dead, newcomer);
    dead.kill();
    TestNode leader = TestCluster.leaderAmong(alive);
    TestNode follower = cluster.others(dead, newcomer, leader).get(0);
    Await.until("the leader knows that " + dead + " is down",
        () -> leader.text("SELECT health FROM pgraft.cluster_health WHERE member = ?", dead.number())
            .equals("unreachable"));
    Load load = Load.during(alive, 2, writing -> {
      for (String refused : List.of(
          "SELECT pgraft_remove_node(" + follower.number() + ")",
          "SELECT pgraft_remove_node(" + leader.number() + ")",
          "SELECT pgraft_add_node(" + newcomer.place() + ")",
          "SELECT pgraft_replace_node(" + follower.number() + ", " + newcomer.place() + ")")) {
        for (TestNode node : alive) {
          try (Session session = node.connect()) {
            SQLException failure = session.failure(refused);
            assertEquals("55000", failure.getSQLState(), () -> refused + ": " + failure.getMessage());
            assertTrue(failure.getMessage().contains("can be counted on, which is no majority"), failure::getMessage);
          }
        }
      }
      assertMembers(alive, List.of(1, 2, 3));
      assertTrue(replace(follower, dead, newcomer));
      writing.awaitMore(20);
    });
    assertEquals(0, load.errors());
    List<TestNode> members = List.of(leader, follower, newcomer);
    assertMembers(members, ids(members));
    load.assertKept(members);

    dead.start();
    assertOutside(dead);
    TestCluster.assertSameStores(members);
    // all three run, so each change is allowed
    assertTrue(leader.truth("SELECT pgraft_remove_node(?)", newcomer.number()));
    assertMembers(alive, ids(alive));
  }

  @Test
  void when_a_dead_member_is_removed_then_the_others_are_a_cluster_of_two() throws Exception {
    TestCluster cluster = cluster(3, Map.of("pgraft.command_timeout", "30s"));
    TestNode dead = cluster.follower();
    List<TestNode> alive = cluster.others(dead);
    dead.kill();
    assertTrue(alive.get(0).truth("SELECT pgraft_remove_node(?)", dead.number()));
    assertMembers(alive, ids(alive));
    alive.get(1).put("two", "are enough");

    TestNode newcomer = cluster.oneMoreWaiting();
    assertTrue(add(alive.get(1), newcomer));
    List<TestNode> members = new ArrayList<>(alive);
    members.add(newcomer);
    assertMembers(members, ids(members));
    TestCluster.assertSameStores(members);
  }

  @Test
  void when_members_change_during_a_partition_then_those_cut_off_learn_it_afterwards() throws Exception {
    TestCluster cluster = cluster(5, Map.of("pgraft.command_timeout", "30s"));
    cluster.whyNotCut().ifPresent(why -> Assumptions.abort(why));
    TestNode newcomer = cluster.oneMoreWaiting();
    TestNode leader = cluster.leader();
    List<TestNode> followers = cluster.others(leader, newcomer);
    TestNode replaced = followers.get(0);
    TestNode cutOff = followers.get(1);
    List<TestNode> majority = List.of(leader, followers.get(2), followers.get(3));
    cluster.cutOff(replaced);
    cluster.cutOff(cutOff);
    Load load = Load.during(majority, 3, writing -> {
      writing.awaitMore(20);
      try (Session session = cutOff.connect()) {
        session.run("SET pgraft.command_timeout = '2s'");
        SQLException failure = session.failure("SELECT pgraft_remove_node(?)", leader.number());
        assertTrue(List.of("PGR01", "08007").contains(failure.getSQLState()), failure::getMessage);
      }
      assertTrue(replace(majority.get(1), replaced, newcomer));
      writing.awaitMore(20);
      cluster.heal();
      List<TestNode> members = new ArrayList<>(majority);
      members.add(cutOff);
      members.add(newcomer);
      assertMembers(members, ids(members));
      writing.awaitMore(20);
    });
    List<TestNode> members = new ArrayList<>(majority);
    members.add(cutOff);
    members.add(newcomer);
    load.assertKept(members);
    TestCluster.assertSameStores(members);
    assertOutside(replaced);
    Lease.assertDisjoint(cluster.nodes());
  }

  private static void transfer(TestNode from, TestNode to) throws Exception {
    Await.until(from + " leads", from::leads);
    assertTrue(from.truth("SELECT pgraft_transfer_leadership(?)", to.number()));
    Await.until(to + " leads", to::leads);
  }

  private static boolean add(TestNode on, TestNode newcomer) throws SQLException {
    return on.truth("SELECT pgraft_add_node(" + newcomer.place() + ")");
  }

  private static boolean replace(TestNode on, TestNode old, TestNode newcomer) throws SQLException {
    return on.truth("SELECT pgraft_replace_node(?, " + newcomer.place() + ")", old.number());
  }

  private static void assertOutside(TestNode node) throws Exception {
    assertFalse(node.leads());
    try (Session session = node.connect()) {
      session.run("SET pgraft.command_timeout = '2s'");
      String state = session.failure("SELECT pgraft_kv_put('from', 'outside')").getSQLState();
      assertTrue(List.of("55000", "PGR01").contains(state), () -> node + " gave " + state);
    }
  }

  private static List<Integer> ids(List<TestNode> nodes, TestNode... more) {
    List<TestNode> all = new ArrayList<>(nodes);
    all.addAll(List.of(more));
    return all.stream().map(TestNode::number).sorted().toList();
  }

  private static void assertMembers(List<TestNode> nodes, List<Integer> ids) throws Exception {
    for (TestNode node : nodes) {
      Await.value(node + " has the members " + ids,
          () -> node.rows("SELECT node_id FROM pgraft_get_nodes() ORDER BY 1").stream()
              .map(row -> Integer.valueOf(row.get(0))).toList(),
          ids::equals);
    }
  }
}
