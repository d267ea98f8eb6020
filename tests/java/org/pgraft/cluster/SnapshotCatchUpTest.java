package org.pgraft.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** A node that was away for longer than the log is kept gets a snapshot, and the others do not wait for it. */
final class SnapshotCatchUpTest extends ClusterTest {
  private static final int STORED_MEGABYTES = 40;

  /** How long no write may be acknowledged: longer than an election, shorter than the transfer of a snapshot. */
  private static final long LULL_NANOS = 15_000_000_000L;

  @Test
  void when_a_node_was_down_for_longer_than_the_log_then_it_catches_up_while_writes_go_on() throws Exception {
    TestCluster cluster = cluster(3, Map.of("pgraft.snapshot_interval", "100", "pgraft.max_log_entries", "10",
        "pgraft.command_timeout", "30s"));
    TestNode leader = cluster.leader();
    TestNode away = cluster.follower();
    List<TestNode> present = cluster.others(away);
    for (int i = 0; i < 50; i++) {
      leader.put("before/" + i, "value " + i);
    }
    long had = away.number("SELECT coalesce(last_log_index, 0) FROM pgraft_node_status()");
    away.kill();
    try (Session session = leader.connect()) {
      for (int i = 0; i < STORED_MEGABYTES; i++) {
        session.run("SELECT pgraft_kv_put(?, repeat('v', 1000000))", "large/" + i);
      }
      session.run("SELECT pgraft_snapshot()");
    }
    Await.until("what " + away + " lacks is purged",
        () -> leader.number("SELECT first_log_index FROM pgraft_node_status()") > had + 1);

    List<Integer> perSecond = new ArrayList<>();
    Load load = Load.during(present, 4, writing -> {
      writing.awaitMore(50);
      Progress progress = Progress.watch(writing);
      away.start();
      Await.until(away + " has caught up", () -> away.truth("SELECT pgraft_log_sync_with_leader()"));
      perSecond.addAll(progress.end());
      assertTrue(progress.longestLullNanos() < LULL_NANOS,
          () -> "no write was acknowledged for " + progress.longestLullNanos() / 1_000_000 + " ms");
      Await.until("it has got a snapshot",
          () -> away.number("SELECT coalesce(snapshot_index, 0) FROM pgraft_node_status()") > had);
      writing.awaitMore(50);
    });
    System.out.println("writes acknowledged in each second while " + away + " caught up: " + perSecond);
    assertEquals(0, load.errors(), "no write failed meanwhile");
    load.assertKept(cluster.nodes());
    cluster.assertSameStores();
  }

  /** Counts what clients have acknowledged, second by second. */
  private static final class Progress {
    private final Load load;
    private final List<Integer> perSecond = new ArrayList<>();
    private final Thread thread = new Thread(this::count, "progress");
    private volatile boolean ended;
    private long lullNanos;

    private Progress(Load load) {
      this.load = load;
    }

    static Progress watch(Load load) {
      Progress progress = new Progress(load);
      progress.thread.start();
      return progress;
    }

    List<Integer> end() throws InterruptedException {
      ended = true;
      thread.join();
      return perSecond;
    }

    /** The longest time in which the count stood still; call it after the end. */
    long longestLullNanos() {
      return lullNanos;
    }

    private void count() {
      int seen = load.count();
      int secondBegan = seen;
      long second = System.nanoTime();
      long moved = second;
      while (!ended) {
        try {
          Thread.sleep(20);
        } catch (InterruptedException e) {
          return;
        }
        long now = System.nanoTime();
        int count = load.count();
        lullNanos = Math.max(lullNanos, now - moved);
        if (count > seen) {
          seen = count;
          moved = now;
        }
        if (now - second >= 1_000_000_000L) {
          perSecond.add(count - secondBegan);
          secondBegan = count;
          second = now;
        }
      }
    }
  }
}
