package org.pgraft.bench;

import java.util.List;
import org.pgraft.cluster.NodeHost;
import org.pgraft.cluster.Session;
import org.pgraft.cluster.TestCluster;
import org.pgraft.cluster.TestNode;

/** Reads: on the lease holder and local ones against a function that reads nothing, on a follower against etcd's. */
final class Gets {
  private static final String SOURCE = "tests/bench/constant.c";
  private static final String RANDOM = "\\set k random(1, " + Bench.KEYS + ")\n";

  /** A linearizable or local read of a random key, as the session is set. */
  static final String GET = RANDOM + "SELECT pgraft_kv_get('bench/' || :k::text)";

  /** A call that reads nothing. */
  static final String CONSTANT = RANDOM + "SELECT bench_constant('bench/' || :k::text)";

  private final Bench bench;

  Gets(Bench bench) {
    this.bench = bench;
  }

  void run() throws Exception {
    TestNode leader = bench.cluster().leader();
    TestNode follower = bench.cluster().others(leader).get(0);
    Bench.fill(leader, Bench.KEYS, Bench.VALUE_BYTES);
    leader.put("filled", "yes");
    TestCluster.awaitLocal(follower, "filled", "yes");
    against(leader, "get on the lease holder", "linearizable", 1, 0.95);
    against(leader, "get on the lease holder", "linearizable", 64, 0.85);
    against(follower, "local get on a follower", "local", 1, 0.95);
    against(follower, "local get on a follower", "local", 64, 0.85);
    onFollower(follower);
  }

  private void against(TestNode node, String what, String consistency, int clients, double share) throws Exception {
    makeConstant(node);
    double seconds = bench.options().seconds();
    PgBench pgbench = new PgBench(node, consistency);
    List<List<Sample>> samples = bench.alternating(List.of(
        () -> pgbench.run(GET, clients, seconds),
        () -> pgbench.run(CONSTANT, clients, seconds)));
    bench.add(Row.atLeast(what + ", " + clients + (clients == 1 ? " client" : " clients"), share,
        Sample.median(samples.get(0), Sample::rate), Sample.median(samples.get(1), Sample::rate), "/s", "a constant"));
  }

  /** A C function that returns a text of the values' size and does nothing else. */
  static void makeConstant(TestNode node) throws Exception {
    // a copy of a server has no headers; those that it was built with have the same path on this machine
    String include = node.host().run("sh", "-c", "for config in \"$1\" \"$2\"; do"
            + " headers=$(\"$config\" --includedir-server) && [ -f \"$headers/postgres.h\" ] && echo \"$headers\" && exit; done; exit 1",
        "sh", node.host().binaries() + "/pg_config", String.valueOf(System.getenv("PG_CONFIG"))).orFail("pg_config")
        .text().strip();
    String library = node.compile(SOURCE, "constant.so", "-O2", "-shared", "-fPIC", "-I" + include);
    try (Session session = node.connect()) {
      session.run("CREATE OR REPLACE FUNCTION bench_constant(text) RETURNS text LANGUAGE c STRICT VOLATILE"
          + " PARALLEL RESTRICTED AS '" + library + "'");
    }
  }

  private void onFollower(TestNode follower) throws Exception {
    double seconds = bench.options().seconds();
    String what = "linearizable get on a follower, 1 client: median latency";
    Bench.Load ours = () -> new PgBench(follower).run(GET, 1, seconds);
    if (bench.etcd().isEmpty()) {
      List<Sample> alone = bench.alternating(List.of(ours)).get(0);
      bench.add(Row.alone(what, "not above etcd's", Sample.median(alone, Sample::p50), "ms"));
      return;
    }
    Etcd etcd = bench.etcd().get();
    etcd.load("fill", 64, seconds, Bench.KEYS, Bench.VALUE_BYTES);
    NodeHost leader = etcd.leader();
    NodeHost asked = etcd.hosts().stream().filter(host -> host != leader).findFirst().orElseThrow();
    List<List<Sample>> samples = bench.alternating(List.of(
        ours, () -> etcd.load(asked, "get", 1, seconds, Bench.KEYS, Bench.VALUE_BYTES)));
    bench.add(Row.atMost(what, 1, Sample.median(samples.get(0), Sample::p50),
        Sample.median(samples.get(1), Sample::p50), "ms", "etcd"));
  }
}
