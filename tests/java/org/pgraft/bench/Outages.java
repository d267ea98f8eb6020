package org.pgraft.bench;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.pgraft.cluster.Session;
import org.pgraft.cluster.TestCluster;
import org.pgraft.cluster.TestNode;

/** How long nobody acknowledges a write when the leader goes: by kill -9, and by a clean stop. */
final class Outages {
  private static final int STOPS = 10;

  private final Bench bench;

  Outages(Bench bench) {
    this.bench = bench;
  }

  void run() throws Exception {
    try (TestCluster cluster = TestCluster.started(3, bench.settings())) {
      List<Double> killed = new ArrayList<>();
      for (int i = 0; i < bench.options().outages(); i++) {
        killed.add(outage(cluster, TestNode::kill));
      }
      Collections.sort(killed);
      String what = "kill -9 of the leader to the next acknowledged put (" + killed.size() + " runs)";
      bench.add(Row.limited(what + ", median", 2.5, killed.get(killed.size() / 2), "s"));
      bench.add(Row.limited(what + ", worst", 4, killed.get(killed.size() - 1), "s"));
      List<Double> stopped = new ArrayList<>();
      for (int i = 0; i < STOPS; i++) {
        stopped.add(outage(cluster, node -> node.stop("fast")));
      }
      Collections.sort(stopped);
      bench.add(Row.limited("clean stop of the leader (" + STOPS + " runs), median", 0.3, stopped.get(STOPS / 2), "s"));
    }
    Map<String, String> quick = new HashMap<>(bench.settings());
    quick.put("pgraft.election_timeout", "300ms");
    try (TestCluster cluster = TestCluster.started(3, quick)) {
      List<Double> killed = new ArrayList<>();
      for (int i = 0; i < bench.options().outages(); i++) {
        killed.add(outage(cluster, TestNode::kill));
      }
      Collections.sort(killed);
      bench.add(Row.limited("the same kill with election_timeout 300 ms (" + killed.size() + " runs), median", 1,
          killed.get(killed.size() / 2), "s"));
    }
  }

  /** What is done to the leader. */
  @FunctionalInterface
  private interface Blow {
    void fall(TestNode node) throws Exception;
  }

  /**
   * The longest time between two acknowledged puts of a client on another node, from the last one before the blow on, in
   * seconds. The client asks one at a time, without a pause.
   */
  private static double outage(TestCluster cluster, Blow blow) throws Exception {
    TestNode leader = cluster.leader();
    TestNode witness = cluster.others(leader).get(0);
    Writer writer = new Writer(witness);
    Thread thread = new Thread(writer, "writer");
    thread.start();
    Thread.sleep(500);
    writer.watch();
    blow.fall(leader);
    while (TestCluster.leaderAmong(cluster.others(leader)) == null) {
      Thread.sleep(10);
    }
    Thread.sleep(500);
    writer.end();
    thread.join();
    leader.start();
    leader.awaitState("RUNNING");
    return writer.longest();
  }

  /** Puts as fast as it can, and notes the longest time from one acknowledgement to the next. */
  private static final class Writer implements Runnable {
    private final TestNode node;
    private volatile boolean ended;
    private volatile boolean watching;
    private volatile long longestNanos;

    Writer(TestNode node) {
      this.node = node;
    }

    void watch() {
      watching = true;
    }

    void end() {
      ended = true;
    }

    double longest() {
      return longestNanos / 1e9;
    }

    @Override
    public void run() {
      try (Session session = node.connect()) {
        long last = System.nanoTime();
        boolean watched = false;
        while (!ended) {
          if (!acknowledged(session)) {
            continue;
          }
          final long now = System.nanoTime();
          if (watched) {
            longestNanos = Math.max(longestNanos, now - last);
          }
          watched = watching;
          last = now;
        }
      } catch (SQLException e) {
        throw new IllegalStateException(e);
      }
    }

    private static boolean acknowledged(Session session) {
      try {
        session.run("SELECT pgraft_kv_put('outage', 'over')");
        return true;
      } catch (SQLException e) {
        return false;
      }
    }
  }
}
