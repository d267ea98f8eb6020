package org.pgraft.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * A replacement is an addition and a removal. What ends between the two, or while one of them is under way, leaves a cluster
 * that works, and the same call finishes it.
 */
final class InterruptedReplacementTest extends ClusterTest {
  private static final int ROUNDS = 3;
  private static final int MILLIS_LATER = 120;

  @Test
  void when_the_leader_dies_at_any_moment_of_a_replacement_then_the_same_call_finishes_it() throws Exception {
    TestCluster cluster = cluster(3, Map.of("pgraft.command_timeout", "30s"));
    List<TestNode> members = new ArrayList<>(cluster.nodes());
    int interrupted = 0;
    for (int round = 0; round < ROUNDS; round++) {
      TestNode newcomer = cluster.oneMoreWaiting();
      TestNode leader = TestCluster.leaderAmong(members);
      List<TestNode> followers = members.stream().filter(node -> !node.equals(leader)).toList();
      TestNode asked = followers.get(0);
      TestNode old = followers.get(1);
      String call = replacement(old, newcomer);
      CompletableFuture<Boolean> first = CompletableFuture.supplyAsync(() -> truth(asked, call));
      Thread.sleep((long) round * MILLIS_LATER);
      interrupted += first.isDone() ? 0 : 1;
      leader.kill();
      awaitAnswer(first);
      leader.start();

      Await.until("node " + old.number() + " is replaced", () -> asked.truth(call));
      members.remove(old);
      members.add(newcomer);
      assertMembers(members);
      asked.put("round", String.valueOf(round));
      assertEquals(String.valueOf(round), newcomer.get("round"));
      old.stop("fast");
    }
    TestCluster.assertSameStores(members);
    Lease.assertDisjoint(members);
    assertTrue(interrupted > 0, "no leader died before the replacement was done");
  }

  @Test
  void when_the_new_one_came_in_and_the_old_one_did_not_go_yet_then_the_call_takes_it_out() throws Exception {
    TestCluster cluster = cluster(3, Map.of("pgraft.command_timeout", "30s"));
    TestNode leader = cluster.leader();
    TestNode asked = cluster.others(leader).get(0);
    TestNode newcomer = cluster.oneMoreWaiting();
    assertTrue(asked.truth("SELECT pgraft_add_node(" + newcomer.place() + ")"));

    // the old one leads, so it has to hand over in the midst of it
    assertTrue(asked.truth(replacement(leader, newcomer)));
    assertMembers(cluster.others(leader));
    assertTrue(asked.truth(replacement(leader, newcomer)), "asking for what is so already");
  }

  @Test
  @Tag("long")
  void when_a_dead_one_was_taken_out_and_the_new_one_did_not_come_yet_then_the_call_brings_it_in() throws Exception {
    TestCluster cluster = cluster(3, Map.of("pgraft.command_timeout", "30s"));
    TestNode dead = cluster.follower();
    List<TestNode> alive = cluster.others(dead);
    dead.kill();
    TestNode newcomer = cluster.oneMoreWaiting();
    newcomer.stop("fast");
    TestNode asked = alive.get(0);
    try (Session session = asked.connect()) {
      session.run("SET pgraft.command_timeout = '3s'");
      SQLException failure = session.failure(replacement(dead, newcomer));
      assertEquals("55000", failure.getSQLState(), failure::getMessage);
      assertTrue(failure.getMessage().contains("not reached"), failure::getMessage);
    }
    assertMembers(alive, ids(cluster.others(newcomer)), "nobody is taken out for one that does not answer");

    newcomer.start();
    assertTrue(asked.truth("SELECT pgraft_remove_node(?)", dead.number()));
    assertTrue(asked.truth(replacement(dead, newcomer)));
    List<TestNode> members = new ArrayList<>(alive);
    members.add(newcomer);
    assertMembers(members);
    TestCluster.assertSameStores(members);
  }

  @Test
  @Tag("long")
  void when_the_new_one_came_in_and_died_then_an_old_one_that_runs_stays() throws Exception {
    TestCluster cluster = cluster(3, Map.of("pgraft.command_timeout", "30s"));
    TestNode old = cluster.follower();
    TestNode asked = cluster.leader();
    TestNode newcomer = cluster.oneMoreWaiting();
    assertTrue(asked.truth("SELECT pgraft_add_node(" + newcomer.place() + ")"));
    newcomer.kill();
    Await.until("the leader knows that " + newcomer + " is down",
        () -> asked.text("SELECT health FROM pgraft.cluster_health WHERE member = ?", newcomer.number())
            .equals("unreachable"));
    try (Session session = asked.connect()) {
      SQLException failure = session.failure(replacement(old, newcomer));
      assertEquals("55000", failure.getSQLState(), failure::getMessage);
      assertTrue(failure.getMessage().contains("does not answer, so node " + old.number() + " stays"), failure::getMessage);
    }
    assertMembers(List.of(asked, old), ids(cluster.nodes()), "all four");

    newcomer.start();
    Await.until("the leader hears of " + newcomer + " again", () -> asked.truth(replacement(old, newcomer)));
    assertMembers(cluster.others(old));
  }

  @Test
  void when_one_of_two_is_replaced_then_the_cluster_has_two_again() throws Exception {
    TestCluster cluster = cluster(2, Map.of("pgraft.command_timeout", "30s"));
    TestNode old = cluster.leader();
    TestNode asked = cluster.others(old).get(0);
    TestNode newcomer = cluster.oneMoreWaiting();
    assertTrue(asked.truth(replacement(old, newcomer)));
    assertMembers(List.of(asked, newcomer));
    newcomer.put("two", "again");
    assertEquals("again", asked.get("two"));
  }

  /** It is true, or an error that leaves it open or says that nothing was done. */
  private static void awaitAnswer(CompletableFuture<Boolean> call) {
    try {
      assertTrue(call.join());
    } catch (CompletionException e) {
      SQLException failure = (SQLException) e.getCause();
      assertTrue(List.of("08007", "PGR01", "55000").contains(failure.getSQLState()), failure::getMessage);
    }
  }

  private static boolean truth(TestNode on, String sql) {
    try {
      return on.truth(sql);
    } catch (SQLException e) {
      throw new CompletionException(e);
    }
  }

  private static String replacement(TestNode old, TestNode newcomer) {
    return "SELECT pgraft_replace_node(" + old.number() + ", " + newcomer.place() + ")";
  }

  private static List<Integer> ids(List<TestNode> nodes) {
    return nodes.stream().map(TestNode::number).sorted().toList();
  }

  private static List<Integer> memberIds(TestNode node) throws SQLException {
    return node.rows("SELECT node_id FROM pgraft_get_nodes() ORDER BY 1").stream()
        .map(row -> Integer.valueOf(row.get(0))).toList();
  }

  private static void assertMembers(List<TestNode> members) throws Exception {
    assertMembers(members, ids(members), "members");
  }

  private static void assertMembers(List<TestNode> nodes, List<Integer> ids, String why) throws Exception {
    for (TestNode node : nodes) {
      Await.value(why + ": " + node + " has the members " + ids, () -> memberIds(node), ids::equals);
    }
  }
}
