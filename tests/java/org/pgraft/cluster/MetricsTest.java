package org.pgraft.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgraft.tls.TestAuthority;

/** The page for Prometheus of a real server. */
class MetricsTest extends ClusterTest {
  @TempDir private Path root;

  @Test
  void when_a_leader_serves_metrics_then_they_are_what_sql_says() throws Exception {
    int port = Ports.take();
    TestCluster cluster = cluster(1);
    TestNode node = withMetrics(cluster, port);
    for (int i = 0; i < 20; i++) {
      node.put("key/" + i, "value");
    }
    assertEquals("serving", node.text("SELECT metrics_state FROM pgraft_node_status()"));

    String where = "http://" + node.host().address() + ":" + port + "/metrics";
    String entries = "SELECT log_size FROM pgraft_log_get_stats()";
    Await.until("SQL shows the last write, and the page too", () -> node.number(entries) == read(where).get("pgraft_log_size")
        && read(where).get("pgraft_store_keys") == 20);
    Map<String, Double> page = read(where);
    assertEquals(node.number("SELECT pgraft_get_term()"), page.get("pgraft_term"));
    assertEquals(node.number(), page.get("pgraft_leader_id"));
    assertEquals(1, page.get("pgraft_is_leader"));
    assertEquals(node.number(entries), page.get("pgraft_log_size"));
    assertEquals(node.number("SELECT commit_index FROM pgraft_log_get_stats()"), page.get("pgraft_commit_index"));
    assertEquals(20, page.get("pgraft_store_keys"));
    assertTrue(page.get("pgraft_requests_total{result=\"ok\",}") >= 20);
    assertTrue(page.get("pgraft_commit_seconds_count") >= 20);
    assertTrue(page.get("pgraft_apply_seconds_count") >= 20);
    assertTrue(page.get("pgraft_fsync_seconds_count") >= 20);
    assertEquals(page.get("pgraft_fsync_seconds_count"), page.get("pgraft_fsync_seconds_bucket{le=\"+Inf\",}"));
    assertTrue(page.get("pgraft_fsync_seconds_sum") > 0);
    for (String family : List.of("pgraft_queue_depth", "pgraft_snapshots_total", "pgraft_elections_total",
        "jvm_memory_pool_bytes_used", "jvm_gc_collection_seconds_count", "jvm_threads_current")) {
      assertTrue(page.keySet().stream().anyMatch(name -> name.startsWith(family)), family + " is missing");
    }
  }

  @Test
  void when_the_port_is_in_use_then_the_node_says_so_and_works() throws Exception {
    TestCluster cluster = cluster(1);
    TestNode node = withMetrics(cluster, cluster.node(1).host().raftPort());
    assertEquals("failed", node.text("SELECT metrics_state FROM pgraft_node_status()"));
    assertEquals("RUNNING", node.text("SELECT pgraft_get_worker_state()"));
    assertTrue(node.log().contains("the metrics page could not be opened"), "a warning in the log");
    node.put("key", "value");
    assertEquals("value", node.get("key"));
  }

  @Test
  void when_the_worker_is_kept_from_running_then_the_pause_is_counted_and_logged() throws Exception {
    int port = Ports.take();
    TestNode node = withMetrics(cluster(1), port);
    String where = "http://" + node.host().address() + ":" + port + "/metrics";
    String shortly = "pgraft_round_delay_seconds_bucket{le=\"0.25\",}";
    String all = "pgraft_round_delay_seconds_count";
    Await.until("rounds are counted", () -> read(where).get(all) > 10);
    Map<String, Double> before = read(where);
    long worker = node.number("SELECT worker_pid FROM pgraft_node_status()");
    node.signal(worker, "STOP");
    try {
      Thread.sleep(1500);
    } finally {
      node.signal(worker, "CONT");
    }
    Await.until("one more took long", () -> {
      Map<String, Double> page = read(where);
      return page.get(all) - page.get(shortly) > before.get(all) - before.get(shortly);
    });
    Await.until("it is logged", () -> node.log().contains("the worker was kept from running for "));
  }

