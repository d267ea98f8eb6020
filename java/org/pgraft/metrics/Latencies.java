package org.pgraft.metrics;

import io.prometheus.client.CollectorRegistry;
import io.prometheus.client.Histogram;

/**
 * Histograms of how long things take: a batch from its first offer until the lease holder has applied it, the apply of one
 * entry, an fsync of the log, and the pauses of the worker.
 *
 * <p>Thread-safe; an observation is a few additions.
 */
public final class Latencies {
  private static final double NANOS_PER_SECOND = 1e9;
  private static final double[] BUCKETS = {
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5
  };

  private final Histogram commit =
      Histogram.build()
          .name("pgraft_commit_seconds")
          .help("Time from the first offer of a batch until the lease holder had applied it.")
          .buckets(BUCKETS)
          .create();
  private final Histogram apply =
      Histogram.build()
          .name("pgraft_apply_seconds")
          .help("Time to apply one log entry to the store.")
          .buckets(BUCKETS)
          .create();

  private final Histogram gcPause =
      Histogram.build()
          .name("pgraft_gc_pause_seconds")
          .help("Time that a collection of Java's garbage stopped the worker.")
          .buckets(BUCKETS)
          .create();
  private final Histogram roundDelay =
      Histogram.build()
          .name("pgraft_round_delay_seconds")
          .help("By how much a round of the worker began later than it was due: time it was kept from running.")
          .buckets(BUCKETS)
          .create();

  private final Histogram fsync =
      Histogram.build()
          .name("pgraft_fsync_seconds")
          .help("Time that an fsync of this node's log took.")
          .buckets(BUCKETS)
          .create();

  /** A batch was committed and applied by the lease holder. */
  public void committed(long nanos) {
    commit.observe(nanos / NANOS_PER_SECOND);
  }

  /** An entry was applied here. */
  public void applied(long nanos) {
    apply.observe(nanos / NANOS_PER_SECOND);
  }

  /** The log was fsynced here. */
  public void fsynced(long nanos) {
    fsync.observe(nanos / NANOS_PER_SECOND);
  }

  /** The collector stopped the JVM. */
  public void collected(long nanos) {
    gcPause.observe(nanos / NANOS_PER_SECOND);
  }

  /** The worker's round came so much later than it was due. */
  public void roundDelayed(long nanos) {
    roundDelay.observe(nanos / NANOS_PER_SECOND);
  }

  public void register(CollectorRegistry registry) {
    commit.register(registry);
    apply.register(registry);
    fsync.register(registry);
    gcPause.register(registry);
    roundDelay.register(registry);
  }
}
