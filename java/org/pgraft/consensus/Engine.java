package org.pgraft.consensus;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.apache.ratis.conf.Parameters;
import org.apache.ratis.grpc.GrpcConfigKeys;
import org.apache.ratis.protocol.RaftGroup;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.storage.RaftStorage;
import org.apache.ratis.util.ExitUtils;
import org.apache.ratis.util.LifeCycle;
import org.pgraft.command.Responses;
import org.pgraft.config.ConfigException;
import org.pgraft.config.Settings;
import org.pgraft.consensus.EngineStatus.Phase;
import org.pgraft.metrics.Latencies;
import org.pgraft.store.MemberRecord;
import org.pgraft.store.Store;
import org.pgraft.store.StoreDirectory;
import org.pgraft.tls.Credentials;
import org.pgraft.tls.TlsDoor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The consensus engine of one node: puts the parts of this package together, starts and stops them. It knows nothing of
 * PostgreSQL; requests come in as bytes and go out as bytes.
 *
 * <p>Threads: {@link #start} and {@link #stop} are called once each, by the worker's own threads, and block. {@link
 * #submit}, {@link #status} and {@link #failure} may be called from any thread and never block. Four threads belong to
 * the engine: one routes writes, one keeps the lease, one does slow reads, one writes and reads backups; the rest are
 * Ratis' and gRPC's. All are daemons.
 */
public final class Engine {
  private static final Logger LOG = LoggerFactory.getLogger(Engine.class);

  /** The lease is shorter than the shortest election timeout, so that it is usually over when a successor is elected. */
  private static final double LEASE_PER_ELECTION_TIMEOUT = 0.8;

  /** Threads of the engine that may read the store at once, besides the sessions. */
  private static final int ENGINE_READERS = 32;

  private static final long MAP_BYTES_MIN = 1L << 30;
  private static final long HAND_OVER_NANOS = TimeUnit.MILLISECONDS.toNanos(1500);
  private static final long CLOSE_MILLIS = 2000;

  private final Settings settings;
  private final BootClock clock;
  private final Runnable wakeWorker;
  private final Runnable storeChanged;
  private final Journal journal;
  private final LeaderNews leaders;
  private final int self;
  private final UUID cluster;
  private final EngineFiles files;

  private final OpenStore store;
  private final AtomicReference<EngineException> failure = new AtomicReference<>();
  private final AppliedIndex applied = new AppliedIndex();
  private final Outcomes outcomes = new Outcomes();
  private final MemberBoard board = new MemberBoard();
  private final Latencies latencies = new Latencies();
  private final DurableVotes votes = new DurableVotes(DirectorySync.FSYNC, this::fail);
  private final Credentials credentials;
  private final PeerClients clients;
  private final ScheduledExecutorService routing = EngineThreads.single("pgraft-router");
  private final ScheduledExecutorService leasing = EngineThreads.single("pgraft-lease");
  private final CommitAnnouncer announcer = new CommitAnnouncer(leasing);
  private VoterChanges voterChanges;
  private final ScheduledExecutorService slow = EngineThreads.single("pgraft-slow");
  private final ScheduledExecutorService saving = EngineThreads.single("pgraft-backup");

  private final MembersPort port;
  private final DutyWatch duties;
  private final LogStall stall;
  private final SnapshotSchedule snapshots;
  private final LeaseSink sink;

  private volatile Phase phase = Phase.STARTING;
  private final Admission admission;
  private final ServerPath paths;
  private final Backups backups;
  private final DormantNode dormant;
  private final CompletableFuture<Dispatcher> ready = new CompletableFuture<>();

  /** The newest settings, of which those that can change while the engine runs are used. */
  private volatile Settings reloaded;
  private volatile IdentityFiles identity;
  private volatile long incarnation;
  private volatile long previousRun;
  private volatile Clearance clearance;
  private volatile Entrance entrance;
  private volatile RaftNode raft;
  private volatile RatisStateMachine stateMachine;
  private volatile LeaseKeeper lease;
  private volatile WriteRouter router;
  private volatile HolderGateway gateway;
  private volatile Membership membership;
  private volatile Dispatcher dispatcher;
  private volatile StatusReporter reporter;
  private volatile Registration registration;
  private volatile Upkeep upkeep;
  private KeyLeaseClock keyLeases;

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
    this.store =
        new OpenStore(
            sink,
            () -> {
              storeChanged.run();
              wakeWorker.run();
            });
    this.clock = clock;
    this.wakeWorker = wakeWorker;
    this.storeChanged = storeChanged;
    this.journal = journal;
    this.leaders = new LeaderNews(journal);
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
    this.duties = new DutyWatch(clock, settings.hangTimeoutMillis());
    this.stall = new LogStall(settings.fsyncTimeoutMillis());
    this.snapshots =
        new SnapshotSchedule(
            new SnapshotFiles(files.snapshot(), DirectorySync.FSYNC, slow),
            timeout -> raft.snapshotFinished(timeout),
            System::currentTimeMillis,
            settings.snapshotInterval(),
            journal);
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
      build(incarnation, admission.group(identity.identity().member(), clearance.granted()));
      raft.start();
      voterChanges.begun(raft.configurations());
      if (raft.division().isPresent()) {
        identity.becomeMember();
      }
    } catch (IOException | RuntimeException e) {
      stop();
      throw StartFailure.of(e, settings, files.root());
    }
    final EngineException early = failure.get();
    if (early != null) {
      stop();
      throw early;
    }
    EngineDuties.enter(duties, raft, stateMachine, applied, routing, leasing, new PortProbe(this::askSelf, clock));
    phase = Phase.RUNNING;
    ready.complete(dispatcher);
    registration.begin();
    routing.scheduleWithFixedDelay(
        keyLeases::look, KeyLeaseClock.LOOK_MILLIS, KeyLeaseClock.LOOK_MILLIS, TimeUnit.MILLISECONDS);
    new Housekeeping(
            self,
            store,
            upkeep,
            registration,
            new TermWatch(votes, raft::currentTerm, files.root()),
            dispatcher,
            clock,
            slow,
            () -> phase == Phase.RUNNING,
            this::fail)
        .begin();
    wakeWorker.run();
  }

  private CompletableFuture<byte[]> askSelf(long timeoutNanos) {
    return clients.callWhenReachable(
        HostPort.parse(HostPort.format(settings.ownHost(), settings.port())),
        Acquaintances.question(cluster, self),
        timeoutNanos);
  }

  /** Ratis must not end the process, and what no thread catches is for whoever hosts this engine. */
  private static void disableExit() {
    final Thread.UncaughtExceptionHandler handler = Thread.getDefaultUncaughtExceptionHandler();
    ExitUtils.disableSystemExit();
    Thread.setDefaultUncaughtExceptionHandler(handler);
  }

  /** What a cluster is founded with holds all there is; what a member had held more. */
  private void storeMadeAnew() {
    if (identity.identity().member()) {
      store.hide();
      journal.tell(EventKind.STORE_REBUILT, "from its last snapshot, if it has one, and the log");
    }
  }

  private void build(long incarnation, Optional<RaftGroup> group) throws IOException, EngineException {
    final StoreDirectory directory = new StoreDirectory(files.store(), storeLimits());
    voterChanges = new VoterChanges(clock);
    final EngineEvents events =
        new EngineEvents(
            store, this::storeMadeAnew, this::fail, wakeWorker, this::configurationChanged, announcer, voterChanges,
            storeChanged, journal, leaders, () -> raft.currentTerm());
    stateMachine =
        new RatisStateMachine(
            self, directory, applied, votes, new LogSegments(DirectorySync.FSYNC), events, snapshots, latencies);
    final Acquaintances acquaintances =
        new Acquaintances(self, cluster, () -> raft.members(), clients, clock);
    final Confirmations confirmations = new Confirmations(clock);
    final PeerReceiver receiver =
        new PeerReceiver(self, applied, store::get, board, clock, acquaintances, confirmations);
    final RaftServer server =
        RaftServer.newBuilder()
            .setServerId(RaftNode.peerId(self))
            .setGroup(group.orElse(null))
            .setStateMachine(stateMachine)
            .setOption(RaftStorage.StartupOption.RECOVER)
            .setProperties(
                RatisProperties.of(
                    files.raft(),
                    settings.listenHost(),
                    settings.port(),
                    settings.electionTimeoutMillis(),
                    settings.maxLogEntries()))
            .setParameters(parameters(receiver, acquaintances))
            .build();
    raft = new RaftNode(self, cluster, server, latencies::fsynced, this::fail, routing);
    final OwnEntries own = new OwnEntries(raft, () -> gateway, () -> router, clock);

    final RaftLeaseGround ground =
        new RaftLeaseGround(
            self, cluster, raft, clients, store::get, own::appendAsLeader, stall, clock, board,
            () -> reporter.leaderView(), confirmations, voterChanges);
    lease =
        new LeaseKeeper(
            self,
            ground,
            sink,
            clock,
            System::currentTimeMillis,
            leasing,
            (long) (settings.electionTimeoutMillis() * LEASE_PER_ELECTION_TIMEOUT),
            reloaded.heartbeatIntervalMillis(),
            journal);
    reporter =
        new StatusReporter(
            self, settings.clusterId(), raft, store::get, applied, snapshots, board, outcomes, lease, clock,
            settings.electionTimeoutMillis());
    membership =
        new Membership(
            self, raft, lease, new Invitation(self, cluster, settings.clusterId(), clients), reporter::leaderView,
            this::inTable, own::appendAsHolder,
            new HandOver(self, raft, lease, reporter::leaderView, handOverPatienceNanos()), clock);
    keyLeases =
        new KeyLeaseClock(store::get, () -> lease.heldTerm(clock.nanos()), own::appendAsLeader, clock);
    final HolderDuties duties = new HolderDuties(store::get, applied, membership, keyLeases, () -> gateway);
    gateway = new HolderGateway(self, cluster, raft, lease, clients, clock, routing, duties);
    router =
        new WriteRouter(
            self, incarnation, gateway, applied, clock, System::currentTimeMillis, routing, outcomes, latencies);
    upkeep = new Upkeep(this::holdsLease, own::appendAsLeader, reloaded.compactionThreshold(), reloaded.compactionAgeMillis(), settings.maxStoreBytes());
    registration =
        new Registration(self, identity, previousRun, incarnation, settings, router, gateway, clock, this::fail);
    dispatcher =
        new Dispatcher(
            new Dispatcher.Parts(
                raft,
                gateway,
                router,
                applied,
                snapshots,
                store::get,
                new Founding(settings, cluster, files, raft, identity, registration, backups, paths),
                backups,
                new SelfTest(files.root(), store::get, () -> gateway, slow),
                this::holdsLease,
                clock,
                routing,
                slow,
                outcomes));
    receiver.wire(
        raft, gateway, reporter, duties, identity, registration, new Introductions(self, identity, clearance),
        announcer, settings.clusterId());
    events.wire(lease, board, reporter, upkeep);
  }

  /** Enough for an election that has to be repeated. */
  private long handOverPatienceNanos() {
    return TimeUnit.MILLISECONDS.toNanos(3L * settings.electionTimeoutMillis());
  }

  /** A map larger than the quota ever lets the store grow, pages that wait for readers included; only address space. */
  private Store.Limits storeLimits() {
    return new Store.Limits(
        Math.max(4 * settings.maxStoreBytes(), MAP_BYTES_MIN), settings.maxProcesses() + ENGINE_READERS);
  }

  /** A member that waits to be cleared: its log and store are closed. For those who hold the monitor. */
  private boolean isDormant() {
    return phase == Phase.WAITING && dispatcher == null && identity.identity().member();
  }

  private Parameters parameters(PeerReceiver receiver, Acquaintances acquaintances) {
    final Parameters parameters = new Parameters();
    final PeerHandler handler = new PeerHandler(cluster, receiver);
    MembersRpcType.setAnnouncer(parameters, announcer);
    credentials.dialing().ifPresent(dialing -> MembersRpcType.setDialing(parameters, dialing));
    GrpcConfigKeys.Server.setServicesCustomizer(
        parameters,
        (builder, types) ->
            port.guard(builder)
                .addService(PeerService.definition(handler))
                .intercept(votes)
                .intercept(new KnownSenders(self, cluster, acquaintances::include, port.doorkeeper()::recognised))
                .intercept(new MembersOnly()));
    return parameters;
  }

  private boolean holdsLease() {
    return lease.heldTerm(clock.nanos()) != 0;
  }

  private void configurationChanged() {
    final Optional<RaftServer.Division> division = raft.division();
    try {
      // While the group closes there is none, and the members are still those of before.
      if (division.isPresent()) {
        final Map<Integer, String> members = new TreeMap<>();
        division.get().getRaftConf().getCurrentPeers()
            .forEach(peer -> members.put(RaftNode.nodeId(peer.getId()), peer.getAddress()));
        // A table that is only being rebuilt may know less than what is noted.
        identity.rememberMembers(
            members, id -> store.isHidden() ? Optional.empty() : inTable(id).map(PeerReceiver::known));
      }
    } catch (IOException e) {
      LOG.warn("could not note the members in the identity file: {}", e.toString());
    }
    registration.begin();
    wakeWorker.run();
  }

  private Optional<MemberRecord> inTable(int node) {
    return store.get().flatMap(open -> open.member(node));
  }

  /**
   * Carries a request out.
   *
   * @param request its bytes, which must not change afterwards
   * @param deadlineNanos when the sender stops waiting, on the engine's clock
   * @return the response's bytes; always completes normally, soon after the deadline at the latest
   */
  public CompletableFuture<ByteBuffer> submit(ByteBuffer request, long deadlineNanos) {
    final Dispatcher current = dispatcher;
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
    final StatusReporter current = reporter;
    if (current == null) {
      return EngineStatus.starting(self, settings.clusterId(), phase);
    }
    if (phase == Phase.RUNNING) {
      leaders.look(raft::leader);
    }
    final Phase shown = phase == Phase.RUNNING && !raft.isMember() ? Phase.WAITING : phase;
    return current.report(shown);
  }

  /** How long writes, applies and fsyncs take. */
  public Latencies latencies() {
    return latencies;
  }

  /** How many of this node's requests wait to be sent to the lease holder. */
  public int queuedRequests() {
    final WriteRouter current = router;
    return current == null ? 0 : current.queued();
  }

  /** How many snapshots were finished since the engine started. */
  public long snapshotsFinished() {
    return snapshots.finishedCount();
  }

  /** How long this node's lease still runs, in nanoseconds; 0 when it does not hold it. */
  public long leaseRemainingNanos(long nowNanos) {
    final LeaseKeeper keeper = lease;
    return keeper == null ? 0 : keeper.remainingNanos(nowNanos);
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
    return phase == Phase.RUNNING && identity.identity().member() && !raft.isMember() && raft.division().isEmpty()
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
    return phase == Phase.RUNNING ? duties.overdue() : Optional.empty();
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
      if (lease != null) {
        lease.lost("the engine failed: " + known.getMessage());
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
    duties.setLimit(changed.hangTimeoutMillis());
    stall.setLimit(changed.fsyncTimeoutMillis());
    snapshots.setInterval(changed.snapshotInterval());
    reloaded = changed;
    final LeaseKeeper keeper = lease;
    if (keeper != null) {
      keeper.setInterval(changed.heartbeatIntervalMillis());
    }
    final Upkeep keeping = upkeep;
    if (keeping != null) {
      keeping.setHistory(changed.compactionThreshold(), changed.compactionAgeMillis());
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

  /** Gives lease and leadership to another member if there is one, then closes everything. Blocks for up to 3 s. */
  public synchronized void stop() {
    if (phase == Phase.STOPPED) {
      return;
    }
    phase = Phase.STOPPING;
    ready.cancel(false);
    try {
      if (lease != null && failure.get() == null && lease.heldTerm(clock.nanos()) != 0) {
        membership.handOverBeforeStop(HAND_OVER_NANOS);
      }
      if (lease != null) {
        lease.lost("the engine stops");
      }
      if (router != null) {
        router.close();
      }
      if (entrance != null) {
        entrance.close();
      }
      if (raft != null) {
        // Then log and store are closed; what remains is that Netty's threads end, which takes seconds.
        final boolean grouped = raft.division().isPresent();
        port.doorkeeper().dismissStrangers();
        EngineThreads.within(
            CLOSE_MILLIS,
            "pgraft-close",
            raft::close,
            () -> !grouped || stateMachine.getLifeCycleState() == LifeCycle.State.CLOSED);
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
