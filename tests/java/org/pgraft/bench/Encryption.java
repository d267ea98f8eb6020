package org.pgraft.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.pgraft.cluster.Certificates;
import org.pgraft.cluster.TestCluster;
import org.pgraft.cluster.TestNode;
import org.pgraft.tls.TestAuthority;

/** What TLS between the members costs: the same puts on the cluster without it, and on one with it that runs beside it. */
final class Encryption {
  private final Bench bench;
  private final TestAuthority authority;

  /** @param certificates a directory for them */
  Encryption(Bench bench, Path certificates) throws IOException {
    this.bench = bench;
    this.authority = new TestAuthority(certificates);
  }

  void run() throws Exception {
    try (TestCluster encrypted = TestCluster.prepared(bench.cluster().nodes().size(), bench.settings())) {
      for (TestNode node : encrypted.nodes()) {
        Certificates.secure(node, authority, "on");
      }
      encrypted.startAll();
      encrypted.leader();
      compare(encrypted, 1);
      compare(encrypted, 64);
    }
  }

  private void compare(TestCluster encrypted, int clients) throws Exception {
    double seconds = bench.options().seconds();
    String put = Bench.put(Bench.KEYS, Bench.VALUE_BYTES);
    List<List<Sample>> samples = bench.alternating(List.of(
        () -> new PgBench(encrypted.leader()).run(put, clients, seconds),
        () -> bench.atLeader().run(put, clients, seconds)));
    String what = "put, TLS between the members, " + clients + (clients == 1 ? " client" : " clients");
    bench.add(clients == 1
        ? Row.beside(what + ": median latency", Sample.median(samples.get(0), Sample::p50),
            Sample.median(samples.get(1), Sample::p50), "ms", "without")
        : Row.beside(what, Sample.median(samples.get(0), Sample::rate), Sample.median(samples.get(1), Sample::rate), "/s",
            "without"));
  }
}
