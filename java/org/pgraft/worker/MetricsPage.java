package org.pgraft.worker;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.pgraft.config.ConfigException;
import org.pgraft.config.MetricsSettings;
import org.pgraft.consensus.BootClock;
import org.pgraft.consensus.Engine;
import org.pgraft.consensus.EngineStatus;
import org.pgraft.metrics.Health;
import org.pgraft.metrics.MetricsServer;
import org.pgraft.metrics.MetricsView;
import org.pgraft.tls.PageCertificate;
import org.pgraft.tls.TokenFile;
import org.pgraft.worker.StatusPage.MetricsState;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Opens the page for Prometheus, and those for load balancers, when the settings want them, and puts together what they show.
 * A page that cannot be opened keeps the engine from nothing: the status page says why.
 *
 * <p>{@link #open} and {@link #reload} are called by the worker's main thread, the rest by any.
 */
final class MetricsPage implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(MetricsPage.class);
  private static final double NANOS = 1e9;
  private static final double MILLIS = 1e3;

  private MetricsSettings settings;
  private final StatusPage page;
  private final Engine engine;
  private final BootClock clock;
  private volatile MetricsServer server;
  private volatile String token = "";
  private volatile boolean settingsRefused;
  private PageCertificate certificate;
  private boolean tried;

  MetricsPage(MetricsSettings settings, StatusPage page, Engine engine, BootClock clock) {
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
    if (!settings.enabled()) {
      page.metrics(MetricsState.OFF, "");
      return;
    }
    final String where = settings.address() + ":" + settings.port();
    try {
      certificate =
          settings.isEncrypted()
              ? new PageCertificate(settings.certificate().orElseThrow(), settings.key().orElseThrow())
              : null;
      readToken(settings);
      server =
          new MetricsServer(
              new MetricsServer.Access(
                  new InetSocketAddress(settings.address(), settings.port()),
                  Optional.ofNullable(certificate).map(PageCertificate::context),
                  () -> token),
              this::view,
              this::health,
              engine.latencies());
      page.metrics(MetricsState.SERVING, (certificate == null ? "http://" : "https://") + where + "/metrics");
    } catch (ConfigException e) {
      LOG.warn("the metrics page is not served: {}; {}", e.getMessage(), e.hint());
      page.metrics(MetricsState.FAILED, e.getMessage());
    } catch (IOException | RuntimeException e) {
      LOG.warn("the metrics page could not be opened at {}: {}", where, e.toString());
      page.metrics(MetricsState.FAILED, "could not listen on " + where + ": " + e.getMessage());
    }
  }

  /**
   * Reads certificate and token again, as two parts of the reload: of one that cannot be used, that of before stays. A page
   * that could not be opened is tried once more. Whether it is served over TLS is decided when it is opened.
   */
  void reload(MetricsSettings changed, Reload reload) {
    settings = changed;
    if (server == null) {
      tried = false;
      return;
    }
    reload.takeOver(() -> readCertificate(changed));
    reload.takeOver(() -> readToken(changed));
  }

  private void readCertificate(MetricsSettings now) throws ConfigException {
    if (now.isEncrypted() != (certificate != null)) {
      LOG.warn("the metrics page goes on {} TLS until the server restarts", certificate == null ? "without" : "over");
    } else if (certificate != null) {
      certificate.reload(now.certificate().orElseThrow(), now.key().orElseThrow());
    }
  }

  /** Whether the last reload of the settings left out what could not be used. */
  void settingsRefused(boolean refused) {
    settingsRefused = refused;
  }

  private void readToken(MetricsSettings now) throws ConfigException {
    token = now.token().isPresent() ? TokenFile.read(now.token().get()) : "";
  }

  private Health health() {
    final EngineStatus status = engine.status();
    return new Health(
        status.nodeId(),
        status.phase() == EngineStatus.Phase.RUNNING,
        status.store().isOpen(),
        status.leaderId(),
        engine.leaseRemainingNanos(clock.nanos()) > 0,
        status.term());
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
        ofOpen(store, store.keyBytes()),
        ofOpen(store, store.fileBytes()),
        ofOpen(store, store.quotaBytes()),
        engine.snapshotsFinished(),
        age,
        engine.certificateExpiry().map(expiry -> (double) expiry.getEpochSecond()).orElse(Double.NaN),
        settingsRefused,
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
