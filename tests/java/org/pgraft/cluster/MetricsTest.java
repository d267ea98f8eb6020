package org.pgraft.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The page for Prometheus of a real server. */
class MetricsTest extends ClusterTest {
  @Test
  void when_a_leader_serves_metrics_then_they_are_what_sql_says() throws Exception {
    int port = freePort();
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
    int port = freePort();
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

  private static int freePort() throws Exception {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }
}
