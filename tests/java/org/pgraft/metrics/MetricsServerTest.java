package org.pgraft.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The page that Prometheus reads. */
class MetricsServerTest {
  private final Latencies latencies = new Latencies();
  private volatile MetricsView view = view(7, true);

  private static MetricsView view(long term, boolean holds) {
    return new MetricsView(
        term, 2, holds, holds ? 0.5 : 0, 10, 9, 8, 1, 20, 5, 2, 1, 3, 42, 4, 8192, 1 << 20, 1,
        Double.NaN, 1800000000d,
        List.of(new MetricsView.Peer(2, 1, 0.1, 1), new MetricsView.Peer(3, Double.NaN, Double.NaN, Double.NaN)));
  }

  private static String page(int port) throws Exception {
    final HttpResponse<String> response =
        HttpClient.newHttpClient()
            .send(
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/metrics")).build(),
                HttpResponse.BodyHandlers.ofString());
    assertEquals(200, response.statusCode());
    return response.body();
  }

  @Test
  void when_thePageIsRead_then_itShowsTheDocumentedNamesFromLiveFigures() throws Exception {
    try (MetricsServer server =
        new MetricsServer(new InetSocketAddress("127.0.0.1", 0), () -> view, latencies)) {
      final String first = page(server.port());
      assertTrue(first.contains("\npgraft_term 7.0\n"), first);
      assertTrue(first.contains("\npgraft_leader_id 2.0\n"), first);
      assertTrue(first.contains("\npgraft_is_leader 1.0\n"), first);
      assertTrue(first.contains("\npgraft_log_size 10.0\n"), first);
      assertTrue(first.contains("\npgraft_commit_index 9.0\n"), first);
      assertTrue(first.contains("\npgraft_applied_index 8.0\n"), first);
      assertTrue(first.contains("pgraft_requests_total{result=\"unknown\",} 1.0\n"), first);
      assertTrue(first.contains("pgraft_peer_reachable{node=\"3\",} NaN\n"), first);
      assertTrue(first.contains("\npgraft_certificate_expiry_timestamp_seconds 1.8E9\n"), first);
      assertTrue(first.contains("jvm_memory_pool_bytes_used"), "no JVM figures");

      view = view(8, false);
      final String second = page(server.port());
      assertTrue(second.contains("\npgraft_term 8.0\n"), second);
      assertTrue(second.contains("\npgraft_is_leader 0.0\n"), second);
    }
  }

  @Test
  void when_somethingIsMeasured_then_itStandsInItsHistogram() throws Exception {
    try (MetricsServer server =
        new MetricsServer(new InetSocketAddress("127.0.0.1", 0), () -> view, latencies)) {
      latencies.committed(3_000_000);
      latencies.applied(20_000);
      final String page = page(server.port());
      assertTrue(page.contains("pgraft_commit_seconds_bucket{le=\"0.0025\",} 0.0\n"), page);
      assertTrue(page.contains("pgraft_commit_seconds_bucket{le=\"0.005\",} 1.0\n"), page);
      assertTrue(page.contains("pgraft_apply_seconds_count 1.0\n"), page);
    }
  }

  @Test
  void when_thePortIsTaken_then_theServerSaysSo() throws IOException {
    try (ServerSocket taken = new ServerSocket(0)) {
      assertThrows(
          IOException.class,
          () ->
              new MetricsServer(
                  new InetSocketAddress(taken.getInetAddress(), taken.getLocalPort()), () -> view, latencies));
    }
  }
}
