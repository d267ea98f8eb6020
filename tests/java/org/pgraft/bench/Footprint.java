package org.pgraft.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.pgraft.cluster.Await;
import org.pgraft.cluster.NodeHost;
import org.pgraft.cluster.ProcessUse;
import org.pgraft.cluster.Session;
import org.pgraft.cluster.TestCluster;
import org.pgraft.cluster.TestNode;

/** What a node costs when nothing is asked of it, and after it was asked a lot. */
final class Footprint {
  private static final long PUTS = 100_000;
  private static final int CLIENTS = 64;
  private static final long WARM_UP_MILLIS = 180_000;
  private static final long SAMPLE_MILLIS = 5000;
  private static final long SETTLE_MILLIS = 10_000;
  private static final long IDLE_MILLIS = 20_000;
  private static final double KB_PER_MB = 1024;

  private final Bench bench;

  Footprint(Bench bench) {
    this.bench = bench;
  }

  /** On clusters of its own, because what was done before stays in a JVM's memory. Gives the memory over time. */
  Plot run() throws Exception {
    Map<String, List<double[]>> memory = new LinkedHashMap<>();
    try (TestCluster cluster = TestCluster.started(3, bench.settings())) {
      Sampling ours = new Sampling(() -> largest(cluster));
      // what is done once or a few times a second is compiled only after two hundred times
      Thread.sleep(WARM_UP_MILLIS);
      idleCpu(cluster);
      bench.add(Row.limited("worker's memory, idle (largest of 3)", 85, largest(cluster), "MB"));
      cpuOfPuts(cluster);
      Thread.sleep(SETTLE_MILLIS);
      memory.put("pgraft, largest worker", ours.end());
      double loaded = largest(cluster);
      bench.add(Row.limited("worker's memory after 100,000 puts (largest of 3)", 120, loaded, "MB"));
      againstEtcd(loaded, memory);
    }
    return new Plot("memory-over-time", "seconds: idle for " + (WARM_UP_MILLIS + IDLE_MILLIS) / 1000
        + ", then 100,000 puts, then idle again", "memory, MB", false, memory);
  }

  /** Reads a figure every few seconds, in a thread of its own. */
  private static final class Sampling {
    private final List<double[]> samples = new ArrayList<>();
    private final ExecutorService thread = Executors.newSingleThreadExecutor();
    private final Future<Void> reading;
    private volatile boolean ended;

    Sampling(Callable<Double> figure) {
      final long begin = System.nanoTime();
      reading = thread.submit(() -> {
        while (!ended) {
          samples.add(new double[] {(System.nanoTime() - begin) / 1e9, figure.call()});
          Thread.sleep(SAMPLE_MILLIS);
        }
        return null;
      });
    }

    List<double[]> end() throws Exception {
      ended = true;
      try {
        reading.get();
      } finally {
        thread.shutdownNow();
      }
      return samples;
    }
  }

  private void cpuOfPuts(TestCluster cluster) throws Exception {
    TestNode leader = cluster.leader();
    TestNode follower = cluster.others(leader).get(0);
    double leaderBefore = cpu(leader);
    double followerBefore = cpu(follower);
    long done = new PgBench(leader).runTimes(Bench.put(Bench.KEYS, Bench.VALUE_BYTES), CLIENTS, PUTS).done();
    double perPut = 1e6 / done;
    bench.add(Row.figure("CPU of the leader's worker for a put, 64 clients", (cpu(leader) - leaderBefore) * perPut, "µs"));
    bench.add(Row.figure("CPU of a follower's worker for a put, 64 clients", (cpu(follower) - followerBefore) * perPut, "µs"));
  }

  private void idleCpu(TestCluster cluster) throws Exception {
    TestNode leader = cluster.leader();
    TestNode follower = cluster.others(leader).get(0);
    double leaderBefore = cpu(leader);
    double followerBefore = cpu(follower);
    final long begin = System.nanoTime();
    Thread.sleep(IDLE_MILLIS);
    double percent = 100 / ((System.nanoTime() - begin) / 1e9);
    bench.add(Row.limited("CPU of an idle leader", 1, (cpu(leader) - leaderBefore) * percent, "% of a core"));
    bench.add(Row.limited("CPU of an idle follower", 1, (cpu(follower) - followerBefore) * percent, "% of a core"));
  }

  private static double cpu(TestNode node) throws Exception {
    return ProcessUse.ofWorker(node).cpuSeconds();
  }

  private static double largest(TestCluster cluster) throws Exception {
    double largest = 0;
    for (TestNode node : cluster.nodes()) {
      largest = Math.max(largest, megabytes(ProcessUse.ofWorker(node)));
    }
    return largest;
  }

  private static double largest(Etcd etcd) {
    double largest = 0;
    for (NodeHost host : etcd.hosts()) {
      largest = Math.max(largest, megabytes(new ProcessUse(host, etcd.server(host))));
    }
    return largest;
  }

  private static double megabytes(ProcessUse use) {
    return use.memory().privately() / KB_PER_MB;
  }

  private void againstEtcd(double ours, Map<String, List<double[]>> memory) throws Exception {
    if (bench.etcd().isEmpty()) {
      bench.add(Row.alone("worker's memory after 100,000 puts, largest of 3, against etcd's", "below etcd's", ours, "MB"));
      return;
    }
    try (Etcd etcd = Etcd.started(3)) {
      Sampling sampling = new Sampling(() -> largest(etcd));
      Thread.sleep(WARM_UP_MILLIS + IDLE_MILLIS);
      etcd.loadTimes(CLIENTS, PUTS, Bench.KEYS, Bench.VALUE_BYTES);
      Thread.sleep(SETTLE_MILLIS);
      memory.put("etcd, largest server", sampling.end());
      double theirs = largest(etcd);
      bench.add(Row.atMost("worker's memory after 100,000 puts, largest of 3, against etcd's", 1, ours, theirs, "MB", "etcd"));
    }
  }

  /** From the start of a server to a worker that runs, and from that of three to the first leader. */
  void starts() throws Exception {
    try (TestCluster cluster = TestCluster.prepared(3, bench.settings())) {
      final long begin = System.nanoTime();
      TestCluster.inParallel(cluster.nodes(), node -> {
        node.startServer();
        return null;
      });
      TestNode first = cluster.node(1);
      makeExtension(first);
      Await.until("there is a leader", () -> first.number("SELECT pgraft_get_leader()") > 0);
      bench.add(Row.limited("three new servers started to their first leader", 4, since(begin), "s"));
      for (TestNode other : cluster.others(first)) {
        makeExtension(other);
      }
      TestNode node = cluster.follower();
      node.stop("fast");
      final long again = System.nanoTime();
      node.startServer();
      node.awaitState("RUNNING");
      bench.add(Row.limited("server started to worker RUNNING", 1.5, since(again), "s"));
    }
  }

  private static void makeExtension(TestNode node) throws Exception {
    try (Session session = node.connect()) {
      session.run("CREATE EXTENSION IF NOT EXISTS pgraft");
    }
  }

  private static double since(long begin) {
    return (System.nanoTime() - begin) / 1e9;
  }
}
