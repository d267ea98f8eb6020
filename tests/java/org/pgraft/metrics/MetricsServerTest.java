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
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgraft.tls.PageCertificate;
import org.pgraft.tls.TestAuthority;

/** The page that Prometheus reads. */
class MetricsServerTest {
  private final Latencies latencies = new Latencies();
  private volatile MetricsView view = view(7, true);
  private volatile Health health = new Health(1, true, true, 1, true, 7);
  @TempDir private Path root;

  private static MetricsView view(long term, boolean holds) {
    return new MetricsView(
        term, 2, holds, holds ? 0.5 : 0, 10, 9, 8, 1, 20, 5, 2, 1, 3, 42, 4, 4096, 8192, 1 << 20, 1,
        Double.NaN, 1800000000d, !holds,
        List.of(new MetricsView.Peer(2, 1, 0.1, 1), new MetricsView.Peer(3, Double.NaN, Double.NaN, Double.NaN)));
  }

  private MetricsServer server(MetricsServer.Access access) throws IOException {
    return new MetricsServer(access, () -> view, () -> health, latencies);
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
        server(MetricsServer.Access.open(new InetSocketAddress("127.0.0.1", 0)))) {
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
      assertTrue(first.contains("\npgraft_settings_refused 0.0\n"), first);
      assertTrue(first.contains("jvm_memory_pool_bytes_used"), "no JVM figures");

      view = view(8, false);
      final String second = page(server.port());
      assertTrue(second.contains("\npgraft_term 8.0\n"), second);
      assertTrue(second.contains("\npgraft_is_leader 0.0\n"), second);
      assertTrue(second.contains("\npgraft_settings_refused 1.0\n"), second);
    }
  }

  @Test
  void when_somethingIsMeasured_then_itStandsInItsHistogram() throws Exception {
    try (MetricsServer server =
        server(MetricsServer.Access.open(new InetSocketAddress("127.0.0.1", 0)))) {
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
              server(
                  MetricsServer.Access.open(
                      new InetSocketAddress(taken.getInetAddress(), taken.getLocalPort()))));
    }
  }

  @Test
  void when_aLoadBalancerAsks_then_eachPageAnswersByTheStateOfThatMoment() throws Exception {
    try (MetricsServer server = server(MetricsServer.Access.open(new InetSocketAddress("127.0.0.1", 0)))) {
      health = new Health(1, true, true, 1, true, 7);
      assertEquals(List.of(200, 200, 200, 200, 503), statuses(server, "GET"), "the lease holder");
      health = new Health(1, true, true, 2, false, 7);
      assertEquals(List.of(200, 200, 200, 503, 200), statuses(server, "HEAD"), "a follower");
      health = new Health(1, true, true, 1, false, 7);
      assertEquals(List.of(200, 200, 200, 503, 200), statuses(server, "GET"), "elected, without a lease yet");
      health = new Health(1, true, true, 0, false, 7);
      assertEquals(List.of(200, 200, 503, 503, 503), statuses(server, "OPTIONS"), "nobody leads");
      health = new Health(1, true, false, 2, false, 7);
      assertEquals(List.of(200, 200, 503, 503, 503), statuses(server, "GET"), "its store is not open");
      health = new Health(1, false, false, 0, false, 0);
      assertEquals(List.of(200, 503, 503, 503, 503), statuses(server, "GET"), "it waits to become a member");
    }
  }

  @Test
  void when_aPageIsAskedForOtherwise_then_onlyGetHasABodyAndOnlyThreeMethodsAreTaken() throws Exception {
    try (MetricsServer server = server(MetricsServer.Access.open(new InetSocketAddress("127.0.0.1", 0)))) {
      health = new Health(3, true, true, 2, false, 7);
      assertEquals(
          "{\"node\": 3, \"role\": \"replica\", \"leader\": 2, \"term\": 7}\n", ask(server, "GET", "/health").body());
      assertEquals("", ask(server, "HEAD", "/health").body());
      assertEquals("", ask(server, "OPTIONS", "/health").body());
      assertEquals(405, ask(server, "POST", "/leader").statusCode());
      assertEquals(Optional.of("GET, HEAD, OPTIONS"), ask(server, "DELETE", "/leader").headers().firstValue("Allow"));
      assertEquals(404, ask(server, "GET", "/leader/elsewhere").statusCode());
    }
  }

  @Test
  void when_aTokenIsSet_then_theMetricsNeedItAndThePagesForLoadBalancersDoNot() throws Exception {
    final AtomicReference<String> token = new AtomicReference<>("secret");
    final InetSocketAddress address = new InetSocketAddress("127.0.0.1", 0);
    try (MetricsServer server = server(new MetricsServer.Access(address, Optional.empty(), token::get))) {
      assertEquals(401, ask(server, "GET", "/metrics").statusCode());
      assertEquals(401, ask(server, "GET", "/metrics", "Authorization", "Bearer secre").statusCode());
      assertEquals(401, ask(server, "GET", "/", "Authorization", "Basic secret").statusCode());
      assertEquals(200, ask(server, "GET", "/metrics", "Authorization", "Bearer secret").statusCode());
      assertEquals(200, ask(server, "GET", "/leader").statusCode());

      token.set("renewed");
      assertEquals(401, ask(server, "GET", "/metrics", "Authorization", "Bearer secret").statusCode());
      assertEquals(200, ask(server, "GET", "/metrics", "Authorization", "Bearer renewed").statusCode());
    }
  }

  @Test
  void when_aCertificateIsSet_then_thePageIsServedOverTls() throws Exception {
    final TestAuthority authority = new TestAuthority(root.resolve("ca"));
    final TestAuthority.Member member = authority.sign("m", "IP:127.0.0.1");
    final SSLContext tls = new PageCertificate(member.certificate(), member.key()).context();
    final InetSocketAddress address = new InetSocketAddress("127.0.0.1", 0);
    try (MetricsServer server = server(new MetricsServer.Access(address, Optional.of(tls), () -> ""))) {
      final HttpResponse<String> page =
          HttpClient.newBuilder()
              .sslContext(authority.trusting())
              .build()
              .send(
                  HttpRequest.newBuilder(URI.create("https://127.0.0.1:" + server.port() + "/metrics")).build(),
                  HttpResponse.BodyHandlers.ofString());
      assertTrue(page.body().contains("\npgraft_term 7.0\n"));
      assertThrows(IOException.class, () -> ask(server, "GET", "/metrics"), "plain text");
    }
  }

  private static List<Integer> statuses(MetricsServer server, String method) throws Exception {
    final List<Integer> statuses = new ArrayList<>();
    for (String path : List.of("/live", "/health", "/ready", "/leader", "/replica")) {
      statuses.add(ask(server, method, path).statusCode());
    }
    return statuses;
  }

  private static HttpResponse<String> ask(MetricsServer server, String method, String path, String... headers)
      throws Exception {
    final HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path))
            .method(method, HttpRequest.BodyPublishers.noBody());
    if (headers.length > 0) {
      request.headers(headers);
    }
    return HttpClient.newHttpClient().send(request.build(), HttpResponse.BodyHandlers.ofString());
  }
}
