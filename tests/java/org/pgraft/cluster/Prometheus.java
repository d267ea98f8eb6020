package org.pgraft.cluster;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * A Prometheus on this machine that reads a cluster once a second, configured by what {@code docs/monitoring} gives, and
 * that ends when it is closed.
 */
final class Prometheus implements AutoCloseable {
  /** The files that Prometheus and Grafana are given. */
  static final Path DOCUMENTS = Path.of("docs/monitoring");

  /** The cluster, as the documented configuration calls it. */
  static final String JOB = "pgraft";

  private final HttpClient client = HttpClient.newHttpClient();
  private final Process process;
  private final int port;

  /**
   * What a query gave over a time.
   *
   * @param labels of the series
   * @param points seconds since 1970 before the value, which may be NaN
   */
  record Series(Map<String, String> labels, List<double[]> points) {}

  private Prometheus(Process process, int port) {
    this.process = process;
    this.port = port;
  }

  static boolean installed() {
    return Command.run(List.of("sh", "-c", "command -v prometheus && command -v promtool")).status() == 0;
  }

  /**
   * Has nodes that are not started yet serve their metrics.
   *
   * @return where each does, which is its {@code instance}
   */
  static Map<TestNode, String> prepare(List<TestNode> nodes) {
    Map<TestNode, String> targets = new LinkedHashMap<>();
    for (TestNode node : nodes) {
      int metrics = Ports.take();
      node.set("pgraft.metrics_enabled", "on");
      node.set("pgraft.metrics_address", node.host().address());
      node.set("pgraft.metrics_port", Integer.toString(metrics));
      targets.put(node, node.host().address() + ":" + metrics);
    }
    return targets;
  }

  /** Starts one with the documented configuration, but for where the nodes are and how often they are asked. */
  static Prometheus reading(Map<TestNode, String> nodes, Path directory) throws Exception {
    String targets = nodes.values().stream().map(target -> "'" + target + "'").collect(Collectors.joining(", "));
    String configuration = Files.readString(DOCUMENTS.resolve("prometheus.yml"))
        .replaceFirst("targets: \\[.*]", "targets: [" + targets + "]")
        .replace("scrape_interval: 15s", "scrape_interval: 1s\n  evaluation_interval: 1s");
    Files.writeString(directory.resolve("prometheus.yml"), configuration);
    // that something lasts for a while is not what is tested
    Files.writeString(directory.resolve("alerts.yml"),
        Files.readString(DOCUMENTS.resolve("alerts.yml")).replaceAll("for: [0-9]+[ms]", "for: 1s"));
    Command.run(List.of("promtool", "check", "config", directory.resolve("prometheus.yml").toString())).orFail("promtool");
    int port = Ports.take();
    Prometheus prometheus = new Prometheus(new ProcessBuilder("prometheus",
        "--config.file=" + directory.resolve("prometheus.yml"),
        "--storage.tsdb.path=" + directory.resolve("data"), "--web.listen-address=127.0.0.1:" + port)
        .redirectErrorStream(true)
        .redirectOutput(directory.resolve("log").toFile())
        .start(), port);
    try {
      Await.until("Prometheus answers", () -> prometheus.ask("/-/ready").contains("Ready"));
      return prometheus;
    } catch (InterruptedException | AssertionError e) {
      prometheus.close();
      throw e;
    }
  }

  /** The body of the answer to a GET. */
  String ask(String path) throws IOException, InterruptedException {
    return client.send(HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path)).build(),
        HttpResponse.BodyHandlers.ofString()).body();
  }

  /** Whether a query gives anything now. */
  boolean hasData(String query) throws IOException, InterruptedException {
    return !result("/api/v1/query?query=" + encoded(query)).isEmpty();
  }

  /** Whether an alert fires now. */
  boolean fires(String alert) throws IOException, InterruptedException {
    return hasData("ALERTS{alertname=\"" + alert + "\",alertstate=\"firing\"}");
  }

  /** What a query gives for each second between two instants. */
  List<Series> range(String query, Instant from, Instant to) throws IOException, InterruptedException {
    List<Series> all = new ArrayList<>();
    for (JsonElement element : result("/api/v1/query_range?step=1&start=" + from.getEpochSecond()
        + "&end=" + to.getEpochSecond() + "&query=" + encoded(query))) {
      JsonObject series = element.getAsJsonObject();
      Map<String, String> labels = new TreeMap<>();
      series.getAsJsonObject("metric").asMap().forEach((name, value) -> labels.put(name, value.getAsString()));
      List<double[]> points = new ArrayList<>();
      for (JsonElement pair : series.getAsJsonArray("values")) {
        JsonArray point = pair.getAsJsonArray();
        points.add(new double[] {point.get(0).getAsDouble(), value(point.get(1).getAsString())});
      }
      all.add(new Series(labels, points));
    }
    return all;
  }

  private JsonArray result(String path) throws IOException, InterruptedException {
    JsonObject answer = JsonParser.parseString(ask(path)).getAsJsonObject();
    if (!answer.get("status").getAsString().equals("success")) {
      throw new IllegalStateException(path + ": " + answer);
    }
    return answer.getAsJsonObject("data").getAsJsonArray("result");
  }

  private static double value(String text) {
    return switch (text) {
      case "+Inf" -> Double.POSITIVE_INFINITY;
      case "-Inf" -> Double.NEGATIVE_INFINITY;
      default -> Double.parseDouble(text);
    };
  }

  private static String encoded(String query) {
    return URLEncoder.encode(query, StandardCharsets.UTF_8);
  }

  @Override
  public void close() {
    process.destroy();
    try {
      if (!process.waitFor(30, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
