package org.pgraft.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code docs/monitoring} gives to Prometheus and Grafana, by a Prometheus that reads a cluster. */
final class MonitoringTest extends ClusterTest {
  private static final Pattern RULE = Pattern.compile("(?m)^ +expr: (.*) (?:==|!=|<|>) [0-9.]+$");

  @TempDir private Path directory;

  @Test
  void when_prometheus_reads_a_cluster_then_every_rule_and_every_panel_has_data_and_an_alert_fires() throws Exception {
    Assumptions.assumeTrue(Prometheus.installed(), "Prometheus is not installed");
    TestCluster cluster = untilTheEnd(TestCluster.prepared(3, Map.of()));
    Map<TestNode, String> targets = Prometheus.prepare(cluster.nodes());
    cluster.startAll();
    try (Prometheus prometheus = Prometheus.reading(targets, directory)) {
      Load load = Load.during(cluster.nodes(), 2, writing -> {
        for (String query : rules()) {
          Await.until("the rule has data: " + query, () -> prometheus.hasData(query));
        }
        for (Panel panel : Panel.ofTheDashboard()) {
          for (Panel.Target target : panel.targets()) {
            Await.until(panel.title() + " has data: " + target.query(), () -> prometheus.hasData(target.query()));
          }
        }
        writing.awaitMore(1);
      });
      assertEquals(0, load.errors());
      for (String alert : List.of("PgraftNodeDown", "PgraftNoLeader", "PgraftMemberNotScraped")) {
        Await.until("Prometheus has judged",
            () -> prometheus.ask("/api/v1/rules").contains("\"lastEvaluation\":\"2"));
        // not every target was read from the first moment on
        Await.until(alert + " does not fire while nothing is wrong", () -> !prometheus.fires(alert));
      }
      cluster.others(cluster.node(1)).forEach(TestNode::kill);
      for (String alert : List.of("PgraftNodeDown", "PgraftNoLeader")) {
        Await.until(alert + " fires", () -> prometheus.fires(alert));
      }
    }
  }

  @Test
  void when_a_member_is_not_among_the_targets_then_an_alert_fires() throws Exception {
    Assumptions.assumeTrue(Prometheus.installed(), "Prometheus is not installed");
    TestCluster cluster = untilTheEnd(TestCluster.prepared(3, Map.of()));
    Map<TestNode, String> targets = Prometheus.prepare(cluster.nodes());
    cluster.startAll();
    targets.remove(cluster.others(cluster.leader()).get(0));
    try (Prometheus prometheus = Prometheus.reading(targets, directory)) {
      Await.until("the alert fires", () -> prometheus.fires("PgraftMemberNotScraped"));
      assertFalse(prometheus.fires("PgraftNodeDown"), "no target is down");
    }
  }

  @Test
  void when_the_page_lists_the_rules_then_these_are_those_of_the_file() throws IOException {
    List<String> rules = named("(?m)^ +- alert: (\\w+)$", Prometheus.DOCUMENTS.resolve("alerts.yml"));
    assertEquals(rules, named("(?m)^\\| `(Pgraft\\w+)` \\|", Path.of("docs/monitoring.md")));
  }

  private static List<String> named(String pattern, Path file) throws IOException {
    return Pattern.compile(pattern).matcher(Files.readString(file)).results().map(found -> found.group(1)).toList();
  }

  /** What the alert rules compare with their thresholds. */
  private static List<String> rules() throws IOException {
    List<String> queries = new ArrayList<>();
    String text = Files.readString(Prometheus.DOCUMENTS.resolve("alerts.yml"));
    Matcher matcher = RULE.matcher(text);
    while (matcher.find()) {
      queries.add(matcher.group(1));
    }
    assertEquals(text.split("expr: ", -1).length - 1, queries.size(), "rules");
    return queries;
  }
}
