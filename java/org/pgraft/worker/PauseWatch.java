package org.pgraft.worker;

import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.pgraft.metrics.Latencies;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sees how long the worker was kept from running: a pause is what a lease suffers from most. There are two kinds. A round
 * that begins later than it was due shows whatever stopped the worker's main thread: the collector, the scheduler, a stopped
 * process, a machine that stood still. The collector's own pauses are counted apart, because a larger heap or less garbage
 * would shorten them. Each pause stands in a histogram, and one of more than 100 ms is logged.
 *
 * <p>Rounds that a session caused are not due at any time, so a pause that falls among them shows only by as much as the
 * worker's interval was overrun. Collections that ended between two looks count as equally long.
 *
 * <p>Threads: the worker's main thread. Time is passed in, in nanoseconds of one clock. Costs a few reads for each look.
 */
final class PauseWatch {
  private static final Logger LOG = LoggerFactory.getLogger(PauseWatch.class);

  /** The worker sleeps so long at most between two rounds (TICK_MS in worker.c). */
  static final long ROUND_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  private static final long LOGGED_MILLIS = 100;

  private final Latencies latencies;
  private final LongSupplier collections;
  private final LongSupplier collectionMillis;
  private long endedAt;
  private long collectionsSeen;
  private long millisSeen;

  /**
   * @param latencies keeps the histograms
   * @param collections how many collections there have been
   * @param collectionMillis how long they took, in milliseconds
   */
  PauseWatch(Latencies latencies, LongSupplier collections, LongSupplier collectionMillis) {
    this.latencies = latencies;
    this.collections = collections;
    this.collectionMillis = collectionMillis;
    this.collectionsSeen = collections.getAsLong();
    this.millisSeen = collectionMillis.getAsLong();
  }

  /** Watches the collectors of this JVM. */
  static PauseWatch ofThisJvm(Latencies latencies) {
    final List<GarbageCollectorMXBean> collectors = ManagementFactory.getGarbageCollectorMXBeans();
    return new PauseWatch(
        latencies,
        () -> sum(collectors, true),
        () -> sum(collectors, false));
  }

  private static long sum(List<GarbageCollectorMXBean> collectors, boolean count) {
    long sum = 0;
    for (GarbageCollectorMXBean collector : collectors) {
      sum += Math.max(0, count ? collector.getCollectionCount() : collector.getCollectionTime());
    }
    return sum;
  }

  /** A round begins. */
  void begun(long now) {
    final long late = now - endedAt - ROUND_NANOS;
    if (endedAt == 0 || late < 0) {
      return;
    }
    latencies.roundDelayed(late);
    if (TimeUnit.NANOSECONDS.toMillis(late) > LOGGED_MILLIS) {
      LOG.warn("the worker was kept from running for {} ms", TimeUnit.NANOSECONDS.toMillis(late));
    }
  }

  /** A round ends. */
  void ended(long now) {
    endedAt = now;
  }

  /** Looks what the collector did since the last look. */
  void look() {
    final long count = collections.getAsLong() - collectionsSeen;
    if (count <= 0) {
      return;
    }
    final long millis = collectionMillis.getAsLong() - millisSeen;
    collectionsSeen += count;
    millisSeen += millis;
    for (long i = 0; i < count; i++) {
      latencies.collected(TimeUnit.MILLISECONDS.toNanos(millis) / count);
    }
    if (millis > LOGGED_MILLIS) {
      LOG.warn("the Java collector stopped the worker for {} ms, in {} collections", millis, count);
    }
  }
}
