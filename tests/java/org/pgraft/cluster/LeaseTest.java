package org.pgraft.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/**
 * An old leader that does not know that it was replaced: cut off from the others, or frozen. It stops to lead
 * before another begins, acknowledges nothing afterwards, and answers no linearizable read.
 */
final class LeaseTest extends ClusterTest {
  private static final Set<String> REFUSED = Set.of("PGR01", "08007");

  @Test
  void when_the_leader_is_cut_off_then_it_stops_to_lead_before_another_begins() throws Exception {
    TestCluster cluster = cluster(3, Map.of("pgraft.command_timeout", "2s"));
    cut(cluster);
    TestNode old = cluster.leader();
    old.put("register", "old");
    // the shape in which a read index lies: the last commit is confirmed, and then nothing is written
    assertEquals("old", old.get("register"));
    cluster.cutOff(old);
    TestNode next = TestCluster.leaderAmong(cluster.others(old));
    assertFalse(old.leads(), "the old leader leads beside the new one");
    next.put("register", "new");

    try (Session session = old.connect()) {
      for (int i = 0; i < 5; i++) {
        // every answer given now was given after "new" was acknowledged
        assertRefused(session, "SELECT pgraft_kv_get('register')");
        assertRefused(session, "SELECT pgraft_kv_put('cut/" + i + "', 'lost?')");
        assertRefused(session, "SELECT pgraft_kv_compare_and_set('register', 'old', 'stolen')");
        assertRefused(session, "SELECT * FROM pgraft_kv_list('register')");
        assertFalse(session.truth("SELECT pgraft_is_leader()"));
      }
    }
    assertEquals("old", old.localGet("register"));
    try (Session session = old.connect()) {
      // one call may ask for what its session does not
      assertEquals("old", session.text("SELECT pgraft_kv_get('register', consistency => 'local')"));
      assertEquals("old", session.text("SELECT value FROM pgraft_kv_list('register', consistency => 'local')"));
      session.run("SET pgraft.read_consistency = local");
      assertEquals("old", session.text("SELECT pgraft_kv_get('register')"));
      assertRefused(session, "SELECT pgraft_kv_get('register', consistency => 'linearizable')");
      assertRefused(session, "SELECT pgraft_kv_exists('register', consistency => 'linearizable')");
    }

    List<Lease> leases = Lease.assertDisjoint(cluster.nodes());
    long oldEnd = leases.stream().filter(lease -> lease.node() == old.number()).mapToLong(Lease::until).max()
        .orElseThrow();
    long newBegin = leases.stream().filter(lease -> lease.node() == next.number()).mapToLong(Lease::from).max()
        .orElseThrow();
    assertTrue(oldEnd <= newBegin, () -> "the old lease ended " + (oldEnd - newBegin) + " ns after the new began");

    cluster.heal();
    TestCluster.awaitLocal(old, "register", "new");
    assertEquals("new", old.get("register"));
    old.put("healed", "yes");
    assertEquals("yes", next.get("healed"));
    cluster.assertSameStores();
    Lease.assertDisjoint(cluster.nodes());
  }

  @Test
  void when_the_leader_is_cut_off_under_load_then_nothing_acknowledged_is_lost() throws Exception {
    TestCluster cluster = cluster(3);
    cut(cluster);
    Load load = Load.during(cluster.nodes(), 6, running -> {
      running.awaitMore(100);
      for (int round = 0; round < 2; round++) {
        TestNode old = cluster.leader();
        cluster.cutOff(old);
        TestCluster.leaderAmong(cluster.others(old));
        running.awaitMore(100);
        cluster.heal();
        cluster.leader();
        running.awaitMore(100);
      }
    });
    cluster.leader();
    load.assertKept(cluster.nodes());
    cluster.assertSameStores();
    Lease.assertDisjoint(cluster.nodes());
  }

  @Test
  void when_a_follower_is_cut_off_then_the_leader_stays_and_the_follower_converges() throws Exception {
    TestCluster cluster = cluster(3, Map.of("pgraft.command_timeout", "2s"));
    cut(cluster);
    TestNode leader = cluster.leader();
    TestNode away = cluster.others(leader).get(0);
    cluster.cutOff(away);
    leader.put("key", "value");
    try (Session session = away.connect()) {
      assertRefused(session, "SELECT pgraft_kv_get('key')");
      assertRefused(session, "SELECT pgraft_kv_put('key', 'other')");
    }
    Await.until("the leader sees that " + away + " is unreachable", () -> "f".equals(leader.text(
        "SELECT reachable FROM pgraft_members() WHERE node_id = ?", away.number())));
    cluster.heal();
    TestCluster.awaitLocal(away, "key", "value");
    cluster.assertSameStores();
    Lease.assertDisjoint(cluster.nodes());
  }

  @Test
  void when_all_are_cut_off_then_nobody_leads_and_healing_brings_a_leader() throws Exception {
    TestCluster cluster = cluster(3, Map.of("pgraft.command_timeout", "1s"));
    cut(cluster);
    cluster.node(1).put("key", "value");
    cluster.nodes().forEach(cluster::cutOff);
    Await.until("nobody leads", () -> {
      for (TestNode node : cluster.nodes()) {
        if (node.leads()) {
          return false;
        }
      }
      return true;
    });
    for (TestNode node : cluster.nodes()) {
      try (Session session = node.connect()) {
        assertRefused(session, "SELECT pgraft_kv_put('key', 'alone')");
        assertRefused(session, "SELECT pgraft_kv_get('key')");
      }
    }
    cluster.heal();
    cluster.leader();
    Await.until("reads work again", () -> cluster.node(2).get("key") != null);
    cluster.assertSameStores();
    Lease.assertDisjoint(cluster.nodes());
  }

  @Test
  void when_the_leaders_worker_is_frozen_then_another_leads_and_leases_do_not_meet() throws Exception {
    TestCluster cluster = cluster(3, Map.of("pgraft.command_timeout", "1s"));
    TestNode frozen = cluster.leader();
    frozen.put("key", "before");
    long worker = frozen.worker();
    try (Session session = frozen.connect()) {
      frozen.signal(worker, "STOP");
      TestNode next = TestCluster.leaderAmong(cluster.others(frozen));
      next.put("key", "after");
      // the session reads the status page of a worker that does not run
      assertFalse(session.truth("SELECT pgraft_is_leader()"));
      assertRefused(session, "SELECT pgraft_kv_get('key')");
      frozen.signal(worker, "CONT");
      TestCluster.awaitLocal(frozen, "key", "after");
    }
    cluster.leader();
    cluster.assertSameStores();
    Lease.assertDisjoint(cluster.nodes());
  }

  private static void cut(TestCluster cluster) {
    Assumptions.assumeTrue(cluster.whyNotCut().isEmpty(), () -> cluster.whyNotCut().orElseThrow());
  }

  private static void assertRefused(Session session, String sql) {
    SQLException error = session.failure(sql);
    assertTrue(REFUSED.contains(error.getSQLState()),
        () -> sql + " failed with " + error.getSQLState() + ": " + error.getMessage());
  }
}
