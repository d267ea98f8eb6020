package org.pgraft.consensus;

import java.util.concurrent.TimeUnit;
import org.apache.ratis.metrics.MetricRegistries;
import org.apache.ratis.metrics.RatisMetricRegistry;
import org.apache.ratis.metrics.impl.DefaultTimekeeperImpl;
import org.apache.ratis.server.metrics.SegmentedRaftLogMetrics;
import org.apache.ratis.thirdparty.com.codahale.metrics.Snapshot;
import org.apache.ratis.thirdparty.com.codahale.metrics.Timer;
import org.pgraft.metrics.MetricsView.Distribution;

/** Reads from Ratis' own measurements how long the log's fsync takes. Stateless, thread-safe. */
final class LogFsync {
  private static final String COMPONENT = "ratis";
  private static final String LOG_WORKER = "log_worker";
  private static final double NANOS = TimeUnit.SECONDS.toNanos(1);

  private LogFsync() {}

  /** The distribution, which is empty while there is no log. */
  static Distribution measured() {
    return MetricRegistries.global().getMetricRegistries().stream()
        .filter(registry -> isLogWorker(registry))
        .map(registry -> registry.timer(SegmentedRaftLogMetrics.RAFT_LOG_SYNC_TIME))
        .filter(DefaultTimekeeperImpl.class::isInstance)
        .map(timer -> ((DefaultTimekeeperImpl) timer).getTimer())
        .map(LogFsync::of)
        .findFirst()
        .orElse(Distribution.NONE);
  }

  private static boolean isLogWorker(RatisMetricRegistry registry) {
    return registry.getMetricRegistryInfo().getApplicationName().equals(COMPONENT)
        && registry.getMetricRegistryInfo().getMetricsComponentName().equals(LOG_WORKER);
  }

  private static Distribution of(Timer timer) {
    final Snapshot recent = timer.getSnapshot();
    return new Distribution(timer.getCount(), recent.getMedian() / NANOS, recent.get99thPercentile() / NANOS);
  }
}
