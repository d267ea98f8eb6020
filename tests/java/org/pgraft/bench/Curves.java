package org.pgraft.bench;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.pgraft.cluster.TestCluster;
import org.pgraft.cluster.TestNode;

/** How the cost of a put grows: with the clients, the members, the size of the values, and the keys that there are. */
final class Curves {
  private static final List<Integer> CLIENTS = List.of(1, 2, 4, 8, 16, 32, 64, 128, 256, 512);
  private static final List<Integer> MEMBERS = List.of(1, 3, 5, 7);
  private static final List<Integer> VALUE_BYTES = List.of(16, 256, 4096, 65_536, 1_048_576);
  private static final List<Long> KEYS = List.of(1_000L, 10_000L, 100_000L, 1_000_000L);
  private static final int SOME_CLIENTS = 64;
  private static final int FEW_CLIENTS = 4;

  private final Bench bench;

  Curves(Bench bench) {
    this.bench = bench;
  }

  List<Curve> all() throws Exception {
    return List.of(byClients(), byMembers(), byValue(), byKeys());
  }

  private Curve byClients() throws Exception {
    List<Curve.Point> points = new ArrayList<>();
    try (TestCluster cluster = TestCluster.started(3, manyClients())) {
      for (int clients : CLIENTS) {
        points.add(point("pgraft", clients, put(cluster, clients, Bench.KEYS, Bench.VALUE_BYTES)));
        if (bench.etcd().isPresent()) {
          points.add(point("etcd", clients, bench.etcd().get()
              .load("put", clients, bench.options().seconds(), Bench.KEYS, Bench.VALUE_BYTES)));
        }
      }
    }
    return new Curve("clients", "clients", "3 members, values of 256 bytes, 1,000 keys", points);
  }

  /** Slots for all of them; with the default a call beyond 256 waits half a second for one. */
  private Map<String, String> manyClients() {
    Map<String, String> settings = new HashMap<>(bench.settings());
    settings.put("pgraft.max_requests", "1024");
    return settings;
  }

  private Curve byMembers() throws Exception {
    List<Curve.Point> points = new ArrayList<>();
    for (int members : MEMBERS) {
      try (TestCluster cluster = TestCluster.started(members, bench.settings())) {
        points.add(point("1 client", members, put(cluster, 1, Bench.KEYS, Bench.VALUE_BYTES)));
        points.add(point("64 clients", members, put(cluster, SOME_CLIENTS, Bench.KEYS, Bench.VALUE_BYTES)));
      }
    }
    return new Curve("members", "members, all on this machine", "values of 256 bytes, 1,000 keys", points);
  }

  private Curve byValue() throws Exception {
    List<Curve.Point> points = new ArrayList<>();
    for (int bytes : VALUE_BYTES) {
      points.add(point("pgraft", bytes, put(bench.cluster(), FEW_CLIENTS, 100, bytes)));
      if (bench.etcd().isPresent()) {
        points.add(point("etcd", bytes, bench.etcd().get().load("put", FEW_CLIENTS, bench.options().seconds(), 100, bytes)));
      }
    }
    return new Curve("value", "bytes of a value", "3 members, 4 clients, 100 keys", points);
  }

  private Curve byKeys() throws Exception {
    List<Curve.Point> points = new ArrayList<>();
    TestNode leader = bench.cluster().leader();
    for (long keys : KEYS) {
      Bench.fill(leader, keys, Bench.VALUE_BYTES);
      points.add(point("1 client", keys, put(bench.cluster(), 1, keys, Bench.VALUE_BYTES)));
      points.add(point("64 clients", keys, put(bench.cluster(), SOME_CLIENTS, keys, Bench.VALUE_BYTES)));
    }
    return new Curve("keys", "keys", "3 members, values of 256 bytes", points);
  }

  private Sample put(TestCluster cluster, int clients, long keys, int valueBytes) throws Exception {
    return new PgBench(cluster.leader()).run(Bench.put(keys, valueBytes), clients, bench.options().seconds());
  }

  private static Curve.Point point(String series, long x, Sample sample) {
    System.out.printf(Locale.ROOT, "  %s, %,d: %,.0f/s, median %.2f ms, 99 %% %.2f ms%n",
        series, x, sample.rate(), sample.p50(), sample.p99());
    return new Curve.Point(series, x, sample.rate(), sample.p50(), sample.p99());
  }
}
