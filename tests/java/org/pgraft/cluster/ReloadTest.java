package org.pgraft.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import org.junit.jupiter.api.Test;

/** Settings that take effect without a restart. */
class ReloadTest extends ClusterTest {
  @Test
  void when_the_snapshot_interval_is_reloaded_then_snapshots_follow_it() throws Exception {
    TestNode node = cluster(1).node(1);
    putSome(node, 150);
    assertNull(node.text("SELECT snapshot_index FROM pgraft_node_status()"), "10000 entries are far away");
    String worker = node.text("SELECT worker_pid FROM pgraft_node_status()");

    node.set("pgraft.snapshot_interval", "100");
    node.reload();
    Await.until("the setting is there", () -> "100".equals(node.text("SHOW pgraft.snapshot_interval")));
    Await.until("a snapshot is taken", () -> {
      putSome(node, 10);
      return node.text("SELECT snapshot_index FROM pgraft_node_status()") != null;
    });
    assertEquals(worker, node.text("SELECT worker_pid FROM pgraft_node_status()"), "the same worker");
  }

  private static void putSome(TestNode node, int count) throws Exception {
    try (Session session = node.connect()) {
      for (int i = 0; i < count; i++) {
        session.run("SELECT pgraft_kv_put('key', ?)", Integer.toString(i));
      }
    }
  }
}
