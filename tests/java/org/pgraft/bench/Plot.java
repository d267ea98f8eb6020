package org.pgraft.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.pgraft.cluster.Gnuplot;

/**
 * A picture of figures over something that grows.
 *
 * @param name of the file, without an ending
 * @param axis what grows
 * @param what the figure is
 * @param logarithmic whether the axis is
 * @param series the points of each line, x before y, by the name of the line
 */
record Plot(String name, String axis, String what, boolean logarithmic, Map<String, List<double[]>> series) {
  /** Draws it with gnuplot into an SVG file of that directory; false where that is not installed. */
  boolean draw(Path directory) throws IOException, InterruptedException {
    Files.createDirectories(directory);
    return Gnuplot.draw(commands(directory.resolve(file())));
  }

  String file() {
    return name + ".svg";
  }

  private String commands(Path svg) {
    StringBuilder text = new StringBuilder();
    int number = 0;
    for (List<double[]> points : series.values()) {
      text.append("$line").append(number++).append(" << END\n");
      points.forEach(point -> text.append(String.format(Locale.ROOT, "%.4f %.4f\n", point[0], point[1])));
      text.append("END\n");
    }
    text.append("set terminal svg size 720,400 dynamic background rgb 'white' font 'sans,13'\n")
        .append("set output '").append(svg).append("'\n")
        .append(logarithmic ? "set logscale x\n" : "")
        .append("set yrange [0:]\nset grid\nset key bottom right\n")
        .append("set xlabel '").append(axis).append("'\nset ylabel '").append(what).append("'\nplot ");
    number = 0;
    for (String line : series.keySet()) {
      text.append(number == 0 ? "" : ", ").append("$line").append(number++)
          .append(" with linespoints linewidth 2 pointtype 7 pointsize 0.5 title '").append(line).append('\'');
    }
    return text.append('\n').toString();
  }
}
