package org.pgraft.bench;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * What one run of a load gave.
 *
 * @param done operations that were answered
 * @param seconds how long it took
 * @param p50 the median latency, in milliseconds
 * @param p99 the 99th percentile of it
 * @param max the longest
 */
record Sample(long done, double seconds, double p50, double p99, double max) {
  /** Of latencies in microseconds, which are sorted here. */
  static Sample of(long[] latencies, double seconds) {
    if (latencies.length == 0) {
      throw new IllegalStateException("no operation was answered");
    }
    Arrays.sort(latencies);
    return new Sample(latencies.length, seconds,
        at(latencies, 0.5), at(latencies, 0.99), at(latencies, 1));
  }

  private static double at(long[] sorted, double share) {
    return sorted[(int) (share * (sorted.length - 1))] / 1000.0;
  }

  /** Operations per second. */
  double rate() {
    return done / seconds;
  }

  /** The median of a figure of several runs. */
  static double median(List<Sample> samples, ToDoubleFunction<Sample> figure) {
    return median(samples.stream().map(figure::applyAsDouble).toList());
  }

  static double median(List<Double> figures) {
    List<Double> sorted = figures.stream().sorted(Comparator.naturalOrder()).toList();
    int middle = sorted.size() / 2;
    return sorted.size() % 2 == 1 ? sorted.get(middle) : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
  }
}
