package org.pgraft.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import org.junit.jupiter.api.Test;

/** kill -9 of postmasters, and restarts: nothing that was acknowledged is lost, on any node. */
final class CrashTest extends ClusterTest {
  @Test
  void when_the_leader_is_killed_then_another_leads_and_has_everything() throws Exception {
    TestCluster cluster = cluster(3);
    TestNode dead = cluster.leader();
    for (int i = 0; i < 20; i++) {
      cluster.node(i % 3 + 1).put("key/" + i, "value " + i);
    }
    dead.kill();
    TestNode next = TestCluster.leaderAmong(cluster.others(dead));

    for (int i = 0; i < 20; i++) {
      assertEquals("value " + i, next.get("key/" + i));
    }
    next.put("meanwhile", "written");
    dead.start();
    TestCluster.awaitLocal(dead, "meanwhile", "written");
    for (int i = 0; i < 20; i++) {
      assertEquals("value " + i, dead.localGet("key/" + i));
    }
    cluster.assertSameStores();
  }

  @Test
  void when_a_follower_is_killed_then_the_others_go_on_and_it_catches_up() throws Exception {
    TestCluster cluster = cluster(3);
    TestNode dead = cluster.follower();
    dead.kill();
    for (int i = 0; i < 50; i++) {
      cluster.leader().put("key/" + i, "value " + i);
    }
    dead.start();
    TestCluster.awaitLocal(dead, "key/49", "value 49");
    assertEquals(50, dead.number("SELECT count(*) FROM pgraft_kv_list('key/')"));
    cluster.assertSameStores();
  }

  @Test
  void when_all_are_killed_at_once_then_everything_is_there_after_the_restart() throws Exception {
    TestCluster cluster = cluster(3);
    Load load = Load.during(cluster.nodes(), 6, running -> {
      running.awaitMore(200);
      TestCluster.inParallel(cluster.nodes(), node -> {
        node.kill();
        return null;
      });
      cluster.startAll();
      cluster.leader();
      running.awaitMore(50);
    });
    load.assertKept(cluster.nodes());
    cluster.assertSameStores();
  }

  @Test
  void when_nodes_are_killed_and_restarted_under_load_then_every_acknowledged_write_is_kept() throws Exception {
    TestCluster cluster = cluster(3);
    Load load = Load.during(cluster.nodes(), 6, running -> {
      running.awaitMore(100);
      TestNode leader = cluster.leader();
      leader.kill();
      running.awaitMore(100);
      leader.start();
      running.awaitMore(100);

      TestNode follower = cluster.follower();
      follower.kill();
      running.awaitMore(100);
      follower.start();
      running.awaitMore(100);

      cluster.leader().restart();
      running.awaitMore(100);
    });
    cluster.leader();
    load.assertKept(cluster.nodes());
    cluster.assertSameStores();
    Lease.assertDisjoint(cluster.nodes());
  }

  @Test
  void when_a_follower_missed_more_than_the_log_then_it_catches_up_by_snapshot() throws Exception {
    TestCluster cluster = cluster(3, Map.of("pgraft.snapshot_interval", "100", "pgraft.max_log_entries", "100"));
    TestNode away = cluster.follower();
    away.stop("fast");
    TestNode leader = TestCluster.leaderAmong(cluster.others(away));
    long had = leader.number("SELECT last_log_index FROM pgraft_node_status()");
    try (Session session = leader.connect()) {
      for (int i = 0; i < 1000; i++) {
        // large enough to fill segments of the log, which is purged by whole segments
        session.run("SELECT pgraft_kv_put(?, repeat(?, 20000))", "key/" + i, "v");
      }
      session.run("SELECT pgraft_kv_put('last', 'of all')");
      session.run("SELECT pgraft_snapshot()");
      // the follower's next entry is no longer in the log
      Await.until("the log before the snapshot is gone",
          () -> leader.number("SELECT first_log_index FROM pgraft_node_status()") > had + 1);
    }
    away.start();
    TestCluster.awaitLocal(away, "last", "of all");
    assertEquals(1000, away.number("SELECT count(*) FROM pgraft_kv_list('key/')"));
    Await.until("it has got a snapshot",
        () -> away.number("SELECT coalesce(snapshot_index, 0) FROM pgraft_node_status()") > had);
    cluster.assertSameStores();
    away.put("after", "it works");
    assertEquals("it works", leader.get("after"));
  }

  @Test
  void when_all_stop_in_good_order_then_everything_is_there_after_the_restart() throws Exception {
    TestCluster cluster = cluster(3);
    cluster.node(1).put("key", "value");
    TestCluster.inParallel(cluster.nodes(), node -> {
      node.stop("fast");
      return null;
    });
    cluster.startAll();
    cluster.leader();
    for (TestNode node : cluster.nodes()) {
      assertEquals("value", node.get("key"));
    }
    cluster.assertSameStores();
  }
}
