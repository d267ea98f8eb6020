package org.pgraft.cluster;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Draws what a panel showed over a time. Lines that lie on each other stay visible, since the later ones are thinner; a node
 * has the same colour in every picture. The ground is white, because the page's may be dark.
 *
 * @param seconds how long the time was
 * @param marks what happened, by the seconds since the beginning
 */
record PanelPicture(double seconds, SortedMap<Double, String> marks) {
  /** Colours that the colour-blind can tell apart. */
  private static final List<String> COLOURS = List.of("#0072b2", "#d55e00", "#009e73", "#8a4f9e");

  private static final double WIDEST = 5;
  private static final double NARROWER = 1.5;

  /** A figure as it is written beside the axis: what it is multiplied by, and its unit then. */
  private record Scale(double factor, String unit) {}

  /**
   * The commands of gnuplot that draw a panel.
   *
   * @param lines the points of each line, seconds since the beginning before the value, by its name
   */
  String commands(Panel panel, Map<String, List<double[]>> lines, String file) {
    Scale scale = scale(panel.unit(), lines);
    Map<String, List<double[]>> sorted = new TreeMap<>(lines);
    StringBuilder text = new StringBuilder();
    StringBuilder plot = new StringBuilder();
    int number = 0;
    for (Map.Entry<String, List<double[]>> line : sorted.entrySet()) {
      text.append("$line").append(number).append(" << END\n").append(points(line.getValue(), scale)).append("END\n");
      int colour = line.getKey().matches("node [1-3]") ? line.getKey().charAt(5) - '1' : number;
      plot.append(number == 0 ? "" : ", ").append("$line").append(number)
          .append(String.format(Locale.ROOT, " with lines linewidth %.1f linecolor rgb '%s' title %s",
              Math.max(1, WIDEST - NARROWER * colour), COLOURS.get(colour % COLOURS.size()), quoted(line.getKey())));
      number++;
    }
    text.append("set terminal svg size 720,300 dynamic noenhanced background rgb 'white' font 'sans,13'\n")
        .append("set output ").append(quoted(file)).append('\n')
        .append("set title ").append(quoted(panel.title())).append(" offset 0,1\n")
        .append(String.format(Locale.ROOT, "set xrange [0:%.0f]\n", seconds))
        .append("set yrange [0:*]\nset offsets 0,0,graph 0.05,0\nset grid linecolor rgb '#d0d0d0'\nset format y '%.6g'\n")
        .append("set tics nomirror\nset key outside bottom center horizontal\nset xlabel 'seconds' offset 0,0.5\n")
        .append("set ylabel ").append(quoted(scale.unit())).append('\n');
    marks.forEach((at, what) -> text
        .append(String.format(Locale.ROOT, "set arrow from %1$.1f, graph 0 to %1$.1f, graph 1 nohead", at))
        .append(" linecolor rgb '#606060' dashtype 2\n")
        .append(String.format(Locale.ROOT, "set label %s at %.1f, graph 1.06 center\n", quoted(what), at)));
    return text.append("plot ").append(plot).append('\n').toString();
  }

  /** An empty line, which ends the stroke, where there was nothing for more than a second. */
  private static String points(List<double[]> points, Scale scale) {
    StringBuilder text = new StringBuilder();
    double last = Double.NaN;
    for (double[] point : points) {
      if (!Double.isFinite(point[1])) {
        continue;
      }
      if (point[0] - last > 1.5) {
        text.append('\n');
      }
      text.append(String.format(Locale.ROOT, "%.0f %.6g\n", point[0], point[1] * scale.factor()));
      last = point[0];
    }
    return text.toString();
  }

  private static Scale scale(String unit, Map<String, List<double[]>> lines) {
    double most = lines.values().stream().flatMap(List::stream).mapToDouble(point -> point[1])
        .filter(Double::isFinite).max().orElse(0);
    return switch (unit) {
      case "s" -> most < 1 ? new Scale(1e3, "ms") : new Scale(1, "s");
      case "bytes" -> most < 1 << 30 ? new Scale(1.0 / (1 << 20), "MiB") : new Scale(1.0 / (1 << 30), "GiB");
      case "percentunit" -> new Scale(100, "%");
      case "reqps" -> new Scale(1, "requests/s");
      case "short" -> new Scale(1, "");
      default -> throw new IllegalArgumentException("the pictures know no unit " + unit);
    };
  }

  private static String quoted(String text) {
    return "'" + text.replace("'", "''") + "'";
  }
}
