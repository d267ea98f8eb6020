package org.pgraft.consensus;

import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import java.util.function.Supplier;
import org.apache.ratis.metrics.LongCounter;
import org.apache.ratis.metrics.MetricRegistries;
import org.apache.ratis.metrics.MetricRegistryInfo;
import org.apache.ratis.metrics.RatisMetricRegistry;
import org.apache.ratis.metrics.Timekeeper;
import org.apache.ratis.protocol.RaftGroupMemberId;
import org.apache.ratis.server.metrics.SegmentedRaftLogMetrics;
import org.apache.ratis.util.TimeDuration;

/**
 * What Ratis measures of itself, of which only the log's fsync is kept: each one is passed on as it ends. Everything else
 * that Ratis would count and time (several hundred figures, each with a reservoir of samples and a management bean) costs
 * nothing here. Ratis finds this class as a service and keeps the one instance.
 *
 * <p>Thread-safe; observers run on Ratis' threads and must not block.
 */
public final class RaftMetrics extends MetricRegistries {
  private static final Timekeeper.Context UNTIMED = () -> 0;
  private static final LongCounter UNCOUNTED =
      new LongCounter() {
        @Override
        public void inc(long n) {
          // nobody reads it
        }

        @Override
        public void dec(long n) {
          // nobody reads it
        }

        @Override
        public long getCount() {
          return 0;
        }
      };

  /** By the name that Ratis gives the member's log. */
  private final Map<String, LongConsumer> fsyncs = new ConcurrentHashMap<>();

  /** Called by the service loader. */
  public RaftMetrics() {
    super();
  }

  /**
   * From now on tells how long each fsync of a member's log took.
   *
   * @param member whose log
   * @param nanos told the duration after each fsync
   * @throws IllegalStateException when Ratis measures with something else, because another library offers that service
   */
  static void observeFsync(RaftGroupMemberId member, LongConsumer nanos) {
    installed().fsyncs.put(member.toString(), nanos);
  }

  /** No more is told of a member. */
  static void forget(RaftGroupMemberId member) {
    installed().fsyncs.remove(member.toString());
  }

  private static RaftMetrics installed() {
    if (MetricRegistries.global() instanceof RaftMetrics metrics) {
      return metrics;
    }
    throw new IllegalStateException("Ratis measures with " + MetricRegistries.global().getClass().getName());
  }

  @Override
  public RatisMetricRegistry create(MetricRegistryInfo info) {
    return new Registry(info);
  }

  @Override
  public boolean remove(MetricRegistryInfo info) {
    return false;
  }

  @Override
  public Optional<RatisMetricRegistry> get(MetricRegistryInfo info) {
    return Optional.empty();
  }

  @Override
  public Set<MetricRegistryInfo> getMetricRegistryInfos() {
    return Set.of();
  }

  @Override
  public Collection<RatisMetricRegistry> getMetricRegistries() {
    return Set.of();
  }

  @Override
  public void clear() {
    fsyncs.clear();
  }

  @Override
  public void addReporterRegistration(Consumer<RatisMetricRegistry> start, Consumer<RatisMetricRegistry> stop) {
    throw new UnsupportedOperationException("pgraft reports by its own metrics page");
  }

  @Override
  public void enableJmxReporter() {
    throw new UnsupportedOperationException("pgraft reports by its own metrics page");
  }

  @Override
  public void enableConsoleReporter(TimeDuration rate) {
    throw new UnsupportedOperationException("pgraft reports by its own metrics page");
  }

  /** The figures of one part of Ratis. */
  private final class Registry implements RatisMetricRegistry {
    private final MetricRegistryInfo info;

    Registry(MetricRegistryInfo info) {
      this.info = info;
    }

    @Override
    public Timekeeper timer(String name) {
      return name.equals(SegmentedRaftLogMetrics.RAFT_LOG_SYNC_TIME) ? this::timeFsync : () -> UNTIMED;
    }

    private Timekeeper.Context timeFsync() {
      final long begin = System.nanoTime();
      return () -> {
        final long nanos = System.nanoTime() - begin;
        final LongConsumer observer = fsyncs.get(info.getPrefix());
        if (observer != null) {
          observer.accept(nanos);
        }
        return nanos;
      };
    }

    @Override
    public LongCounter counter(String name) {
      return UNCOUNTED;
    }

    @Override
    public boolean remove(String name) {
      return false;
    }

    @Override
    public <T> void gauge(String name, Supplier<Supplier<T>> value) {
      // nobody reads it
    }

    @Override
    public MetricRegistryInfo getMetricRegistryInfo() {
      return info;
    }
  }
}
