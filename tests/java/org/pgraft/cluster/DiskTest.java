package org.pgraft.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Disks are full or fail: the node says so and stops taking part, loses nothing, and comes back by itself. */
final class DiskTest extends ClusterTest {
  private static final String FULL = "is full";
  private static final String FAILS = "fails";

  @Test
  void when_a_leaders_and_a_followers_disk_is_full_under_load_then_each_comes_back_when_there_is_space()
      throws Exception {
    TestCluster cluster = untilTheEnd(TestCluster.prepared(3, Map.of("pgraft.snapshot_interval", "300")));
    Map<TestNode, PowerSwitch> disks = start(cluster);
    Load load = Load.during(cluster.nodes(), 6, running -> {
      for (boolean leads : new boolean[] {true, false}) {
        running.awaitMore(100);
        TestNode node = leads ? cluster.leader() : cluster.follower();
        disks.get(node).fill();
        awaitMessage(node, FULL);
        assertFalse(node.leads());
        running.awaitMore(50);
        assertTrue(disks.get(node).failedCalls() > 0);
        disks.get(node).mend();
        node.awaitState("RUNNING");
      }
      running.awaitMore(50);
    });
    assertAllIsKept(cluster, load);
  }

  @Test
  void when_the_disks_of_a_majority_are_full_then_nothing_is_acknowledged_until_there_is_space() throws Exception {
    TestCluster cluster = untilTheEnd(TestCluster.prepared(3, Map.of()));
    Map<TestNode, PowerSwitch> disks = start(cluster);
    Load load = Load.during(cluster.nodes(), 6, running -> {
      running.awaitMore(100);
      List<TestNode> full = List.of(cluster.leader(), cluster.follower());
      full.forEach(node -> disks.get(node).fill());
      for (TestNode node : full) {
        awaitMessage(node, FULL);
      }
      int before = running.count();
      int errors = running.errors();
      Await.until("clients are refused", () -> running.errors() > errors + 10);
      assertEquals(before, running.count());
      full.forEach(node -> disks.get(node).mend());
      running.awaitMore(50);
    });
    assertAllIsKept(cluster, load);
  }

  @Test
  void when_writes_fail_under_load_then_the_node_comes_back_when_they_succeed() throws Exception {
    TestCluster cluster = untilTheEnd(TestCluster.prepared(3, Map.of("pgraft.snapshot_interval", "300")));
    Map<TestNode, PowerSwitch> disks = start(cluster);
    Load load = Load.during(cluster.nodes(), 6, running -> {
      // the log, the store, all
      for (String part : List.of("/log_", "/data.mdb", "/")) {
        running.awaitMore(50);
        TestNode node = cluster.leader();
        disks.get(node).fail("wtcr", part);
        awaitMessage(node, FAILS);
        running.awaitMore(20);
        disks.get(node).mend();
        node.awaitState("RUNNING");
      }
    });
    assertAllIsKept(cluster, load);
  }

  @Test
  void when_a_term_cannot_be_written_then_the_node_says_so_and_comes_back_when_it_can() throws Exception {
    TestCluster cluster = untilTheEnd(TestCluster.prepared(3, Map.of()));
    Map<TestNode, PowerSwitch> disks = start(cluster);
    Load load = Load.during(cluster.nodes(), 3, running -> {
      loseTheNextTerm(cluster, disks, "wtcr", "/raft-meta", running);
      running.awaitMore(20);
    });
    assertAllIsKept(cluster, load);
  }

  /** The file gets its place all the same then, empty: Ratis replaces its files also when it could not write them. */
  @Test
  @Tag("long")
  void when_term_and_configuration_can_be_replaced_but_not_written_then_the_node_comes_back_and_has_them() throws Exception {
    TestCluster cluster = untilTheEnd(TestCluster.prepared(3, Map.of()));
    Map<TestNode, PowerSwitch> disks = start(cluster);
    Load load = Load.during(cluster.nodes(), 3, running -> {
      // the first is part of the names of both
      loseTheNextTerm(cluster, disks, "w", "/raft-meta", running);
      loseTheNextTerm(cluster, disks, "w", "/raft-meta.conf", running);
      running.awaitMore(20);
    });
    assertAllIsKept(cluster, load);
    for (TestNode node : cluster.nodes()) {
      node.restart();
      node.awaitState("RUNNING");
    }
    cluster.assertSameStores();
  }

  @Test
  @Tag("long")
  void when_the_checksum_of_a_snapshot_cannot_be_written_then_the_next_one_can_and_the_node_starts() throws Exception {
    TestCluster cluster = untilTheEnd(TestCluster.prepared(3, Map.of()));
    Map<TestNode, PowerSwitch> disks = start(cluster);
    TestNode node = cluster.follower();
    node.put("key", "value");
    disks.get(node).fail("w", ".md5");
    try (Session session = node.connect()) {
      assertEquals("55000", session.failure("SELECT pgraft_snapshot()").getSQLState());
    }
    disks.get(node).mend();
    node.restart();
    node.awaitState("RUNNING");
    node.put("key", "newer");
    Await.until("a snapshot can be taken", () -> node.number("SELECT pgraft_snapshot()") > 0);
    node.restart();
    node.awaitState("RUNNING");
    assertEquals("newer", node.get("key"));
    cluster.assertSameStores();
  }

