package org.pgraft.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;
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

  /** Its pictures: the rate, and the median latency. */
  List<Plot> plots() {
    return List.of(
        new Plot("put-by-" + name + "-rate", axis, "puts per second", true, lines(Point::rate)),
        new Plot("put-by-" + name + "-latency", axis, "median latency, ms", true, lines(Point::p50)));
  }

  private Map<String, List<double[]>> lines(ToDoubleFunction<Point> figure) {
    Map<String, List<double[]>> lines = new LinkedHashMap<>();
    for (Point point : points) {
      lines.computeIfAbsent(point.series(), series -> new ArrayList<>())
          .add(new double[] {point.x(), figure.applyAsDouble(point)});
    }
    return lines;
  }
}
