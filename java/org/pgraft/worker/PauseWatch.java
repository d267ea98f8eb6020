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
 * would shorten them. Each stands in a histogram, and what is seen to be longer than 100 ms is logged.
 *
 * <p>A round is due 100 ms after the one before; a session may cause one earlier. So what is seen of a pause is by how much it
 * outlasts that, up to 100 ms less than it was; a pause within a round is seen whole. Collections that ended between two looks
 * count as equally long.
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
  private long begunAt;
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
    begunAt = now;
    final long late = now - endedAt - ROUND_NANOS;
    if (endedAt == 0 || late < 0) {
      return;
    }
    latencies.roundDelayed(late);
    logLong(late);
  }

  /** A round ends. It has work for much less than a pause's time. */
  void ended(long now) {
    endedAt = now;
    final long took = now - begunAt;
    if (TimeUnit.NANOSECONDS.toMillis(took) > LOGGED_MILLIS) {
      latencies.roundDelayed(took);
      logLong(took);
    }
  }

  private static void logLong(long nanos) {
    final long millis = TimeUnit.NANOSECONDS.toMillis(nanos);
    if (millis > LOGGED_MILLIS) {
      LOG.warn("the worker was kept from running for {} ms", millis);
    }
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
