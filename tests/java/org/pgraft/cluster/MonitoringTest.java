package org.pgraft.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code docs/monitoring} gives to Prometheus and Grafana, by a Prometheus that reads a cluster. */
final class MonitoringTest extends ClusterTest {
  private static final Path DOCUMENTS = Path.of("docs/monitoring");
  private static final Pattern RULE = Pattern.compile("(?m)^ +expr: (.*) (?:==|!=|<|>) [0-9.]+$");
  private static final Pattern PANEL = Pattern.compile("\"expr\": \"((?:[^\"\\\\]|\\\\.)*)\"");

  @TempDir private Path directory;
  private final HttpClient client = HttpClient.newHttpClient();
  private Process prometheus;
  private int port;

  @AfterEach
  void stopPrometheus() throws Exception {
    if (prometheus != null) {
      prometheus.destroy();
      prometheus.waitFor(30, TimeUnit.SECONDS);
    }
  }

  @Test
  void when_prometheus_reads_a_cluster_then_every_rule_and_every_panel_has_data_and_an_alert_fires() throws Exception {
    Assumptions.assumeTrue(Command.run(List.of("sh", "-c", "command -v prometheus")).status() == 0,
        "Prometheus is not installed");
    int metrics = Ports.take();
    TestCluster cluster = untilTheEnd(TestCluster.prepared(3, Map.of(
        "pgraft.metrics_enabled", "on", "pgraft.metrics_port", Integer.toString(metrics))));
    for (TestNode node : cluster.nodes()) {
      node.set("pgraft.metrics_address", node.host().address());
    }
    cluster.startAll();
    startPrometheus(cluster, metrics);
    Load load = Load.during(cluster.nodes(), 2, writing -> {
      for (String query : queries("alerts.yml", RULE)) {
        Await.until("the rule has data: " + query, () -> hasData(query));
      }
      for (String query : queries("dashboard.json", PANEL)) {
        Await.until("the panel has data: " + query, () -> hasData(query.replace("$job", "pgraft")));
      }
      writing.awaitMore(1);
    });
    assertEquals(0, load.errors());
    for (String alert : List.of("PgraftNodeDown", "PgraftNoLeader")) {
      Await.until("Prometheus has judged", () -> ask("/api/v1/rules").contains("\"lastEvaluation\":\"2"));
      assertFalse(fires(alert), () -> alert + " fires before anything is wrong");
    }
    cluster.others(cluster.node(1)).forEach(TestNode::kill);
    for (String alert : List.of("PgraftNodeDown", "PgraftNoLeader")) {
      Await.until(alert + " fires", () -> fires(alert));
    }
  }

  /** With the documented configuration, but for where the nodes are and how often they are asked. */
  private void startPrometheus(TestCluster cluster, int metrics) throws Exception {
    String targets = cluster.nodes().stream().map(node -> "'" + node.host().address() + ":" + metrics + "'")
        .collect(Collectors.joining(", "));
    String configuration = Files.readString(DOCUMENTS.resolve("prometheus.yml"))
        .replaceFirst("targets: \\[.*]", "targets: [" + targets + "]")
        .replace("scrape_interval: 15s", "scrape_interval: 1s\n  evaluation_interval: 1s");
    Files.writeString(directory.resolve("prometheus.yml"), configuration);
    // that something lasts for a while is not what is tested
    Files.writeString(directory.resolve("alerts.yml"),
        Files.readString(DOCUMENTS.resolve("alerts.yml")).replaceAll("for: [0-9]+[ms]", "for: 1s"));
    Command.run(List.of("promtool", "check", "config", directory.resolve("prometheus.yml").toString())).orFail("promtool");
    port = Ports.take();
    prometheus = new ProcessBuilder("prometheus", "--config.file=" + directory.resolve("prometheus.yml"),
        "--storage.tsdb.path=" + directory.resolve("data"), "--web.listen-address=127.0.0.1:" + port)
        .redirectErrorStream(true)
        .redirectOutput(directory.resolve("log").toFile())
        .start();
    Await.until("Prometheus answers", () -> ask("/-/ready").contains("Ready"));
  }

  private static List<String> queries(String document, Pattern pattern) throws IOException {
    List<String> queries = new ArrayList<>();
    String text = Files.readString(DOCUMENTS.resolve(document));
    Matcher matcher = pattern.matcher(text);
    while (matcher.find()) {
      queries.add(matcher.group(1).replace("\\\"", "\""));
    }
    assertEquals(text.split("\"?expr\"?: ", -1).length - 1, queries.size(), document);
    return queries;
  }

  private boolean hasData(String query) {
    String answer = ask("/api/v1/query?query=" + URLEncoder.encode(query, StandardCharsets.UTF_8));
    return answer.contains("\"status\":\"success\"") && answer.contains("\"value\":[");
  }

  private boolean fires(String alert) {
    return hasData("ALERTS{alertname=\"" + alert + "\",alertstate=\"firing\"}");
  }

  private String ask(String path) {
    try {
      return client.send(HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path)).build(),
          HttpResponse.BodyHandlers.ofString()).body();
    } catch (IOException | InterruptedException e) {
      return "";
    }
  }
}
