package org.pgraft.consensus;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.apache.ratis.util.ExitUtils;
import org.pgraft.command.Responses;
import org.pgraft.config.ConfigException;
import org.pgraft.config.Settings;
import org.pgraft.consensus.EngineStatus.Phase;
import org.pgraft.metrics.Latencies;
import org.pgraft.store.Store;
import org.pgraft.tls.Credentials;
import org.pgraft.tls.TlsDoor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The consensus engine of one node, from its start to its end: claims the directory, is cleared by the members ({@link
 * Entrance}), then takes part, with the one {@link Replica} it ever makes, until it stops or fails. It knows nothing of
 * PostgreSQL; requests come in as bytes and go out as bytes.
 *
 * <p>Threads: {@link #start} and {@link #stop} are called once each, by the worker's own threads, and block. {@link
 * #submit}, {@link #status} and {@link #failure} may be called from any thread and never block. Four threads belong to
 * the engine: one routes writes, one keeps the lease, one does slow reads, one writes and reads backups; the rest are
 * Ratis' and gRPC's. All are daemons.
 */
public final class Engine {
  private static final Logger LOG = LoggerFactory.getLogger(Engine.class);

  /** Threads of the engine that may read the store at once, besides the sessions. */
  private static final int ENGINE_READERS = 32;

  private final Settings settings;
  private final BootClock clock;
  private final Runnable wakeWorker;
  private final Runnable storeChanged;
  private final Journal journal;
  private final int self;
  private final UUID cluster;
  private final EngineFiles files;

  private final AtomicReference<EngineException> failure = new AtomicReference<>();
  private final Latencies latencies = new Latencies();
  private final Credentials credentials;
  private final PeerClients clients;
  private final ScheduledExecutorService routing = EngineThreads.single("pgraft-router");
  private final ScheduledExecutorService leasing = EngineThreads.single("pgraft-lease");
  private final ScheduledExecutorService slow = EngineThreads.single("pgraft-slow");
  private final ScheduledExecutorService saving = EngineThreads.single("pgraft-backup");

  private final MembersPort port;
  private final LeaseSink sink;

  private volatile Phase phase = Phase.STARTING;
  private final Admission admission;
  private final ServerPath paths;
  private final Backups backups;
  private final DormantNode dormant;
  private final CompletableFuture<Replica> ready = new CompletableFuture<>();

  /** The newest settings, of which those that can change while the engine runs are used. */
  private volatile Settings reloaded;
  private volatile IdentityFiles identity;
  private volatile long incarnation;
  private volatile long previousRun;
  private volatile Clearance clearance;
  private volatile Entrance entrance;

  /** What there is only once this node takes part. */
  private volatile Replica replica;

  /**
   * An engine that is not started.
   *
   * @param settings this node's settings
   * @param credentials by which members trust each other
   * @param sink where the leadership lease is published
   * @param clock the clock by which leases and deadlines are measured
   * @param wakeWorker called, from any thread, when the worker should look at {@link #status} or {@link #failure}
   * @param storeChanged called after each entry that was applied, on the thread that applies; must be quick
   * @param journal told what happened
   */
  public Engine(
      Settings settings,
      Credentials credentials,
      LeaseSink sink,
      BootClock clock,
      Runnable wakeWorker,
      Runnable storeChanged,
      Journal journal) {
    this.settings = settings;
    this.reloaded = settings;
    this.credentials = credentials;
    this.clients =
        new PeerClients(
            RatisProperties.MESSAGE_BYTES_MAX,
            credentials,
            address -> isOwn(address) ? settings.advertisedHost() : address.getHostString());
    this.sink = sink;
    this.clock = clock;
    this.wakeWorker = wakeWorker;
    this.storeChanged = storeChanged;
    this.journal = journal;
    this.self = settings.nodeId();
    this.cluster = RaftNode.clusterUuid(settings.clusterId());
    this.files = new EngineFiles(settings.dataDir());
    this.admission = new Admission(settings, cluster, files);
    this.paths = new ServerPath(List.of(settings.pgdata(), settings.dataDir()));
    this.backups = new Backups(settings.clusterId(), self, paths, files.staging(), System::currentTimeMillis, saving);
    this.dormant =
        new DormantNode(
            files, cluster, storeLimits(), backups, clock, this, this::isDormant, () -> clearance.hearsLeader());
    this.port =
        new MembersPort(
            new Doorkeeper(
                Doorkeeper.Limits.ofThisProcess(), clock, new TlsDoor(credentials)::guard));
  }

  /**
   * Starts the engine; returns when it listens. It may not have a leader yet, or be a member of no cluster.
   *
   * @throws EngineException when it cannot start: the port is taken, the directory belongs to somebody else, files are
   *     damaged
   */
  public void start() throws EngineException {
    disableExit();
    files.create();
    identity =
        IdentityFiles.claim(
            files.root(), settings.pgdata(), settings.clusterId(), self, DirectorySync.FSYNC);
    previousRun = identity.identity().run();
    incarnation = Incarnations.after(previousRun, new SecureRandom());
    clearance =
        new Clearance(
            self, identity, incarnation, admission.initialMembers(), new Greeter(self, cluster, clients));
    entrance =
        new Entrance(
            clearance,
            new Vestibule(
                self,
                cluster,
                new InetSocketAddress(settings.listenHost(), settings.port()),
                port,
                identity,
                clearance),
            slow,
            this::takePart,
            this::fail);
    try {
      if (!entrance.enter()) {
        phase = Phase.WAITING;
      }
    } catch (IOException e) {
      stop();
      throw StartFailure.of(e, settings, files.root());
    }
    wakeWorker.run();
  }

  /** Opens log and store, and votes and follows from now on. */
  private synchronized void takePart() throws EngineException {
    if (phase == Phase.STOPPING || phase == Phase.STOPPED) {
      return;
    }
    try {
      // Also when there was nobody to ask.
      identity.beginRun(incarnation);
      replica = new Replica(parts(), admission.group(identity.identity().member(), clearance.granted()));
      // They may have changed before there was a replica to be told of it, or change right now.
      Settings told;
      do {
        told = reloaded;
        replica.reload(told);
      } while (told != reloaded);
      replica.start();
    } catch (IOException | RuntimeException e) {
      stop();
      throw StartFailure.of(e, settings, files.root());
    }
    final EngineException early = failure.get();
    if (early != null) {
      stop();
      throw early;
    }
    phase = Phase.RUNNING;
    ready.complete(replica);
    replica.begin();
    wakeWorker.run();
  }

  private Replica.Parts parts() {
    return new Replica.Parts(
        settings,
        files,
        storeLimits(),
        identity,
        previousRun,
        incarnation,
        clearance,
        port,
        credentials,
        clients,
        backups,
        paths,
        sink,
        clock,
        wakeWorker,
        storeChanged,
        journal,
        latencies,
        routing,
        leasing,
        slow,
        () -> phase == Phase.RUNNING,
        this::fail);
  }

  /** Ratis must not end the process, and what no thread catches is for whoever hosts this engine. */
  private static void disableExit() {
    final Thread.UncaughtExceptionHandler handler = Thread.getDefaultUncaughtExceptionHandler();
    ExitUtils.disableSystemExit();
    Thread.setDefaultUncaughtExceptionHandler(handler);
  }

  /** A map larger than the quota ever lets the store grow, pages that wait for readers included; only address space. */
  private Store.Limits storeLimits() {
    return new Store.Limits(
        Store.Limits.mapBytesFor(settings.maxStoreBytes()), settings.maxProcesses() + ENGINE_READERS);
  }

  /** A member that waits to be cleared: its log and store are closed. For those who hold the monitor. */
  private boolean isDormant() {
    return phase == Phase.WAITING && replica == null && identity.identity().member();
  }

  /**
   * Carries a request out.
   *
   * @param request its bytes, which must not change afterwards
   * @param deadlineNanos when the sender stops waiting, on the engine's clock
   * @return the response's bytes; always completes normally, soon after the deadline at the latest
   */
  public CompletableFuture<ByteBuffer> submit(ByteBuffer request, long deadlineNanos) {
    final Replica current = replica;
    return ready.isDone() && current != null
        ? current.submit(request, deadlineNanos)
        : dormant
            .submit(request, deadlineNanos)
            .orElseGet(
                () ->
                    ready
                        .copy()
                        .orTimeout(Math.max(0, deadlineNanos - clock.nanos()), TimeUnit.NANOSECONDS)
                        .handle(
                            (opened, late) ->
                                late == null
                                    ? opened.submit(request, deadlineNanos)
                                    : CompletableFuture.completedFuture(
                                        Responses.error(Failures.notCleared(waitsFor().orElse("is still starting")))))
                        .thenCompose(Function.identity()));
  }

  /** What the engine knows of itself now. */
  public EngineStatus status() {
    final Replica current = replica;
    if (current == null) {
      return EngineStatus.starting(self, settings.clusterId(), phase);
    }
    if (phase == Phase.RUNNING) {
      current.lookForLeader();
    }
    final Phase shown = phase == Phase.RUNNING && !current.isMember() ? Phase.WAITING : phase;
    return current.report(shown);
  }

  /** How long writes, applies and fsyncs take. */
  public Latencies latencies() {
    return latencies;
  }

  /** How many of this node's requests wait to be sent to the lease holder. */
  public int queuedRequests() {
    final Replica current = replica;
    return current == null ? 0 : current.queuedRequests();
  }

  /** How many snapshots were finished since the engine started. */
  public long snapshotsFinished() {
    final Replica current = replica;
    return current == null ? 0 : current.snapshotsFinished();
  }

  /** How long this node's lease still runs, in nanoseconds; 0 when it does not hold it. */
  public long leaseRemainingNanos(long nowNanos) {
    final Replica current = replica;
    return current == null ? 0 : current.leaseRemainingNanos(nowNanos);
  }

  /**
   * For whose answers this node waits before it takes part, or why it takes part no more, in words; empty when there is
   * nothing to say.
   */
  public Optional<String> waitsFor() {
    final Clearance asked = clearance;
    if (phase == Phase.WAITING) {
      return asked == null ? Optional.empty() : asked.waitsFor();
    }
    return phase == Phase.RUNNING && identity.identity().member() && !replica.isMember() && !replica.isOpen()
        ? Optional.of("takes part in its cluster no more: it was removed, or its engine is about to begin anew")
        : Optional.empty();
  }

  /** Why the engine cannot go on; it has stopped taking part. Empty while all is well. */
  public Optional<EngineException> failure() {
    return Optional.ofNullable(failure.get());
  }

  /**
   * Which duty the engine has not done for longer than {@code pgraft.hang_timeout}, in words; empty while all is well. To
   * be called again and again by one thread, the worker's main one.
   */
  public Optional<String> overdue() {
    return phase == Phase.RUNNING ? replica.overdue() : Optional.empty();
  }

  private void fail(Throwable cause) {
    final EngineException known =
        cause instanceof EngineException exception
            ? exception
            : DiskError.of(cause, files.root())
                .orElseGet(
                    () ->
                        new EngineException(
                            "the pgraft engine failed: " + cause,
                            "Look into the server's log. The node takes part again by itself, if the cause is gone.",
                            cause));
    if (failure.compareAndSet(null, known)) {
      LOG.error("the engine stops taking part: {}", known.getMessage(), cause);
      final Replica current = replica;
      if (current != null) {
        current.loseLease("the engine failed: " + known.getMessage());
      }
      slow.execute(this::stop);
      wakeWorker.run();
    }
  }

  private boolean isOwn(InetSocketAddress address) {
    return address.getPort() == settings.port() && address.getHostString().equals(settings.ownHost());
  }

  /** When this node's certificate for the members is out of date; empty without TLS. */
  public Optional<Instant> certificateExpiry() {
    return credentials.expiry();
  }

  /**
   * Takes over the settings that may change while the engine runs.
   *
   * @throws ConfigException when the certificates cannot be used; those of before stay, and all else is taken over
   */
  public void reload(Settings changed) throws ConfigException {
    reloaded = changed;
    final Replica current = replica;
    if (current != null) {
      current.reload(changed);
    }
    reloadCredentials(changed);
  }

  private void reloadCredentials(Settings changed) throws ConfigException {
    try {
      credentials.reload(changed.tls(), settings.advertisedHost());
    } catch (ConfigException e) {
      journal.tell(EventKind.CERTIFICATES_REFUSED, e.getMessage());
      throw e;
    }
    credentials
        .expiry()
        .ifPresent(
            expiry -> journal.tell(EventKind.CERTIFICATES_RELOADED, "this node's is valid until " + expiry));
  }

  /** Gives lease and leadership to another member if there is one, then closes everything. Blocks for up to 4 s. */
  public synchronized void stop() {
    if (phase == Phase.STOPPED) {
      return;
    }
    phase = Phase.STOPPING;
    ready.cancel(false);
    try {
      final Replica current = replica;
      if (current != null) {
        current.close(failure.get() == null);
      }
      if (entrance != null) {
        entrance.close();
      }
    } finally {
      clients.close();
      routing.shutdown();
      leasing.shutdownNow();
      slow.shutdown();
      saving.shutdown();
      phase = Phase.STOPPED;
      wakeWorker.run();
    }
  }
}
