package org.pgraft.cluster;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * A panel of {@code docs/monitoring/dashboard.json}.
 *
 * @param title above it
 * @param unit of its figures, as Grafana calls it
 * @param targets what it asks
 */
record Panel(String title, String unit, List<Target> targets) {
  /**
   * A query of a panel.
   *
   * @param query with the cluster's job in it
   * @param legend how Grafana is told to name the series, with labels in double braces
   */
  record Target(String query, String legend) {
    /** The name of a series with those labels. */
    String name(Map<String, String> labels) {
      String name = legend;
      for (Map.Entry<String, String> label : labels.entrySet()) {
        name = name.replace("{{" + label.getKey() + "}}", label.getValue());
      }
      return name;
    }
  }

  /** All panels, in their order. */
  static List<Panel> ofTheDashboard() throws IOException {
    List<Panel> panels = new ArrayList<>();
    JsonObject dashboard =
        JsonParser.parseString(Files.readString(Prometheus.DOCUMENTS.resolve("dashboard.json"))).getAsJsonObject();
    for (JsonElement element : dashboard.getAsJsonArray("panels")) {
      JsonObject panel = element.getAsJsonObject();
      List<Target> targets = new ArrayList<>();
      for (JsonElement each : panel.getAsJsonArray("targets")) {
        JsonObject target = each.getAsJsonObject();
        targets.add(new Target(target.get("expr").getAsString().replace("$job", Prometheus.JOB),
            target.get("legendFormat").getAsString()));
      }
      panels.add(new Panel(panel.get("title").getAsString(),
          panel.getAsJsonObject("fieldConfig").getAsJsonObject("defaults").get("unit").getAsString(), targets));
    }
    return panels;
  }

  /** The file of its picture: its title up to a comma, in small letters. */
  String file() {
    return "panel-" + title.replaceFirst(",.*", "").replace("'", "").toLowerCase(Locale.ROOT)
        .replaceAll("[^a-z0-9]+", "-") + ".svg";
  }
}
