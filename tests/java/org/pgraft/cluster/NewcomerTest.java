package org.pgraft.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A node catches up before it votes; whatever becomes of it meanwhile, the cluster goes on writing. */
@Tag("long")
final class NewcomerTest extends ClusterTest {
  /** So much that it takes a newcomer a while, in values of 1 MB. */
  private static final int STORED_MEGABYTES = 100;

  private static final String LINE_OF =
      "SELECT isleader || ' ' || islearner || ' ' || health FROM pgraft.cluster_health WHERE member = ?";

  /** How a newcomer is lost while it catches up. */
  private enum Loss {
    STOPPED, CUT_OFF, KILLED
  }

  @Test
  void when_a_newcomer_is_lost_while_it_catches_up_then_writes_go_on_and_it_is_no_member() throws Exception {
    TestCluster cluster = filled();
    List<TestNode> members = cluster.nodes();
    boolean cuts = cluster.whyNotCut().isEmpty();
    Load load = Load.during(members, 3, writing -> {
      for (Loss loss : Loss.values()) {
        if (loss == Loss.CUT_OFF && !cuts) {
          continue;
        }
        TestNode newcomer = cluster.oneMoreWaiting();
        long worker = newcomer.worker();
        CompletableFuture<SQLException> added = whileCatchingUp(cluster, newcomer, "60s");
        lose(cluster, newcomer, worker, loss);
        int before = writing.count();
        SQLException failure = added.join();

        assertEquals("55000", failure.getSQLState(), () -> loss + ": " + failure.getMessage());
        assertTrue(failure.getMessage().contains("was not added: it stopped answering"), failure::getMessage);
        assertTrue(writing.count() > before, loss + ": nothing was written during the addition");
        assertMembers(cluster.node(1), List.of(1, 2, 3));
        // what is shown is looked at four times a second
        Await.until(newcomer + " is shown no more", () -> cluster.leader().rows(LINE_OF, newcomer.number()).isEmpty());
        regain(cluster, newcomer, loss);
        if (loss == Loss.KILLED) {
          newcomer.stop("immediate");
        } else {
          newcomer.kill();
        }
      }
    });
    assertEquals(0, load.errors(), "no write waited for a majority in vain");
    load.assertKept(members);
  }

  @Test
  void when_catching_up_takes_longer_than_the_call_then_it_goes_on_and_a_repetition_waits_for_it() throws Exception {
    TestCluster cluster = filled();
    TestNode newcomer = cluster.oneMoreWaiting();
    TestNode follower = cluster.others(cluster.leader(), newcomer).get(0);
    Load load = Load.during(List.of(cluster.node(1), cluster.node(2), cluster.node(3)), 3, writing -> {
      long worker = newcomer.worker();
      CompletableFuture<SQLException> added = whileCatchingUp(cluster, newcomer, "8s");
      lose(cluster, newcomer, worker, Loss.STOPPED);
      assertEquals("false true", cluster.leader().text(
          "SELECT isleader || ' ' || islearner FROM pgraft.cluster_health WHERE member = 4"));
      // other changes wait, and say for what
      try (Session session = follower.connect()) {
        session.run("SET pgraft.command_timeout = '1s'");
        SQLException busy = session.failure("SELECT pgraft_remove_node(3)");
        assertEquals("PGR01", busy.getSQLState(), busy::getMessage);
        assertTrue(busy.getMessage().contains("node 4 still catches up"), busy::getMessage);
      }
      SQLException first = added.join();
      assertEquals("08007", first.getSQLState(), first::getMessage);
      assertTrue(first.getMessage().contains("node 4 is not a member yet: it still catches up"), first::getMessage);
      assertMembers(cluster.leader(), List.of(1, 2, 3));
      regain(cluster, newcomer, Loss.STOPPED);
      Await.until("the addition is repeated until it is done", () -> add(follower, newcomer));
      assertTrue(add(cluster.node(1), newcomer), "asking for what is so already");
    });
    assertEquals(0, load.errors());
    for (TestNode node : cluster.nodes()) {
      assertMembers(node, List.of(1, 2, 3, 4));
    }
    assertEquals("f", cluster.leader().text("SELECT islearner FROM pgraft.cluster_health WHERE member = 4"));
    load.assertKept(cluster.nodes());
    cluster.assertSameStores();
  }

  @Test
  void when_a_newcomer_that_catches_up_is_given_up_then_nothing_is_left_of_it() throws Exception {
    TestCluster cluster = filled();
    List<TestNode> members = cluster.nodes();
    TestNode newcomer = cluster.oneMoreWaiting();
    Load load = Load.during(members, 3, writing -> {
      long worker = newcomer.worker();
      CompletableFuture<SQLException> added = whileCatchingUp(cluster, newcomer, "60s");
      lose(cluster, newcomer, worker, Loss.STOPPED);
      assertTrue(cluster.follower().truth("SELECT pgraft_remove_node(4)"));
      assertTrue(List.of("55000", "08007").contains(added.join().getSQLState()), () -> added.join().getMessage());
      writing.awaitMore(20);
      regain(cluster, newcomer, Loss.STOPPED);
    });
    TestNode leader = TestCluster.leaderAmong(members);
    assertMembers(leader, List.of(1, 2, 3));
    assertFalse(newcomer.leads());
    try (Session session = leader.connect()) {
      assertTrue(session.truth("SELECT pgraft_remove_node(4)"), "it is no member, which was asked for");
      SQLException again = session.failure("SELECT pgraft_add_node(4, ?, ?)",
          newcomer.host().address(), newcomer.host().raftPort());
      assertEquals("55000", again.getSQLState(), again::getMessage);
    }
    load.assertKept(members);
    TestCluster.assertSameStores(members);
  }

