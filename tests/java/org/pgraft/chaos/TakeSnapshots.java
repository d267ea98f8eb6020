package org.pgraft.chaos;

import java.util.List;
import java.util.Random;
import org.pgraft.cluster.TestCluster;

/** Snapshots on all nodes at once, at the beginning and at the end. */
record TakeSnapshots(String name) implements Fault {
  @Override
  public Injection inject(Arena arena, Random random) throws Exception {
    List<Long> before = indexes(arena);
    take(arena);
    return new Injection() {
      @Override
      public void heal() throws Exception {
        take(arena);
      }

      @Override
      public String bite() throws Exception {
        List<Long> after = indexes(arena);
        for (int i = 0; i < before.size(); i++) {
          Injection.demand(after.get(i) > before.get(i), "snapshots " + before + " stayed " + after);
        }
        return "snapshots at " + before + " before, at " + after + " now";
      }
    };
  }

  private static void take(Arena arena) throws Exception {
    TestCluster.inParallel(arena.nodes(), node -> node.number("SELECT pgraft_snapshot()"));
  }

  private static List<Long> indexes(Arena arena) throws Exception {
    return TestCluster.inParallel(arena.nodes(),
        node -> node.number("SELECT coalesce(snapshot_index, 0) FROM pgraft_node_status()"));
  }
}
