package org.pgraft.bench;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.pgraft.cluster.Session;
import org.pgraft.cluster.TestCluster;
import org.pgraft.cluster.TestNode;

/**
 * What the measurements share: how long and how often each load runs, three pgraft nodes, and three of etcd where it is
 * installed, both with fsync on, with the same clients' places: on the host of the leader that they ask.
 */
final class Bench implements AutoCloseable {
  static final int VALUE_BYTES = 256;
  private static final int LITERAL_BYTES_MAX = 65_536;
  static final long KEYS = 1000;
  private static final int NODES = 3;

  private final Options options;
  private final TestCluster cluster;
  private final Etcd etcd;
  private final List<Row> rows = new ArrayList<>();

  private Bench(Options options, TestCluster cluster, Etcd etcd) {
    this.options = options;
    this.cluster = cluster;
    this.etcd = etcd;
  }

  static Bench started(Options options) throws Exception {
    TestCluster cluster = TestCluster.started(NODES, settings(options));
    try {
      return new Bench(options, cluster, Etcd.whyNot().isEmpty() ? Etcd.started(NODES) : null);
    } catch (Exception | Error e) {
      cluster.close();
      throw e;
    }
  }

  /** Those of a server with room for the clients; pgraft's own are the defaults, unless others were asked for. */
  Map<String, String> settings() {
    return settings(options);
  }

  private static Map<String, String> settings(Options options) {
    Map<String, String> settings =
        new HashMap<>(Map.of("fsync", "on", "max_connections", "600", "shared_buffers", "128MB"));
    settings.putAll(options.settings());
    return settings;
  }

  Options options() {
    return options;
  }

  TestCluster cluster() {
    return cluster;
  }

  Optional<Etcd> etcd() {
    return Optional.ofNullable(etcd);
  }

  /** The node that leads, for pgbench. */
  PgBench atLeader() throws Exception {
    return new PgBench(cluster.leader());
  }

  /** A put of a random key, with a value of so many bytes. */
  static String put(long keys, int valueBytes) {
    // a script is written by a command, whose length has a limit
    String value = valueBytes <= LITERAL_BYTES_MAX ? "'" + "v".repeat(valueBytes) + "'" : "repeat('v', " + valueBytes + ")";
    return "\\set k random(1, " + keys + ")\nSELECT pgraft_kv_put('bench/' || :k::text, " + value + ")";
  }

  /** Puts all keys, so that every get finds one. */
  static void fill(TestNode node, long keys, int valueBytes) throws Exception {
    final long portion = 1000;
    try (Session session = node.connect()) {
      for (long first = 1; first <= keys; first += portion) {
        session.run("SELECT pgraft_kv_put_many(array_agg('bench/' || k), array_agg(repeat('v', ?::int)))"
            + " FROM generate_series(?::bigint, ?::bigint) k", valueBytes, first, Math.min(keys, first + portion - 1));
      }
    }
  }

  /** One of the loads that take turns. */
  @FunctionalInterface
  interface Load {
    Sample run() throws Exception;
  }

  /** Runs each of the loads in turn, over and over, so that what else the machine does hits all alike. */
  List<List<Sample>> alternating(List<Load> loads) throws Exception {
    List<List<Sample>> samples = new ArrayList<>();
    loads.forEach(load -> samples.add(new ArrayList<>()));
    for (int repetition = 0; repetition < options.repetitions(); repetition++) {
      for (int i = 0; i < loads.size(); i++) {
        samples.get(i).add(loads.get(i).run());
      }
    }
    return samples;
  }

  /** Whether a part of the table was asked for, by its name. */
  boolean wants(String part) {
    return options.parts().isEmpty() || options.parts().contains(part);
  }

  void add(Row row) {
    rows.add(row);
    System.out.println(Report.line(row));
  }

  List<Row> rows() {
    return List.copyOf(rows);
  }

  @Override
  public void close() {
    if (etcd != null) {
      etcd.close();
    }
    cluster.close();
  }
}