  @Test
  void when_a_load_balancer_asks_three_nodes_then_one_is_the_leader_and_follows_the_lease() throws Exception {
    int port = Ports.take();
    TestCluster cluster = untilTheEnd(TestCluster.prepared(3, Map.of(
        "pgraft.metrics_enabled", "on", "pgraft.metrics_port", Integer.toString(port))));
    for (TestNode node : cluster.nodes()) {
      // one address in common, where the nodes are processes of one machine
      node.set("pgraft.metrics_address", node.host().address());
    }
    cluster.startAll();
    TestNode leader = cluster.leader();
    TestNode other = cluster.others(leader).get(0);
    Await.until("all are ready", () -> statuses(cluster, port, "/ready").equals(List.of(200, 200, 200)));
    Await.until("one is the leader", () -> status(leader, port, "/leader") == 200
        && cluster.others(leader).stream().allMatch(node -> status(node, port, "/leader") == 503));
    assertEquals(503, status(leader, port, "/replica"));
    assertEquals(200, status(other, port, "/replica"));

    assertTrue(leader.truth("SELECT pgraft_transfer_leadership(?)", other.number()));
    Await.until("it follows", () -> status(other, port, "/leader") == 200 && status(leader, port, "/leader") == 503);

    cluster.others(other).forEach(TestNode::kill);
    Await.until("without a majority there is no leader", () -> status(other, port, "/leader") == 503
        && status(other, port, "/ready") == 503);
    assertEquals(200, status(other, port, "/live"));
  }

  @Test
  void when_the_metrics_have_a_token_and_a_certificate_then_others_do_not_see_them() throws Exception {
    int port = Ports.take();
    TestAuthority authority = new TestAuthority(root.resolve("ca"));
    TestCluster cluster = cluster(1);
    TestNode node = cluster.node(1);
    TestAuthority.Member member = authority.sign("metrics", "IP:" + node.host().address());
    node.write(node.data() + "/metrics.crt", Files.readString(member.certificate()));
    node.write(node.data() + "/metrics.key", Files.readString(member.key()));
    node.write(node.data() + "/metrics.token", "secret\n");
    node.host().run("chmod", "600", node.data() + "/metrics.key", node.data() + "/metrics.token").orFail("chmod");
    node.set("pgraft.metrics_tls_cert_file", "metrics.crt");
    node.set("pgraft.metrics_tls_key_file", "metrics.key");
    node.set("pgraft.metrics_token_file", "metrics.token");
    withMetrics(cluster, port);

    HttpClient client = HttpClient.newBuilder().sslContext(authority.trusting()).build();
    URI page = URI.create("https://" + node.host().address() + ":" + port + "/metrics");
    assertEquals(401, client.send(HttpRequest.newBuilder(page).build(), HttpResponse.BodyHandlers.ofString()).statusCode());
    Await.until("who bears the token reads it", () -> bearing(client, page, "secret") == 200);
    assertThrows(IOException.class, () -> read("http://" + node.host().address() + ":" + port + "/metrics"));

    node.write(node.data() + "/metrics.token", "renewed\n");
    node.reload();
    Await.until("a reload takes the new token", () -> bearing(client, page, "renewed") == 200);
    assertEquals(401, bearing(client, page, "secret"));
  }

  private static int bearing(HttpClient client, URI page, String token) throws Exception {
    return client
        .send(HttpRequest.newBuilder(page).header("Authorization", "Bearer " + token).build(),
            HttpResponse.BodyHandlers.ofString())
        .statusCode();
  }

  private static List<Integer> statuses(TestCluster cluster, int port, String path) {
    return cluster.nodes().stream().map(node -> status(node, port, path)).toList();
  }

  /** 0 when nobody answers. */
  private static int status(TestNode node, int port, String path) {
    URI page = URI.create("http://" + node.host().address() + ":" + port + path);
    try {
      return HttpClient.newHttpClient()
          .send(HttpRequest.newBuilder(page).build(), HttpResponse.BodyHandlers.discarding()).statusCode();
    } catch (IOException | InterruptedException e) {
      return 0;
    }
  }

  private static TestNode withMetrics(TestCluster cluster, int port) throws Exception {
    TestNode node = cluster.node(1);
    node.set("pgraft.metrics_enabled", "on");
    node.set("pgraft.metrics_address", node.host().address());
    node.set("pgraft.metrics_port", Integer.toString(port));
    node.restart();
    return cluster.leader();
  }

  /** The samples by their names with labels. */
  private static Map<String, Double> read(String url) throws Exception {
    HttpResponse<String> response = HttpClient.newHttpClient()
        .send(HttpRequest.newBuilder(URI.create(url)).build(), HttpResponse.BodyHandlers.ofString());
    assertEquals(200, response.statusCode());
    return response.body().lines()
        .filter(line -> !line.startsWith("#"))
        .collect(Collectors.toMap(line -> line.substring(0, line.lastIndexOf(' ')),
            line -> Double.valueOf(line.substring(line.lastIndexOf(' ') + 1))));
  }
}
