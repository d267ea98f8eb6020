package org.pgraft.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Backups, new clusters that begin with them, and what is left when a majority is lost for good. */
final class BackupTest extends ClusterTest {
  private static final String NEW = "the-new-cluster";
  private static final String ALL_KEYS =
      "SELECT key, value, create_revision, mod_revision, version FROM pgraft_kv_list() ORDER BY key";

  @Test
  void when_a_follower_writes_a_backup_then_a_new_cluster_of_three_begins_with_it() throws Exception {
    TestCluster cluster = cluster(3);
    TestNode follower = cluster.follower();
    String file = follower.host().directory() + "/backup";
    for (int i = 0; i < 60; i++) {
      cluster.node(1 + i % 3).put("key/" + i % 40, "value " + i);
    }
    cluster.leader().put("last", "acknowledged before the backup began");
    follower.rows("SELECT * FROM pgraft_backup(?)", file);
    List<List<String>> kept = cluster.leader().rows(ALL_KEYS);
    cluster.leader().put("last", "changed after the backup");
    assertEquals("600", follower.host().run("stat", "-c", "%a", file).orFail("stat").text().strip());

    for (TestNode node : cluster.nodes()) {
      beginAnew(node);
    }
    assertEquals(kept.size(), follower.number("SELECT keys FROM pgraft_backup_verify(?)", file));
    long revision = follower.number("SELECT revision FROM pgraft_backup_verify(?)", file);
    assertTrue(follower.truth("SELECT pgraft_init(?)", file));
    assertTrue(follower.leads());
    assertEquals(kept, follower.rows(ALL_KEYS));
    assertTrue(follower.number("SELECT pgraft_kv_revision()") > revision + 1_000_000);

    follower.restart();
    Await.until("the founder leads again", follower::leads);
    assertEquals(kept, follower.rows(ALL_KEYS));
    for (TestNode node : cluster.others(follower)) {
      add(follower, node);
    }
    cluster.assertSameStores();
    follower.restart();
    cluster.leader();
    cluster.assertSameStores();

    follower.kill();
    TestNode next = TestCluster.leaderAmong(cluster.others(follower));
    assertEquals("acknowledged before the backup began", next.get("last"));
    next.put("goes", "on");
  }

  @Test
  @Tag("long")
  void when_the_server_dies_while_it_restores_then_all_of_it_is_there_or_nothing() throws Exception {
    TestCluster cluster = cluster(1);
    TestNode node = cluster.node(1);
    String file = node.host().directory() + "/backup";
    try (Session session = node.connect()) {
      session.run("SET pgraft.command_timeout = '60s'");
      session.rows("SELECT pgraft_kv_put('large/' || i, repeat(i::text, 300000)) FROM generate_series(1, 30) i");
      session.rows("SELECT * FROM pgraft_backup(?)", file);
    }
    List<List<String>> kept = node.rows("SELECT key, mod_revision, version FROM pgraft_kv_list() ORDER BY key");

    // while the backup is unpacked, while the group is made of it, and when the group is in its place
    for (String moment : List.of("staging/data.mdb", "staging/*-*", "raft/*-*")) {
      beginAnew(node);
      Thread dies = new Thread(() -> node.host().run("sh", "-c", "pid=$(head -n 1 " + node.data() + "/postmaster.pid);"
          + " for i in $(seq 1000000); do ls -d " + node.engineData() + "/" + moment
          + " >/dev/null 2>&1 && kill -9 $pid && exit 0; done; exit 1").orFail("waiting for " + moment));
      dies.start();
      try (Session session = node.connect()) {
        session.run("SET pgraft.command_timeout = '60s'");
        session.failure("SELECT pgraft_init('" + file + "'), pg_sleep(600)");
      }
      dies.join();
      node.start();
      String state = Await.value(node + " has decided", () -> node.text("SELECT pgraft_get_worker_state()"),
          found -> List.of("WAITING", "RUNNING").contains(found));
      System.out.println("killed at " + moment + ": " + state);
      if (state.equals("WAITING")) {
        assertEquals("", node.host().run("ls", node.engineData() + "/raft").orFail("ls").text().strip());
        assertTrue(node.truth("SELECT pgraft_init(?)", file));
      }
      Await.until("the node leads", node::leads);
      assertEquals(kept, node.rows("SELECT key, mod_revision, version FROM pgraft_kv_list() ORDER BY key"));
      node.put("after", moment);
    }
  }

