package org.pgraft.consensus;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.apache.ratis.io.MD5Hash;
import org.apache.ratis.proto.RaftProtos.LogEntryProto;
import org.apache.ratis.proto.RaftProtos.RaftConfigurationProto;
import org.apache.ratis.proto.RaftProtos.RaftPeerProto;
import org.apache.ratis.proto.RaftProtos.RoleInfoProto;
import org.apache.ratis.protocol.Message;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftGroupMemberId;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.protocol.TermIndex;
import org.apache.ratis.server.raftlog.RaftLog;
import org.apache.ratis.server.storage.FileInfo;
import org.apache.ratis.server.storage.RaftStorage;
import org.apache.ratis.server.storage.RaftStorageMetadata;
import org.apache.ratis.statemachine.TransactionContext;
import org.apache.ratis.statemachine.impl.BaseStateMachine;
import org.apache.ratis.statemachine.impl.SimpleStateMachineStorage;
import org.apache.ratis.statemachine.impl.SingleFileSnapshotInfo;
import org.apache.ratis.thirdparty.com.google.protobuf.UnsafeByteOperations;
import org.apache.ratis.util.LifeCycle;
import org.apache.ratis.util.MD5FileUtil;
import org.pgraft.command.BatchResult;
import org.pgraft.metrics.Latencies;
import org.pgraft.store.LogPosition;
import org.pgraft.store.Store;
import org.pgraft.store.StoreDirectory;
import org.pgraft.store.StoreFailedException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Connects Ratis' log to the {@link Store}: entries go in, results come out, snapshots are taken from it and installed
 * into it.
 *
 * <p>The store keeps the index up to which it has applied, in the same transaction as the effects, so it is usually ahead
 * of the snapshot from which Ratis begins to replay after a start; what it has already it skips. A failure of the store
 * is no result: it stops this node ({@link Events#failed}), because the other nodes will not have it.
 *
 * <p>Threads: Ratis' state machine updater applies, alone; {@link #initialize} and {@link #pause} come from Ratis' server
 * threads before and between. The monitor of this object guards the lifecycle and the switch of the store.
 */
final class RatisStateMachine extends BaseStateMachine {
  private static final Logger LOG = LoggerFactory.getLogger(RatisStateMachine.class);

  /** What the state machine tells the engine. Called on Ratis' threads; must not block, but for writing a small file. */
  interface Events {
    /** The store that will be open next was made anew, and may hold less than this node has applied before. */
    void storeMadeAnew();

    /** The store is open, or open again, in a new directory. */
    void storeOpened(Store store);

    /** The store is closed for a while or for good. */
    void storeClosed();

    /** This node leads and has applied an entry of its own term. */
    void leaderReady();

    /** This node does not lead any more, or another one does. */
    void leaderLost();

    /** That node leads, in the term that this node is in. */
    void leaderIs(int leader);

    /**
     * A configuration was committed: its voters, and those from which they are changed; and whether it was before, and is
     * gone over again after a start.
     */
    void configurationChanged(Set<Integer> voters, Set<Integer> before, boolean again);

    /** A snapshot of the leader's takes the place of entries. */
    void snapshotInstalled();

    /** The store that was made of that snapshot is open. */
    void snapshotOpened(LogPosition position);

    /** An entry was applied. */
    void applied(long index);

    /** This node cannot go on: its log or its store failed. */
    void failed(Throwable cause);
  }

  private final int node;
  private final StoreDirectory directory;
  private final AppliedIndex applied;
  private final DurableVotes votes;
  private final LogSegments segments;
  private final Events events;
  private final SnapshotSchedule snapshots;
  private final Latencies latencies;
  private final SimpleStateMachineStorage storage = new SimpleStateMachineStorage();

  private volatile Store store;
  private volatile boolean dismissed;
  private volatile TermIndex position = TermIndex.INITIAL_VALUE;

  /** The last entry that this node had applied before its start, as far as it knows. */
  private volatile long appliedBefore = RaftLog.INVALID_LOG_INDEX;

  /** Where Ratis keeps the log, the vote and the configuration. */
  private volatile Path log;

  /** Where Ratis keeps what it has received of a leader's snapshot. */
  private volatile Path transfers;

  /** The snapshot behind which Ratis may purge; a newer finished one is not counted before Ratis asked for it. */
  private volatile SingleFileSnapshotInfo counted;

  RatisStateMachine(
      int node,
      StoreDirectory directory,
      AppliedIndex applied,
      DurableVotes votes,
      LogSegments segments,
      Events events,
      SnapshotSchedule snapshots,
      Latencies latencies) {
    this.node = node;
    this.directory = directory;
    this.applied = applied;
    this.votes = votes;
    this.segments = segments;
    this.events = events;
    this.snapshots = snapshots;
    this.latencies = latencies;
  }

  @Override
  public synchronized void initialize(RaftServer server, RaftGroupId groupId, RaftStorage raftStorage)
      throws IOException {
    getLifeCycle()
        .startAndTransition(
            () -> {
              super.initialize(server, groupId, raftStorage);
              transfers = raftStorage.getStorageDir().getTmpDir().toPath();
              SnapshotLeftovers.removeAborted(transfers, FileTime.fromMillis(Long.MAX_VALUE));
              SnapshotLeftovers.putBack(raftStorage.getStorageDir().getStateMachineDir().toPath());
              SnapshotFiles.putAsideUnfinished(raftStorage.getStorageDir().getStateMachineDir().toPath());
              storage.init(raftStorage);
              log = raftStorage.getStorageDir().getCurrentDir().toPath();
              final TermIndex snapshot = SnapshotFiles.requireWhole(storage.getLatestSnapshot());
              final TermIndex logged = segments.open(log, snapshot.getIndex());
              raiseTerm(raftStorage, Math.max(logged.getTerm(), snapshot.getTerm()));
              ConfigurationFile.require(log, snapshot.getIndex() >= 0);
              votes.watch(log);
              snapshots.attach(storage);
              counted = storage.getLatestSnapshot();
              final Store opened = directory.open(latestSnapshotFile());
              if (directory.isAnew() && logged.getIndex() >= 0) {
                events.storeMadeAnew();
              }
              open(opened);
              appliedBefore = directory.isAnew() ? logged.getIndex() : position.getIndex();
              requireWholeLog(Math.max(logged.getIndex(), snapshot.getIndex()));
            });
  }

  /**
   * When Ratis cannot write a term that it learns from a leader, it accepts that leader's entries all the same, the next
   * time that they come. So after a disk that was full or failed, the term can be behind the log. It is raised here, and the
   * vote in it counts as given: that term has had its leader (Raft paper, section 5.2).
   */
  private void raiseTerm(RaftStorage raftStorage, long logTerm) throws IOException {
    final long kept = VoteFile.read(log).term();
    if (kept < logTerm) {
      LOG.warn("the log is of term {}, but the last term that could be written is {}; it is raised", logTerm, kept);
      raftStorage.getMetadataFile().persist(RaftStorageMetadata.valueOf(logTerm, RaftNode.peerId(node)));
      DirectorySync.FSYNC.sync(log);
    }
  }

  /** The store can be ahead of the log only if entries are missing that were flushed once. */
  private void requireWholeLog(long last) throws DamagedFileException {
    if (position.getIndex() > last) {
      throw new DamagedFileException(
          "the log in \"" + log + "\" ends with entry " + last + ", but the store has applied " + position.getIndex());
    }
  }

  /** Ratis asks for this on the log's writing thread, before each fsync of the log and before anything is acknowledged. */
  @Override
  public DataApi data() {
    return new DataApi() {
      @Override
      public CompletableFuture<Void> flush(long index) {
        try {
          segments.beforeFlush();
          return CompletableFuture.completedFuture(null);
        } catch (IOException e) {
          return CompletableFuture.failedFuture(e);
        }
      }
    };
  }

  private Optional<Path> latestSnapshotFile() {
    return Optional.ofNullable(storage.getLatestSnapshot()).map(snapshot -> snapshot.getFile().getPath());
  }

  /**
   * Removes what came of a leader's snapshots that did not arrive as a whole. Any thread.
   *
   * @param idleSince those go in which nothing was written since then
   */
  void removeAbortedTransfers(FileTime idleSince) throws IOException {
    final Path directory = transfers;
    if (directory != null) {
      SnapshotLeftovers.removeAborted(directory, idleSince);
    }
  }

  private void open(Store opened) {
    store = opened;
    // Whoever waits for an index to be applied looks for it in the store that sessions are told of.
    events.storeOpened(opened);
    moveTo(opened.position());
  }

  private void moveTo(LogPosition to) {
    position = TermIndex.valueOf(to.term(), to.index());
    applied.advanceTo(to.index());
  }

  /**
   * Before a snapshot that the leader sent is put in place. Ratis may still be applying entries on its other thread, so the
   * store is closed only in {@link #reinitialize}, which runs there.
   */
  @Override
  public synchronized void pause() {
    if (getLifeCycle().getCurrentState() == LifeCycle.State.PAUSED) {
      // The snapshot of before could not be put in place, and now comes again.
      return;
    }
    getLifeCycle().transition(LifeCycle.State.PAUSING);
    getLifeCycle().transition(LifeCycle.State.PAUSED);
  }

  /** After it was put in place: a new store is made of it. */
  @Override
  public synchronized void reinitialize() throws IOException {
    closeStore();
    events.snapshotInstalled();
    counted = storage.loadLatestSnapshot();
    final Path snapshot =
        latestSnapshotFile()
            .orElseThrow(() -> new IOException("a snapshot was installed, but none is found in " + storage));
    try {
      MD5FileUtil.verifySavedMD5(
          snapshot.toFile(), MD5FileUtil.computeMd5ForFile(snapshot.toFile()));
      makeDurable(snapshot);
      final Store installed = directory.install(snapshot);
      open(installed);
      snapshots.attach(storage);
      events.snapshotOpened(installed.position());
    } catch (IOException | RuntimeException e) {
      events.failed(e);
      throw e;
    }
    getLifeCycle().transition(LifeCycle.State.STARTING);
    getLifeCycle().transition(LifeCycle.State.RUNNING);
  }

  /** Ratis has written the snapshot and given it its name without an fsync, and purges the log because of it. */
  private static void makeDurable(Path snapshot) throws IOException {
    final Path directory = snapshot.getParent();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, Files::isRegularFile)) {
      for (Path file : files) {
        DirectorySync.FSYNC.sync(file);
      }
    }
    DirectorySync.FSYNC.sync(directory);
    DirectorySync.FSYNC.sync(directory.getParent());
  }

  private void closeStore() {
    final Store closing = store;
    store = null;
    if (closing != null) {
      events.storeClosed();
      closing.close();
    }
  }

  @Override
  public CompletableFuture<Message> applyTransaction(TransactionContext transaction) {
    final LogEntryProto entry = transaction.getLogEntry();
    final ByteBuffer command = entry.getStateMachineLogEntry().getLogData().asReadOnlyByteBuffer();
    try {
      final long begun = System.nanoTime();
      final Optional<BatchResult> result = store.apply(entry.getTerm(), entry.getIndex(), command);
      latencies.applied(System.nanoTime() - begun);
      appliedTo(entry.getTerm(), entry.getIndex());
      snapshots.grown(entry.getSerializedSize(), store, position);
      return CompletableFuture.completedFuture(
          result
              .map(batch -> Message.valueOf(UnsafeByteOperations.unsafeWrap(batch.encode())))
              .orElse(Message.EMPTY));
    } catch (StoreFailedException | RuntimeException e) {
      events.failed(e);
      throw new IllegalStateException("entry " + entry.getIndex() + " could not be applied", e);
    }
  }

  @Override
  public void notifyTermIndexUpdated(long term, long index) {
    try {
      store.advance(term, index);
      appliedTo(term, index);
    } catch (StoreFailedException | RuntimeException e) {
      events.failed(e);
      throw new IllegalStateException("entry " + index + " could not be applied", e);
    }
  }

  private void appliedTo(long term, long index) {
    if (index <= position.getIndex()) {
      return;
    }
    position = TermIndex.valueOf(term, index);
    applied.advanceTo(index);
    events.applied(index);
  }

  @Override
  public TermIndex getLastAppliedTermIndex() {
    return position;
  }

  /** Called on the apply thread, so it only names the last snapshot that is finished. */
  @Override
  public long takeSnapshot() {
    counted = storage.getLatestSnapshot();
    return counted == null ? RaftLog.INVALID_LOG_INDEX : counted.getIndex();
  }

  @Override
  public SingleFileSnapshotInfo getLatestSnapshot() {
    return counted;
  }

  @Override
  public SimpleStateMachineStorage getStateMachineStorage() {
    return storage;
  }

  /** Registers a finished snapshot file, which must already be durable under its final name. */
  static void register(SimpleStateMachineStorage storage, File file, MD5Hash digest, TermIndex at) {
    storage.updateLatestSnapshot(new SingleFileSnapshotInfo(new FileInfo(file.toPath(), digest), at));
  }

  @Override
  public void notifyLeaderChanged(RaftGroupMemberId member, RaftPeerId leader) {
    if (leader.equals(RaftNode.peerId(node))) {
      try {
        votes.beforeActingAsLeader();
      } catch (IOException e) {
        events.failed(e);
        // Ratis has not begun to append as the leader, and does not begin.
        throw new UncheckedIOException("the vote of this node for itself is not known to be durable", e);
      }
    } else {
      events.leaderLost();
    }
    events.leaderIs(RaftNode.nodeId(leader));
  }

  @Override
  public void notifyLeaderReady() {
    events.leaderReady();
  }

  @Override
  public void notifyNotLeader(java.util.Collection<TransactionContext> pending) {
    events.leaderLost();
  }

  /**
   * Ratis has just given its file of the configuration its name, without an fsync of the directory. The snapshots that are
   * taken after this point, and the purging of the log behind them, count on it, so it is made durable here.
   */
  @Override
  public void notifyConfigurationChanged(long term, long index, RaftConfigurationProto configuration) {
    try {
      ConfigurationFile.makeDurable(
          log,
          LogEntryProto.newBuilder().setTerm(term).setIndex(index).setConfigurationEntry(configuration).build());
    } catch (IOException e) {
      events.failed(e);
      throw new UncheckedIOException("configuration " + index + " could not be made durable", e);
    }
    events.configurationChanged(
        ids(configuration.getPeersList()), ids(configuration.getOldPeersList()), index <= appliedBefore);
  }

  private static Set<Integer> ids(List<RaftPeerProto> peers) {
    return peers.stream()
        .map(peer -> RaftNode.nodeId(RaftPeerId.valueOf(peer.getId())))
        .collect(Collectors.toUnmodifiableSet());
  }

  @Override
  public void notifyLogFailed(Throwable cause, LogEntryProto entry) {
    LOG.error("the log failed", cause);
    events.failed(cause);
  }

  @Override
  public void notifyServerShutdown(RoleInfoProto role, boolean allServers) {
    dismissed = true;
    events.leaderLost();
  }

  /** Whether Ratis was going to close the group in good order: this node was removed, or the engine stops. */
  boolean isDismissed() {
    return dismissed;
  }

  /** Whether entries are applied at the moment: not while a snapshot of the leader's is put in place. */
  boolean isApplying() {
    return getLifeCycleState() == LifeCycle.State.RUNNING;
  }

  @Override
  public synchronized void close() {
    getLifeCycle().checkStateAndClose(this::closeStore);
    segments.close();
  }
}
