package org.pgraft.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * Throughput and latency over something that grows.
 *
 * @param name of the files
 * @param axis what grows
 * @param conditions what stays the same
 * @param points in the order in which they were measured
 */
record Curve(String name, String axis, String conditions, List<Point> points) {
  /**
   * One measurement.
   *
   * @param series whose it is
   * @param x how large what grows was
   * @param rate operations per second
   * @param p50 the median latency, in milliseconds
   * @param p99 the 99th percentile of it
   */
  record Point(String series, long x, double rate, double p50, double p99) {}

  /** As a table. */
  String table() {
    String rows = points.stream().map(point -> String.format(Locale.ROOT, "| %s | %,d | %s | %s | %s |\n",
        point.series(), point.x(), Row.figure(point.rate()), Row.figure(point.p50()), Row.figure(point.p99())))
        .collect(Collectors.joining());
    return conditions + ":\n\n| | " + axis + " | puts/s | median, ms | 99th percentile, ms |\n|---|---|---|---|---|\n" + rows;
  }

  /** Draws rate and median latency with gnuplot into SVG files of that directory; nothing where it is not installed. */
  void draw(Path directory) throws IOException, InterruptedException {
    Files.createDirectories(directory);
    StringBuilder data = new StringBuilder();
    List<String> series = points.stream().map(Point::series).distinct().toList();
    for (String each : series) {
      data.append('"').append(each).append("\"\n");
      points.stream().filter(point -> point.series().equals(each)).forEach(point -> data.append(
          String.format(Locale.ROOT, "%d %.2f %.4f %.4f\n", point.x(), point.rate(), point.p50(), point.p99())));
      data.append("\n\n");
    }
    Path file = directory.resolve("put-by-" + name + ".tsv");
    Files.writeString(file, data);
    plot(file, directory.resolve("put-by-" + name + "-rate.svg"), series.size(), "puts per second", 2);
    plot(file, directory.resolve("put-by-" + name + "-latency.svg"), series.size(), "median latency, ms", 3);
  }

  private void plot(Path data, Path svg, int series, String what, int column) throws IOException, InterruptedException {
    String script = String.join("\n",
        "set terminal svg size 720,400 dynamic background rgb 'white' font 'sans,13'",
        "set output '" + svg + "'",
        "set logscale x",
        "set yrange [0:]",
        "set grid",
        "set key top left",
        "set xlabel '" + axis + "'",
        "set ylabel '" + what + "'",
        "plot for [i=0:" + (series - 1) + "] '" + data + "' index i using 1:" + column
            + " with linespoints linewidth 2 pointtype 7 title columnheader(1)", "");
    Path commands = Files.createTempFile("pgraft-plot", ".gp");
    try {
      Files.writeString(commands, script);
      new ProcessBuilder("sh", "-c", "command -v gnuplot >/dev/null && exec gnuplot \"$1\"; echo 'no plots: gnuplot is not installed'",
          "sh", commands.toString()).inheritIO().start().waitFor();
    } finally {
      Files.delete(commands);
    }
  }
}