  @Test
  void when_a_node_is_cut_off_then_it_writes_a_backup_of_its_own_state_only_when_asked_to() throws Exception {
    TestCluster cluster = cluster(3, Map.of("pgraft.command_timeout", "3s"));
    assumeTrue(cluster.whyNotCut().isEmpty(), () -> cluster.whyNotCut().get());
    TestNode alone = cluster.follower();
    cluster.leader().put("key", "value");
    TestCluster.awaitLocal(alone, "key", "value");
    String file = alone.host().directory() + "/backup";
    cluster.cutOff(alone);
    TestCluster.leaderAmong(cluster.others(alone)).put("key", "changed without it");
    try (Session session = alone.connect()) {
      assertEquals("PGR01", session.failure("SELECT pgraft_backup('" + file + "')").getSQLState());
      assertEquals("", alone.host().run("sh", "-c", "ls " + file + "* 2>/dev/null || true").orFail("ls").text().strip());
      assertEquals("1", session.text("SELECT keys FROM pgraft_backup(?, 'local')", file));
      try (Statement statement = session.connection().createStatement()) {
        statement.execute("SET statement_timeout = '1s'");
        assertThrows(SQLException.class, () -> statement.execute("SELECT pgraft_backup('" + file + ".late')"));
        assertEquals("08007", statement.getWarnings().getSQLState(), "the file may still be written");
      }
    }
    cluster.heal();
    TestCluster.awaitLocal(alone, "key", "changed without it");
    String caughtUp = alone.host().directory() + "/caught-up";
    String before = alone.text("SELECT revision FROM pgraft_backup_verify(?)", file);
    assertEquals(Long.parseLong(before) + 1, alone.number("SELECT revision FROM pgraft_backup(?)", caughtUp));
    try (Session session = alone.connect()) {
      assertEquals("55000", session.failure("SELECT pgraft_rescue('" + file + ".rescue')").getSQLState());
    }
  }

  @Test
  void when_a_majority_is_lost_under_load_then_what_was_acknowledged_is_rescued_from_the_leader() throws Exception {
    TestCluster cluster = cluster(3);
    TestNode leader = cluster.leader();
    Load load = Load.during(cluster.nodes(), 6, writes -> {
      writes.awaitMore(200);
      for (TestNode node : cluster.nodes()) {
        String backup = node.host().directory() + "/backup";
        assertEquals(node.rows("SELECT * FROM pgraft_backup(?)", backup),
            node.rows("SELECT * FROM pgraft_backup_verify(?)", backup));
      }
      for (TestNode lost : cluster.others(leader)) {
        destroy(lost);
      }
    });
    String file = leader.host().directory() + "/rescue";
    List<String> facts = rescue(leader, file);
    System.out.println("rescued (term, index, keys, log_tail): " + facts);

    beginAnew(leader);
    assertTrue(leader.truth("SELECT pgraft_init(?)", file));
    for (int i = 0; i < 2; i++) {
      add(leader, cluster.oneMoreWaiting(Map.of("pgraft.cluster_id", NEW)));
    }
    List<TestNode> survivors = List.of(leader, cluster.node(4), cluster.node(5));
    assertTrue(load.count() >= 200, () -> load.count() + " writes were acknowledged");
    load.assertKept(survivors);
    assertEquals(3, TestCluster.leaderAmong(survivors).number("SELECT num_nodes FROM pgraft_get_cluster_status()"));
  }

