package org.pgraft.cluster;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The power goes, and with it whatever was not synced: nothing that was acknowledged is lost. */
final class PowerCutTest extends ClusterTest {
  @Test
  void when_all_lose_their_power_under_load_then_every_acknowledged_write_is_kept() throws Exception {
    TestCluster cluster = untilTheEnd(TestCluster.prepared(3, Map.of()));
    Map<TestNode, PowerSwitch> switches = start(cluster);
    Load load = Load.during(cluster.nodes(), 6, running -> {
      for (int round = 0; round < 2; round++) {
        running.awaitMore(200);
        TestCluster.inParallel(List.copyOf(switches.values()), power -> {
          power.cut();
          return null;
        });
        cluster.startAll();
        cluster.leader();
      }
      running.awaitMore(50);
    });
    load.assertKept(cluster.nodes());
    cluster.assertSameStores();
  }

  @Test
  void when_leaders_lose_their_power_one_after_the_other_then_every_acknowledged_write_is_kept() throws Exception {
    TestCluster cluster = untilTheEnd(TestCluster.prepared(3, Map.of("pgraft.snapshot_interval", "200")));
    Map<TestNode, PowerSwitch> switches = start(cluster);
    Load load = Load.during(cluster.nodes(), 6, running -> {
      for (int round = 0; round < 3; round++) {
        running.awaitMore(150);
        TestNode leader = cluster.leader();
        switches.get(leader).cut();
        running.awaitMore(50);
        leader.start();
        cluster.leader();
      }
      running.awaitMore(50);
    });
    load.assertKept(cluster.nodes());
    cluster.assertSameStores();
    Lease.assertDisjoint(cluster.nodes());
  }

  private static Map<TestNode, PowerSwitch> start(TestCluster cluster) throws Exception {
    Map<TestNode, PowerSwitch> switches = new LinkedHashMap<>();
    for (TestNode node : cluster.nodes()) {
      switches.put(node, PowerSwitch.install(node));
    }
    cluster.found();
    return switches;
  }
}