  @Test
  void when_the_leader_dies_while_a_newcomer_catches_up_then_the_addition_can_be_repeated() throws Exception {
    TestCluster cluster = filled();
    TestNode leader = cluster.leader();
    TestNode newcomer = cluster.oneMoreWaiting();
    List<TestNode> rest = cluster.others(leader, newcomer);
    long worker = newcomer.worker();
    CompletableFuture<SQLException> added = whileCatchingUp(cluster, newcomer, rest.get(0), "20s");
    lose(cluster, newcomer, worker, Loss.STOPPED);
    leader.kill();
    SQLException failure = added.join();
    assertTrue(List.of("55000", "08007", "PGR01").contains(failure.getSQLState()), failure::getMessage);
    assertMembers(TestCluster.leaderAmong(rest), List.of(1, 2, 3));

    regain(cluster, newcomer, Loss.STOPPED);
    leader.start();
    Await.until("the addition is repeated until it is done", () -> add(rest.get(1), newcomer));
    for (TestNode node : cluster.nodes()) {
      assertMembers(node, List.of(1, 2, 3, 4));
    }
    cluster.assertSameStores();
    Lease.assertDisjoint(cluster.nodes());
  }

  /** Three members with so much in their stores that a newcomer does not have it at once. */
  private TestCluster filled() throws Exception {
    TestCluster cluster = cluster(3, Map.of("pgraft.command_timeout", "30s"));
    try (Session session = cluster.leader().connect()) {
      for (int i = 0; i < STORED_MEGABYTES; i++) {
        session.run("SELECT pgraft_kv_put(?, repeat('v', 1000000))", "large/" + i);
      }
    }
    return cluster;
  }

  private CompletableFuture<SQLException> whileCatchingUp(TestCluster cluster, TestNode newcomer, String timeout)
      throws Exception {
    return whileCatchingUp(cluster, newcomer, cluster.follower(), timeout);
  }

  /** Begins to add a node, and returns when it is seen to catch up; what comes later is how the call fails. */
  private static CompletableFuture<SQLException> whileCatchingUp(
      TestCluster cluster, TestNode newcomer, TestNode on, String timeout) throws Exception {
    TestNode leader = cluster.leader();
    CompletableFuture<SQLException> failure = CompletableFuture.supplyAsync(() -> {
      try (Session session = on.connect()) {
        session.run("SET pgraft.command_timeout = '" + timeout + "'");
        return session.failure("SELECT pgraft_add_node(?, ?, ?)",
            newcomer.number(), newcomer.host().address(), newcomer.host().raftPort());
      } catch (SQLException e) {
        throw new CompletionException(e);
      }
    });
    try (Session session = leader.connect()) {
      Await.until(newcomer + " catches up", () -> {
        if (failure.isDone()) {
          throw new AssertionError("it failed before it caught up: " + failure.join());
        }
        return !session.rows("SELECT 1 FROM pgraft_members() WHERE node_id = ? AND NOT is_voter",
            newcomer.number()).isEmpty();
      });
    }
    return failure;
  }

  private static void lose(TestCluster cluster, TestNode newcomer, long worker, Loss loss) {
    switch (loss) {
      case STOPPED -> {
        // at once, before it has caught up
        newcomer.signal(worker, "STOP");
        newcomer.processes().forEach(pid -> newcomer.signal(pid, "STOP"));
      }
      case CUT_OFF -> cluster.cutOff(newcomer);
      case KILLED -> newcomer.kill();
    }
  }

  private static void regain(TestCluster cluster, TestNode newcomer, Loss loss) throws Exception {
    switch (loss) {
      case STOPPED -> newcomer.processes().forEach(pid -> newcomer.signal(pid, "CONT"));
      case CUT_OFF -> cluster.heal();
      case KILLED -> newcomer.start();
    }
  }

  private static boolean add(TestNode on, TestNode newcomer) throws SQLException {
    return on.truth("SELECT pgraft_add_node(?, ?, ?)",
        newcomer.number(), newcomer.host().address(), newcomer.host().raftPort());
  }

  private static void assertMembers(TestNode node, List<Integer> ids) throws Exception {
    Await.value(node + " has the members " + ids,
        () -> node.rows("SELECT node_id FROM pgraft_get_nodes() ORDER BY 1").stream()
            .map(row -> Integer.valueOf(row.get(0))).toList(),
        ids::equals);
  }
}
