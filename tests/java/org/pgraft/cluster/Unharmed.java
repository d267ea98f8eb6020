package org.pgraft.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.Map;

/** What has to be true of a cluster while and after somebody who is no member does things to its members' port. */
final class Unharmed {
  /** A busy machine must not bring elections that are nobody's fault. */
  static final Map<String, String> SETTINGS =
      Map.of("pgraft.election_timeout", "5s", "pgraft.command_timeout", "30s");

  /** Heap, direct memory and what else a worker may come to use, beyond what it used at the beginning; in kB. */
  private static final long GROWTH_KB = 160 << 10;

  /** What strangers do to a cluster. */
  @FunctionalInterface
  interface Assault {
    void on(TestCluster cluster) throws Exception;
  }

  /**
   * Runs an assault while clients write on every node, and asserts that everything that was acknowledged is kept, that the
   * leader goes on leading in its term, that no worker died or grew without bound and that no writer noticed anything.
   */
  static void during(TestCluster cluster, Assault assault) throws Exception {
    TestNode leader = cluster.leader();
    long term = leader.number("SELECT pgraft_get_term()");
    Map<TestNode, Long> workers = new HashMap<>();
    Map<TestNode, Long> memory = new HashMap<>();
    Load load = Load.during(cluster.nodes(), 3, writing -> {
      writing.awaitMore(100);
      for (TestNode node : cluster.nodes()) {
        workers.put(node, node.worker());
        memory.put(node, ProcessUse.ofWorker(node).residentKilobytes());
      }
      assault.on(cluster);
      for (TestNode node : cluster.nodes()) {
        long grown = ProcessUse.ofWorker(node).residentKilobytes() - memory.get(node);
        assertTrue(grown < GROWTH_KB, () -> node + "'s worker has grown by " + grown + " kB");
      }
      writing.awaitMore(100);
    });
    assertEquals(0, load.errors(), "the writers noticed nothing");
    load.assertKept(cluster.nodes());
    assertEquals(leader, cluster.leader());
    assertEquals(term, leader.number("SELECT pgraft_get_term()"), "the term");
    for (TestNode node : cluster.nodes()) {
      assertEquals(workers.get(node), node.worker(), node + "'s worker");
      node.awaitState("RUNNING");
    }
    cluster.assertSameStores();
    Lease.assertDisjoint(cluster.nodes());
  }

  private Unharmed() {}
}
