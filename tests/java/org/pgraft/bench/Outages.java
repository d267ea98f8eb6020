package org.pgraft.bench;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.pgraft.cluster.LogsOnFailure;
import org.pgraft.cluster.Session;
import org.pgraft.cluster.TestCluster;
import org.pgraft.cluster.TestNode;

/** How long nobody acknowledges a write when the leader goes: by kill -9, and by a clean stop. */
final class Outages {
  private static final int STOPS = 10;
  private static final long MOMENT_MILLIS = 500;

  /** Enough for a member that was started again to catch up and to be compiled where it matters. */
  private static final long REST_MILLIS = 5000;

  /** Not accepted, or outcome unknown. */
  private static final Set<String> UNANSWERED = Set.of("PGR01", "08007");

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
      String what = "kill -9 of the leader to the next acknowledged put (" + killed.size() + " runs)";
      bench.add(Row.limited(what + ", median", 2.5, Sample.median(killed), "s"));
      bench.add(Row.limited(what + ", worst", 4, Collections.max(killed), "s"));
      List<Double> stopped = new ArrayList<>();
      for (int i = 0; i < STOPS; i++) {
        Thread.sleep(REST_MILLIS);
        stopped.add(outage(cluster, node -> node.stop("fast")));
      }
      bench.add(Row.limited("clean stop of the leader (" + STOPS + " runs), median", 0.3, Sample.median(stopped), "s"));
      List<Double> restless = new ArrayList<>();
      for (int i = 0; i < STOPS; i++) {
        restless.add(outage(cluster, node -> node.stop("fast")));
      }
      bench.add(Row.figure("the same half a second after another member's start, median", Sample.median(restless), "s"));
    }
    Map<String, String> quick = new HashMap<>(bench.settings());
    quick.put("pgraft.election_timeout", "300ms");
    try (TestCluster cluster = TestCluster.started(3, quick)) {
      List<Double> killed = new ArrayList<>();
      for (int i = 0; i < bench.options().outages(); i++) {
        killed.add(outage(cluster, TestNode::kill));
      }
      bench.add(Row.limited("the same kill with election_timeout 300 ms (" + killed.size() + " runs), median", 1,
          Sample.median(killed), "s"));
    }
  }

  /** What is done to the leader. */
  @FunctionalInterface
  private interface Blow {
    void fall(TestNode node) throws Exception;
  }

  /**
   * The longest time between two acknowledged puts of a client on another node, from the last one before the blow to the
   * first one after it and to all that follow for a moment, in seconds. The client asks one at a time, without a pause.
   */
  private static double outage(TestCluster cluster, Blow blow) throws Exception {
    TestNode leader = cluster.leader();
    TestNode witness = cluster.others(leader).get(0);
    ExecutorService writing = Executors.newSingleThreadExecutor();
    Writer writer = new Writer(witness);
    try {
      Future<Double> longest = writing.submit(writer);
      Thread.sleep(MOMENT_MILLIS);
      writer.watch();
      blow.fall(leader);
      TestCluster.leaderAmong(cluster.others(leader));
      Thread.sleep(MOMENT_MILLIS);
      writer.end();
      return longest.get();
    } catch (Exception | Error e) {
      // The cluster is gone when the test ends.
      LogsOnFailure.keep(cluster, Report.directory().resolve("outages"));
      throw e;
    } finally {
      writer.end();
      writing.shutdownNow();
      leader.start();
      leader.awaitState("RUNNING");
    }
  }

  /** Puts as fast as it can, and notes the longest time from one acknowledgement to the next. */
  private static final class Writer implements Callable<Double> {
    private final TestNode node;
    private volatile boolean ended;
    private volatile boolean watching;

    Writer(TestNode node) {
      this.node = node;
    }

    /** From the last acknowledgement on, it counts. */
    void watch() {
      watching = true;
    }

    /** After the next acknowledgement it is over. */
    void end() {
      ended = true;
    }

    @Override
    public Double call() throws SQLException {
      long longestNanos = 0;
      try (Session session = node.connect()) {
        long last = System.nanoTime();
        boolean over = false;
        while (!over) {
          over = ended;
          if (!acknowledged(session)) {
            over = false;
            continue;
          }
          final long now = System.nanoTime();
          if (watching) {
            longestNanos = Math.max(longestNanos, now - last);
          }
          last = now;
        }
      }
      return longestNanos / 1e9;
    }

    /** False when the put got no answer or was not accepted; any other error is one of the measurement. */
    private static boolean acknowledged(Session session) throws SQLException {
      try {
        session.run("SELECT pgraft_kv_put('outage', 'over')");
        return true;
      } catch (SQLException e) {
        if (!UNANSWERED.contains(String.valueOf(e.getSQLState()))) {
          throw e;
        }
        return false;
      }
    }
  }
}
