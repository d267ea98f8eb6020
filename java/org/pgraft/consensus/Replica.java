package org.pgraft.consensus;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.apache.ratis.conf.Parameters;
import org.apache.ratis.grpc.GrpcConfigKeys;
import org.apache.ratis.protocol.RaftGroup;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.storage.RaftStorage;
import org.apache.ratis.util.LifeCycle;
import org.pgraft.config.Settings;
import org.pgraft.consensus.EngineStatus.Phase;
import org.pgraft.metrics.Latencies;
import org.pgraft.store.MemberRecord;
import org.pgraft.store.Store;
import org.pgraft.store.StoreDirectory;
import org.pgraft.tls.Credentials;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * This node's replica of the group: log, store, lease, and the ways in and out of them. It is made when the node may
 * take part, which is once in an {@link Engine}'s life, and closed with it; before, there is nothing of it. A node that
 * founds no cluster and is in none has a replica without a group, until it gets one.
 *
 * <p>The constructor puts the parts of this package together. Ratis' threads call some of them from {@link #start} on, when
 * the state machine opens the store; what they reach is volatile, or comes by {@link EngineEvents#wire}, which is last.
 *
 * <p>Threads: the constructor, {@link #start}, {@link #begin} and {@link #close} are called in this order by threads that
 * hold the engine's monitor, and block; {@link #overdue} is called by the worker's main thread; the rest by any, and does
 * not block. It has no locks of its own.
 */
final class Replica {
  private static final Logger LOG = LoggerFactory.getLogger(Replica.class);

  /** The lease is shorter than the shortest election timeout, so that it is usually over when a successor is elected. */
  private static final double LEASE_PER_ELECTION_TIMEOUT = 0.8;

  private static final long HAND_OVER_NANOS = TimeUnit.MILLISECONDS.toNanos(1500);
  private static final long CLOSE_MILLIS = 2000;

  /**
   * What a node has also while it takes no part, and the replica is made with.
   *
   * @param limits how the store is opened
   * @param previousRun the last run in which this node took part before
   * @param run this run
   * @param port what guards the members' port
   * @param sink where the leadership lease is published
   * @param wakeWorker called when the worker should look at what the engine knows
   * @param storeChanged called after each entry that was applied
   * @param routing its thread routes writes
   * @param leasing its thread keeps the lease
   * @param slow its thread reads and writes what takes long
   * @param running whether the node takes part, which it does from {@link #begin} until the engine stops
   * @param failed told of what the engine must stop for
   */
  record Parts(
      Settings settings,
      EngineFiles files,
      Store.Limits limits,
      IdentityFiles identity,
      long previousRun,
      long run,
      Clearance clearance,
      MembersPort port,
      Credentials credentials,
      PeerClients clients,
      Backups backups,
      ServerPath paths,
      LeaseSink sink,
      BootClock clock,
      Runnable wakeWorker,
      Runnable storeChanged,
      Journal journal,
      Latencies latencies,
      ScheduledExecutorService routing,
      ScheduledExecutorService leasing,
      ScheduledExecutorService slow,
      BooleanSupplier running,
      Consumer<Throwable> failed) {}

  private final Parts parts;
  private final Settings settings;
  private final BootClock clock;
  private final int self;
  private final UUID cluster;

  private final OpenStore store;
  private final AppliedIndex applied = new AppliedIndex();
  private final DurableVotes votes;
  private final VoterChanges voterChanges;
  private final CommitAnnouncer announcer;
  private final LeaderNews leaders;
  private final SnapshotSchedule snapshots;
  private final DutyWatch duties;
  private final LogStall stall;

  private final RatisStateMachine stateMachine;
  private volatile RaftNode raft;
  private final LeaseKeeper lease;
  private final Membership membership;
  private final KeyLeaseClock keyLeases;
  private volatile HolderGateway gateway;
  private volatile WriteRouter router;
  private final Upkeep upkeep;
  private final Registration registration;
  private final Dispatcher dispatcher;
  private volatile StatusReporter reporter;

  /**
   * A replica that is not started.
   *
   * @param group what it takes part in; empty to wait for one
   * @throws IOException when the members' port or the disk fails
   */
  Replica(Parts parts, Optional<RaftGroup> group) throws IOException {
    this.parts = parts;
    this.settings = parts.settings();
    this.clock = parts.clock();
    this.self = settings.nodeId();
    this.cluster = RaftNode.clusterUuid(settings.clusterId());
    final EngineFiles files = parts.files();
    final Journal journal = parts.journal();
    final PeerClients clients = parts.clients();
    store =
        new OpenStore(
            parts.sink(),
            () -> {
              parts.storeChanged().run();
              parts.wakeWorker().run();
            });
    votes = new DurableVotes(DirectorySync.FSYNC, parts.failed());
    voterChanges = new VoterChanges(clock);
    announcer = new CommitAnnouncer(parts.leasing());
    leaders = new LeaderNews(journal);
    duties = new DutyWatch(clock, settings.hangTimeoutMillis());
    stall = new LogStall(settings.fsyncTimeoutMillis());
    snapshots =
        new SnapshotSchedule(
            new SnapshotFiles(files.snapshot(), DirectorySync.FSYNC, parts.slow()),
            timeout -> raft.snapshotFinished(timeout),
            System::currentTimeMillis,
            settings.snapshotInterval(),
            journal);

    final EngineEvents events =
        new EngineEvents(
            store, this::storeMadeAnew, parts.failed(), parts.wakeWorker(), this::configurationChanged, announcer,
            voterChanges, parts.storeChanged(), journal, leaders, () -> raft.currentTerm());
    stateMachine =
        new RatisStateMachine(
            self, new StoreDirectory(files.store(), parts.limits()), applied, votes,
            new LogSegments(DirectorySync.FSYNC), events, snapshots, parts.latencies());
    final Acquaintances acquaintances =
        new Acquaintances(self, cluster, () -> raft.members(), clients, clock);
    final MemberBoard board = new MemberBoard();
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
    raft = new RaftNode(self, cluster, server, parts.latencies()::fsynced, parts.failed(), parts.routing());
    final OwnEntries own = new OwnEntries(raft, () -> gateway, () -> router, clock);

    final RaftLeaseGround ground =
        new RaftLeaseGround(
            self, cluster, raft, clients, store::get, own::appendAsLeader, stall, clock, board,
            () -> reporter.leaderView(), confirmations, voterChanges);
    lease =
        new LeaseKeeper(
            self,
            ground,
            parts.sink(),
            clock,
            System::currentTimeMillis,
            parts.leasing(),
            (long) (settings.electionTimeoutMillis() * LEASE_PER_ELECTION_TIMEOUT),
            settings.heartbeatIntervalMillis(),
            journal);
    final Outcomes outcomes = new Outcomes();
    reporter =
        new StatusReporter(
            self, settings.clusterId(), raft, store::get, applied, snapshots, board, outcomes, lease, clock,
            settings.electionTimeoutMillis());
    membership =
        new Membership(
            self, raft, lease, new Invitation(self, cluster, settings.clusterId(), clients), reporter::leaderView,
            this::inTable, own::appendAsHolder,
            new HandOver(self, raft, lease, reporter::leaderView, handOverPatienceNanos()), clock);
    keyLeases = new KeyLeaseClock(store::get, () -> lease.heldTerm(clock.nanos()), own::appendAsLeader, clock);
    final HolderDuties holder = new HolderDuties(store::get, applied, membership, keyLeases, () -> gateway);
    gateway = new HolderGateway(self, cluster, raft, lease, clients, clock, parts.routing(), holder);
    router =
        new WriteRouter(
            self, parts.run(), gateway, applied, clock, System::currentTimeMillis, parts.routing(), outcomes,
            parts.latencies());
    upkeep =
        new Upkeep(
            this::holdsLease, own::appendAsLeader, settings.compactionThreshold(), settings.compactionAgeMillis(),
            settings.maxStoreBytes());
    registration =
        new Registration(
            self, parts.identity(), parts.previousRun(), parts.run(), settings, router, gateway, clock, parts.failed());
    dispatcher =
        new Dispatcher(
            new Dispatcher.Parts(
                raft,
                gateway,
                router,
                applied,
                snapshots,
                store,
                new Founding(
                    settings, cluster, files, raft, parts.identity(), registration, parts.backups(), parts.paths()),
                parts.backups(),
                new SelfTest(files.root(), store::get, () -> gateway, parts.slow()),
                this::holdsLease,
                clock,
                parts.routing(),
                parts.slow(),
                outcomes));
    receiver.wire(
        raft, gateway, reporter, holder, parts.identity(), registration,
        new Introductions(self, parts.identity(), parts.clearance()), announcer, settings.clusterId());
    events.wire(lease, board, reporter, upkeep);
  }

  private Parameters parameters(PeerReceiver receiver, Acquaintances acquaintances) {
    final Parameters parameters = new Parameters();
    final PeerHandler handler = new PeerHandler(cluster, receiver);
    final MembersPort port = parts.port();
    MembersRpcType.setAnnouncer(parameters, announcer);
    parts.credentials().dialing().ifPresent(dialing -> MembersRpcType.setDialing(parameters, dialing));
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

  /** Enough for an election that has to be repeated. */
  private long handOverPatienceNanos() {
    return TimeUnit.MILLISECONDS.toNanos(3L * settings.electionTimeoutMillis());
  }

  /** Opens log and store and listens: votes and follows from now on. */
  void start() throws IOException {
    raft.start();
    voterChanges.begun(raft.configurations());
    if (raft.division().isPresent()) {
      parts.identity().becomeMember();
    }
    EngineDuties.enter(
        duties, raft, stateMachine, applied, parts.routing(), parts.leasing(), new PortProbe(this::askSelf, clock));
  }

  private CompletableFuture<byte[]> askSelf(long timeoutNanos) {
    return parts
        .clients()
        .callWhenReachable(
            HostPort.parse(HostPort.format(settings.ownHost(), settings.port())),
            Acquaintances.question(cluster, self),
            timeoutNanos);
  }

  /** Takes up what a node that takes part does by itself. */
  void begin() {
    registration.begin();
    parts
        .routing()
        .scheduleWithFixedDelay(
            keyLeases::look, KeyLeaseClock.LOOK_MILLIS, KeyLeaseClock.LOOK_MILLIS, TimeUnit.MILLISECONDS);
    new Housekeeping(
            self,
            store,
            upkeep,
            registration,
            new TermWatch(votes, raft::currentTerm, parts.files().root()),
            dispatcher,
            stateMachine,
            clock,
            parts.slow(),
            parts.running(),
            parts.failed())
        .begin();
  }

  /** What a cluster is founded with holds all there is; what a member had held more. */
  private void storeMadeAnew() {
    if (parts.identity().identity().member()) {
      store.hide();
      parts.journal().tell(EventKind.STORE_REBUILT, "from its last snapshot, if it has one, and the log");
    }
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
        parts
            .identity()
            .rememberMembers(members, id -> store.isHidden() ? Optional.empty() : inTable(id).map(PeerReceiver::known));
      }
    } catch (IOException e) {
      LOG.warn("could not note the members in the identity file: {}", e.toString());
    }
    registration.begin();
    parts.wakeWorker().run();
  }

  private Optional<MemberRecord> inTable(int node) {
    return store.get().flatMap(open -> open.member(node));
  }

  private boolean holdsLease() {
    return lease.heldTerm(clock.nanos()) != 0;
  }

  /** See {@link Engine#submit}. */
  CompletableFuture<ByteBuffer> submit(ByteBuffer request, long deadlineNanos) {
    return dispatcher.submit(request, deadlineNanos);
  }

  /** Whether a configuration in force lists this node. */
  boolean isMember() {
    return raft.isMember();
  }

  /** Whether the group's log is open. */
  boolean isOpen() {
    return raft.division().isPresent();
  }

  /** Tells the journal if nobody leads any more. */
  void lookForLeader() {
    leaders.look(raft::leader);
  }

  /** What is known of this node now. */
  EngineStatus report(Phase phase) {
    return reporter.report(phase);
  }

  /** See {@link Engine#queuedRequests}. */
  int queuedRequests() {
    return router.queued();
  }

  /** See {@link Engine#snapshotsFinished}. */
  long snapshotsFinished() {
    return snapshots.finishedCount();
  }

  /** See {@link Engine#leaseRemainingNanos}. */
  long leaseRemainingNanos(long nowNanos) {
    return lease.remainingNanos(nowNanos);
  }

  /** See {@link Engine#overdue}. */
  Optional<String> overdue() {
    return duties.overdue();
  }

  /** Takes over the settings that may change while the engine runs. */
  void reload(Settings changed) {
    duties.setLimit(changed.hangTimeoutMillis());
    stall.setLimit(changed.fsyncTimeoutMillis());
    snapshots.setInterval(changed.snapshotInterval());
    lease.setInterval(changed.heartbeatIntervalMillis());
    upkeep.setHistory(changed.compactionThreshold(), changed.compactionAgeMillis());
  }

  /** This node acts as the leader no more, whatever Raft says, until it is elected again. */
  void loseLease(String why) {
    lease.lost(why);
  }

  /**
   * Closes log and store, and listens no more. Blocks, for some seconds at the most.
   *
   * @param handOver whether to give lease and leadership to another member before, if this node has them
   */
  void close(boolean handOver) {
    if (handOver && holdsLease()) {
      membership.handOverBeforeStop(HAND_OVER_NANOS);
    }
    lease.lost("the engine stops");
    router.close();
    // Then log and store are closed; what remains is that Netty's threads end, which takes seconds.
    final boolean grouped = raft.division().isPresent();
    parts.port().doorkeeper().dismissStrangers();
    EngineThreads.within(
        CLOSE_MILLIS,
        "pgraft-close",
        raft::close,
        () -> !grouped || stateMachine.getLifeCycleState() == LifeCycle.State.CLOSED);
  }
}
