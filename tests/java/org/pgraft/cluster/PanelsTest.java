package org.pgraft.cluster;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** "make panels": the pictures of docs/monitoring.md, of a leader that is killed under load and comes back. */
@Tag("panels")
@ExtendWith(LogsOnFailure.class)
final class PanelsTest {
  private static final Path PICTURES = Path.of("docs/images");
  /** As far back as most queries look, so that what is drawn begins with figures of a whole minute. */
  private static final Duration UNSEEN = Duration.ofSeconds(60);
  private static final Duration BEFORE = Duration.ofSeconds(45);
  private static final Duration DOWN = Duration.ofSeconds(20);
  private static final Duration AFTER = Duration.ofSeconds(45);

  @TempDir private Path directory;

  @Test
  void when_the_leader_is_killed_and_comes_back_then_every_panel_is_drawn() throws Exception {
    assertTrue(Prometheus.installed(), "Prometheus is not installed");
    assertTrue(Gnuplot.draw(""), "gnuplot does not run");
    try (TestCluster cluster = TestCluster.prepared(3, Map.of())) {
      Map<TestNode, String> targets = Prometheus.prepare(cluster.nodes());
      TestNode leader = cluster.found();
      Map<String, String> names = new HashMap<>();
      targets.forEach((node, target) -> names.put(target, "node " + node.number()));
      try (Prometheus prometheus = Prometheus.reading(targets, directory)) {
        Await.until("Prometheus has read every node",
            () -> prometheus.hasData("count(pgraft_term) == " + cluster.nodes().size()));
        List<Instant> times = new ArrayList<>();
        Load.during(cluster.nodes(), cluster.nodes().size(), writing -> {
          writing.awaitMore(100);
          // time is what is drawn here, so it is slept through and nothing else is waited for
          Thread.sleep(UNSEEN.toMillis());
          times.add(Instant.now().truncatedTo(ChronoUnit.SECONDS));
          Thread.sleep(BEFORE.toMillis());
          times.add(Instant.now());
          leader.kill();
          Thread.sleep(DOWN.toMillis());
          leader.start();
          leader.awaitState("RUNNING");
          times.add(Instant.now());
          Thread.sleep(AFTER.toMillis());
          times.add(Instant.now());
          writing.awaitMore(1);
        }).assertKept(cluster.nodes());
        draw(prometheus, names, "node " + leader.number(), times);
      }
    }
  }

  private static void draw(Prometheus prometheus, Map<String, String> names, String killed, List<Instant> times)
      throws Exception {
    Instant begin = times.get(0);
    Instant end = times.get(3);
    SortedMap<Double, String> marks = new TreeMap<>();
    marks.put(seconds(begin, times.get(1)), killed + " is killed");
    marks.put(seconds(begin, times.get(2)), "it is back");
    PanelPicture picture = new PanelPicture(seconds(begin, end), marks);
    Map<String, String> commands = new LinkedHashMap<>();
    for (Panel panel : Panel.ofTheDashboard()) {
      Map<String, List<double[]>> lines = lines(prometheus, panel, names, begin, end);
      if (panel.title().equals("Leader")) {
        assertLedByAnother(lines, killed, marks.firstKey());
      }
      commands.put(panel.file(), picture.commands(panel, lines, PICTURES.resolve(panel.file()).toString()));
    }
    Files.createDirectories(PICTURES);
    for (Map.Entry<String, String> each : commands.entrySet()) {
      assertTrue(Gnuplot.draw(each.getValue()), () -> each.getKey() + " is not drawn");
      System.out.println(PICTURES.resolve(each.getKey()) + " is drawn");
    }
  }

  /** The lines of a panel, nodes by their numbers instead of the addresses that they had here. */
  private static Map<String, List<double[]>> lines(
      Prometheus prometheus, Panel panel, Map<String, String> names, Instant begin, Instant end) throws Exception {
    Map<String, List<double[]>> lines = new LinkedHashMap<>();
    for (Panel.Target target : panel.targets()) {
      List<Prometheus.Series> all = prometheus.range(target.query(), begin, end);
      assertFalse(all.isEmpty(), () -> "nothing for " + target.query());
      for (Prometheus.Series series : all) {
        Map<String, String> labels = new HashMap<>(series.labels());
        labels.computeIfPresent("instance", (label, instance) -> names.get(instance));
        List<double[]> points = series.points().stream()
            .map(point -> new double[] {point[0] - begin.getEpochSecond(), point[1]}).toList();
        assertTrue(lines.put(target.name(labels), points) == null, () -> panel + " has two lines of one name");
      }
    }
    return lines;
  }

  private static void assertLedByAnother(Map<String, List<double[]>> lines, String killed, double kill) {
    lines.forEach((node, points) -> {
      boolean before = points.stream().anyMatch(point -> point[0] < kill && point[1] == 1);
      assertTrue(before == node.equals(killed), () -> node + " before the kill");
    });
    assertTrue(lines.entrySet().stream().filter(line -> !line.getKey().equals(killed))
        .anyMatch(line -> line.getValue().stream().anyMatch(point -> point[0] > kill && point[1] == 1)),
        "nobody else has led");
  }

  private static double seconds(Instant from, Instant to) {
    return Duration.between(from, to).toMillis() / 1000.0;
  }
}