  @Test
  @Tag("long")
  void when_the_survivor_is_a_follower_then_the_rest_of_its_log_is_rescued_also_after_its_restart() throws Exception {
    // a lease long enough for a write after its holder was cut off
    TestCluster cluster = cluster(3, Map.of("pgraft.election_timeout", "5s"));
    assumeTrue(cluster.whyNotCut().isEmpty(), () -> cluster.whyNotCut().get());
    TestNode leader = cluster.leader();
    TestNode comesBack = cluster.others(leader).get(0);
    TestNode survivor = cluster.others(leader).get(1);
    leader.put("key", "acknowledged");
    TestCluster.awaitLocal(survivor, "key", "acknowledged");
    comesBack.kill();
    try (Session session = leader.connect()) {
      session.run("SET pgraft.command_timeout = '3s'");
      // what the leader sends still arrives and is logged, but the leader never hears of it, so it is not committed
      survivor.host().muteTo(List.of(leader.host()));
      assertEquals("08007", session.failure("SELECT pgraft_kv_put('open', 'never acknowledged')").getSQLState());
    }
    destroy(leader);
    survivor.host().heal();
    List<String> running = rescue(survivor, survivor.host().directory() + "/running");
    assertTrue(Long.parseLong(running.get(3)) > 0, () -> "the log had nothing beyond: " + running);

    survivor.stop("fast");
    survivor.start();
    survivor.awaitState("WAITING");
    String file = survivor.host().directory() + "/waiting";
    assertEquals(running, rescue(survivor, file));
    assertEquals(running.get(1), survivor.text("SELECT index FROM pgraft_backup_verify(?)", file));

    survivor.unset("pgraft.election_timeout");
    beginAnew(survivor);
    assertTrue(survivor.truth("SELECT pgraft_init(?)", file));
    assertEquals("acknowledged", survivor.get("key"));
    assertEquals("never acknowledged", survivor.get("open"), "it may have been acknowledged, for all the survivor knows");

    // the old member knows the survivor's address, but the new cluster is not its own
    comesBack.start();
    Await.value("the old member is told that it has come to another cluster",
        () -> comesBack.text("SELECT worker_state || ': ' || message FROM pgraft_node_status()"),
        message -> message.startsWith("ERROR") && message.contains("a node of another cluster"));
    assertFalse(comesBack.leads());
    try (Session session = survivor.connect()) {
      assertEquals("55000", session.failure("SELECT pgraft_add_node(" + comesBack.number() + ", '"
          + comesBack.host().address() + "', " + comesBack.host().raftPort() + ")").getSQLState());
    }
    survivor.put("key", "goes on");
    assertFalse(comesBack.leads());
    assertEquals(1, survivor.number("SELECT num_nodes FROM pgraft_get_cluster_status()"));
    assertEquals("goes on", survivor.get("key"));
  }

  /** Takes everything from a node that makes it a member, and lets it wait for a cluster of another name. */
  private static void beginAnew(TestNode node) throws Exception {
    if (node.running()) {
      node.stop("fast");
    }
    node.host().run("rm", "-rf", node.engineData(), node.data() + "/pgraft.identity").orFail("rm");
    node.unset("pgraft.initial_cluster");
    node.unset("pgraft.name");
    node.set("pgraft.cluster_id", NEW);
    node.set("pgraft.node_id", Integer.toString(node.number()));
    node.set("pgraft.address", node.host().address());
    node.set("pgraft.port", Integer.toString(node.host().raftPort()));
    node.start();
    node.awaitState("WAITING");
  }

  private static void destroy(TestNode node) {
    node.kill();
    node.host().run("rm", "-rf", node.engineData()).orFail("rm");
  }

  /** Term, index, keys and log_tail of a rescue. */
  private static List<String> rescue(TestNode node, String file) throws Exception {
    try (Session session = node.connect()) {
      session.run("SET pgraft.command_timeout = '60s'");
      return session.rows("SELECT term, index, keys, log_tail FROM pgraft_rescue(?)", file).get(0);
    }
  }

  /** Adds a node, again when it was not reached in the few seconds that it is given; a member is added already. */
  private static void add(TestNode on, TestNode node) throws Exception {
    try (Session session = on.connect()) {
      session.run("SET pgraft.command_timeout = '60s'");
      Await.until(node + " is added", () -> session.truth("SELECT pgraft_add_node(?, ?, ?)", node.number(),
          node.host().address(), node.host().raftPort()));
    }
  }
}