  @Test
  void when_fsyncs_of_the_log_failed_everywhere_then_a_power_cut_loses_nothing_that_was_acknowledged_later()
      throws Exception {
    TestCluster cluster = untilTheEnd(TestCluster.prepared(3, Map.of()));
    Map<TestNode, PowerSwitch> disks = start(cluster);
    Load load = Load.during(cluster.nodes(), 6, running -> {
      running.awaitMore(50);
      for (TestNode node : cluster.nodes()) {
        disks.get(node).fail("s", "/log_");
        awaitMessage(node, FAILS);
        disks.get(node).mend();
        node.awaitState("RUNNING");
        running.awaitMore(20);
      }
      running.awaitMore(50);
      TestCluster.inParallel(List.copyOf(disks.values()), disk -> {
        disk.cut();
        return null;
      });
      cluster.startAll();
      running.awaitMore(50);
    });
    assertAllIsKept(cluster, load);
  }

  @Test
  void when_a_real_file_system_is_full_then_sessions_read_on_and_the_node_comes_back_by_itself() throws Exception {
    TestCluster cluster = untilTheEnd(TestCluster.prepared(3, Map.of("pgraft.snapshot_interval", "200")));
    TestNode node = cluster.node(3);
    String mounted = node.host().directory() + "/memory";
    node.host().run("mkdir", mounted).orFail("mkdir");
    Output mount = node.host().mountMemory(mounted, 24);
    Assumptions.assumeTrue(mount.status() == 0, "no file system can be mounted here: " + mount.text());
    node.set("pgraft.data_dir", mounted + "/engine");
    cluster.startAll();
    cluster.leader();
    node.awaitState("RUNNING");
    node.put("key", "value");
    String started = node.text("SELECT pg_postmaster_start_time()");

    fill(node, mounted + "/filler");
    List<Session> sessions = new ArrayList<>();
    for (int i = 0; i < 64; i++) {
      Session session = node.connect();
      session.run("SET pgraft.read_consistency = local");
      assertEquals("value", session.text("SELECT pgraft_kv_get('key')"));
      sessions.add(session);
    }
    Load load = Load.during(cluster.others(node), 4, running -> {
      awaitMessage(node, FULL);
      running.awaitMore(100);
      node.host().run("rm", mounted + "/filler").orFail("rm");
      node.awaitState("RUNNING");
      running.awaitMore(50);
    });
    for (Session session : sessions) {
      Await.until("the session goes on", () -> "value".equals(session.text("SELECT pgraft_kv_get('key')")));
      session.close();
    }
    assertEquals(started, node.text("SELECT pg_postmaster_start_time()"));
    assertAllIsKept(cluster, load);

    // a snapshot that met the end of the space, and was killed there
    node.stop("fast");
    fill(node, mounted + "/engine/snapshot/data.mdb");
    node.start();
    node.awaitState("RUNNING");
    assertEquals("value", node.get("key"));
  }

  private static void fill(TestNode node, String file) {
    node.host().run("sh", "-c", "dd if=/dev/zero of=\"$1\" bs=4096 2>/dev/null || true", "sh", file).orFail("dd");
  }

  private static Map<TestNode, PowerSwitch> start(TestCluster cluster) throws Exception {
    Map<TestNode, PowerSwitch> disks = new LinkedHashMap<>();
    for (TestNode node : cluster.nodes()) {
      disks.put(node, PowerSwitch.install(node));
    }
    cluster.found();
    return disks;
  }

  /** Lets calls on files of a follower fail while another term begins, until it says so, and then no more. */
  private static void loseTheNextTerm(
      TestCluster cluster, Map<TestNode, PowerSwitch> disks, String calls, String part, Load running)
      throws Exception {
    running.awaitMore(20);
    TestNode leader = cluster.leader();
    TestNode node = cluster.others(leader).get(0);
    TestNode next = cluster.others(leader, node).get(0);
    disks.get(node).fail(calls, part);
    leader.rows("SELECT pgraft_transfer_leadership(?)", next.number());
    awaitUnwritten(node);
    running.awaitMore(20);
    disks.get(node).mend();
    node.awaitState("RUNNING");
  }

  /** The term or the configuration, whichever was to be written first. */
  private static void awaitUnwritten(TestNode node) throws InterruptedException {
    Await.value(node + " says so", () -> node.text("SELECT message FROM pgraft_node_status()"),
        message -> message.contains("could not be written") || message.contains(FAILS));
  }

  /** Waits until a node says what its disk has, where, and what to do. */
  private static void awaitMessage(TestNode node, String what) throws InterruptedException {
    Await.value(node + " says that its disk " + what,
        () -> node.text("SELECT concat_ws(': ', worker_state, message) FROM pgraft_node_status()"),
        message -> message.startsWith("ERROR") && message.contains(what) && message.contains("tries again by itself"));
  }

  private static void assertAllIsKept(TestCluster cluster, Load load) throws Exception {
    for (TestNode node : cluster.nodes()) {
      node.awaitState("RUNNING");
    }
    load.assertKept(cluster.nodes());
    cluster.assertSameStores();
    Lease.assertDisjoint(cluster.nodes());
  }
}
