package org.pgraft.worker;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import org.pgraft.config.Settings;
import org.pgraft.consensus.BootClock;
import org.pgraft.consensus.Engine;
import org.pgraft.consensus.EngineStatus;
import org.pgraft.metrics.MetricsServer;
import org.pgraft.metrics.MetricsView;
import org.pgraft.worker.StatusPage.MetricsState;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Opens the page for Prometheus when the settings want one, and puts together what it shows. A page that cannot be opened
 * keeps the engine from nothing: the status page says why.
 *
 * <p>{@link #open} is called by the worker's main thread, the rest by any.
 */
final class MetricsPage implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(MetricsPage.class);
  private static final double NANOS = 1e9;
  private static final double MILLIS = 1e3;

  private final Settings settings;
  private final StatusPage page;
  private final Engine engine;
  private final BootClock clock;
  private volatile MetricsServer server;
  private boolean tried;

  MetricsPage(Settings settings, StatusPage page, Engine engine, BootClock clock) {
    this.settings = settings;
    this.page = page;
    this.engine = engine;
    this.clock = clock;
  }

  /** Opens the page, once. */
  void open() {
    if (tried) {
      return;
    }
    tried = true;
    if (!settings.metricsEnabled()) {
      page.metrics(MetricsState.OFF, "");
      return;
    }
    final String where = settings.metricsAddress() + ":" + settings.metricsPort();
    try {
      server =
          new MetricsServer(
              new InetSocketAddress(settings.metricsAddress(), settings.metricsPort()), this::view, engine.latencies());
      page.metrics(MetricsState.SERVING, "http://" + where + "/metrics");
    } catch (IOException | RuntimeException e) {
      LOG.warn("the metrics page could not be opened at {}: {}", where, e.toString());
      page.metrics(MetricsState.FAILED, "could not listen on " + where + ": " + e.getMessage());
    }
  }

  @Override
  public void close() {
    final MetricsServer open = server;
    if (open != null) {
      open.close();
    }
  }

  private MetricsView view() {
    final EngineStatus status = engine.status();
    final double lease = engine.leaseRemainingNanos(clock.nanos()) / NANOS;
    final double age =
        status.snapshot().timeMillis() == 0
            ? Double.NaN
            : (System.currentTimeMillis() - status.snapshot().timeMillis()) / MILLIS;
    final EngineStatus.StoreStatus store = status.store();
    return new MetricsView(
        status.term(),
        status.leaderId(),
        lease > 0,
        lease,
        status.lastLogIndex() < 0 ? 0 : status.lastLogIndex() - Math.max(status.firstLogIndex(), 0) + 1,
        status.commitIndex(),
        status.appliedIndex(),
        status.counters().elections(),
        status.counters().leaseRounds(),
        status.counters().requestsOk(),
        status.counters().requestsFailed(),
        status.counters().requestsUnknown(),
        engine.queuedRequests(),
        ofOpen(store, store.revision()),
        ofOpen(store, store.keys()),
        ofOpen(store, store.fileBytes()),
        ofOpen(store, store.quotaBytes()),
        engine.snapshotsFinished(),
        age,
        engine.certificateExpiry().map(expiry -> (double) expiry.getEpochSecond()).orElse(Double.NaN),
        peers(status));
  }

  private static double ofOpen(EngineStatus.StoreStatus store, long figure) {
    return store.isOpen() ? figure : Double.NaN;
  }

  private static List<MetricsView.Peer> peers(EngineStatus status) {
    final List<MetricsView.Peer> peers = new ArrayList<>();
    for (EngineStatus.MemberStatus member : status.members()) {
      if (member.nodeId() != status.nodeId()) {
        final boolean lagKnown = member.matchIndex() >= 0 && status.leaderId() == status.nodeId();
        peers.add(
            new MetricsView.Peer(
                member.nodeId(),
                lagKnown ? Math.max(status.lastLogIndex() - member.matchIndex(), 0) : Double.NaN,
                member.lastContactMillis() < 0 ? Double.NaN : member.lastContactMillis() / MILLIS,
                member.reachable() == null ? Double.NaN : member.reachable() ? 1 : 0));
      }
    }
    return peers;
  }
}
