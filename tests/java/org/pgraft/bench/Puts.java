package org.pgraft.bench;

import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.pgraft.cluster.Session;
import org.pgraft.cluster.TestNode;

/** Writes: puts of many clients against etcd's, many keys in one call, how the cost grows with the keys and in a snapshot. */
final class Puts {
  private static final long MANY = 1_000_000;
  private static final int AT_ONCE = 1000;
  private static final int DURING_SNAPSHOTS = 16;
  private static final long PAUSE_MILLIS = 200;

  private final Bench bench;

  Puts(Bench bench) {
    this.bench = bench;
  }

  void againstEtcd() throws Exception {
    compare(1);
    compare(64);
    compare(256);
  }

  private void compare(int clients) throws Exception {
    double seconds = bench.options().seconds();
    String what = "put, " + clients + (clients == 1 ? " client" : " clients");
    Bench.Load ours = () -> bench.atLeader().run(Bench.put(Bench.KEYS, Bench.VALUE_BYTES), clients, seconds);
    Bench.Load theirs = () ->
        bench.etcd().orElseThrow().load("put", clients, seconds, Bench.KEYS, Bench.VALUE_BYTES);
    List<List<Sample>> samples =
        bench.alternating(bench.etcd().isPresent() ? List.of(ours, theirs) : List.of(ours));
    double median = Sample.median(samples.get(0), Sample::p50);
    double rate = Sample.median(samples.get(0), Sample::rate);
    if (samples.size() == 1) {
      bench.add(clients == 1 ? Row.alone(what + ": median latency", "not above etcd's", median, "ms")
          : Row.alone(what, "at least 2 × etcd's", rate, "/s"));
    } else if (clients == 1) {
      bench.add(Row.atMost(what + ": median latency", 1, median, Sample.median(samples.get(1), Sample::p50), "ms", "etcd"));
    } else {
      bench.add(Row.atLeast(what, 2, rate, Sample.median(samples.get(1), Sample::rate), "/s", "etcd"));
    }
  }

  /** Many keys in one call. */
  void manyKeys() throws Exception {
    String statement = "SELECT pgraft_kv_put_many(array_agg('many/' || k), array_agg(repeat('v', "
        + Bench.VALUE_BYTES + "))) FROM generate_series(1, " + AT_ONCE + ") k";
    List<Sample> samples = bench.alternating(List.of(
        () -> bench.atLeader().run(statement, 4, bench.options().seconds()))).get(0);
    bench.add(Row.reaching("keys committed by calls of " + AT_ONCE + " keys", 50_000,
        AT_ONCE * Sample.median(samples, Sample::rate), "keys/s"));
  }

  /** The same put in a small store and in a large one. */
  void growth() throws Exception {
    Bench.Load small = () -> bench.atLeader().run(Bench.put(Bench.KEYS, Bench.VALUE_BYTES), 1, bench.options().seconds());
    Bench.Load large = () -> bench.atLeader().run(Bench.put(MANY, Bench.VALUE_BYTES), 1, bench.options().seconds());
    List<Sample> before = bench.alternating(List.of(small)).get(0);
    Bench.fill(bench.cluster().leader(), MANY, Bench.VALUE_BYTES);
    List<Sample> after = bench.alternating(List.of(large)).get(0);
    bench.add(Row.atMost("put, 1 client, at 1,000,000 keys: median latency", 1.3,
        Sample.median(after, Sample::p50), Sample.median(before, Sample::p50), "ms", "at 1,000 keys"));
  }

  /** Puts while snapshots are made and the log is purged, in a store of whatever size there is. */
  void snapshots() throws Exception {
    TestNode leader = bench.cluster().leader();
    Bench.Load load = () -> bench.atLeader().run(Bench.put(Bench.KEYS, Bench.VALUE_BYTES), DURING_SNAPSHOTS, bench.options().seconds());
    String before = leader.text("SHOW pgraft.snapshot_interval");
    setInterval(Integer.toString(Integer.MAX_VALUE));
    List<List<Sample>> samples = bench.alternating(List.of(load, () -> whileSnapshots(leader, load)));
    setInterval(before);
    bench.add(Row.atMost("put, " + DURING_SNAPSHOTS + " clients, during snapshots and purges: 99th percentile", 3,
        Sample.median(samples.get(1), Sample::p99), Sample.median(samples.get(0), Sample::p99), "ms", "in quiet"));
  }

  private void setInterval(String entries) {
    bench.cluster().nodes().forEach(node -> {
      node.set("pgraft.snapshot_interval", entries);
      node.reload();
    });
  }

  private Sample whileSnapshots(TestNode node, Bench.Load load) throws Exception {
    ExecutorService maker = Executors.newSingleThreadExecutor();
    try (Session session = node.connect()) {
      session.run("SET pgraft.command_timeout = '60s'");
      AtomicBoolean ended = new AtomicBoolean();
      Future<Integer> made = maker.submit(() -> makeSnapshots(session, ended));
      Sample sample = load.run();
      ended.set(true);
      if (made.get() == 0) {
        throw new IllegalStateException("no snapshot was made meanwhile");
      }
      return sample;
    } finally {
      maker.shutdownNow();
    }
  }

  private static int makeSnapshots(Session session, AtomicBoolean ended) throws SQLException, InterruptedException {
    int made = 0;
    while (!ended.get()) {
      session.run("SELECT pgraft_snapshot()");
      made++;
      Thread.sleep(PAUSE_MILLIS);
    }
    return made;
  }
}
