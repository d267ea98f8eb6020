package org.pgraft.consensus;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.apache.ratis.proto.RaftProtos.RaftPeerRole;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.protocol.TermIndex;
import org.apache.ratis.server.raftlog.RaftLog;
import org.pgraft.consensus.EngineStatus.Counters;
import org.pgraft.consensus.EngineStatus.MemberStatus;
import org.pgraft.consensus.EngineStatus.Phase;
import org.pgraft.consensus.EngineStatus.Role;
import org.pgraft.consensus.EngineStatus.StoreStatus;
import org.pgraft.store.MemberRecord;
import org.pgraft.store.Store;

/**
 * Puts together what the engine can tell of itself, from live state each time it is asked.
 *
 * <p>Thread-safe, nothing blocks.
 */
final class StatusReporter {
  private static final long UNKNOWN = -1;


  private final int self;
  private final String clusterId;
  private final RaftNode raft;
  private final Supplier<Optional<Store>> store;
  private final AppliedIndex applied;
  private final SnapshotSchedule snapshots;
  private final MemberBoard board;
  private final Outcomes outcomes;
  private final LeaseKeeper lease;
  private final BootClock clock;
  private final long startedNanos;
  private final long reachableNanos;
  private final AtomicLong elections = new AtomicLong();

  StatusReporter(
      int self,
      String clusterId,
      RaftNode raft,
      Supplier<Optional<Store>> store,
      AppliedIndex applied,
      SnapshotSchedule snapshots,
      MemberBoard board,
      Outcomes outcomes,
      LeaseKeeper lease,
      BootClock clock,
      long electionTimeoutMillis) {
    this.self = self;
    this.clusterId = clusterId;
    this.raft = raft;
    this.store = store;
    this.applied = applied;
    this.snapshots = snapshots;
    this.board = board;
    this.outcomes = outcomes;
    this.lease = lease;
    this.clock = clock;
    this.startedNanos = clock.nanos();
    this.reachableNanos = TimeUnit.MILLISECONDS.toNanos(electionTimeoutMillis);
  }

  /** This node won an election. */
  void elected() {
    elections.incrementAndGet();
  }

  long uptimeMillis() {
    return (clock.nanos() - startedNanos) / 1_000_000;
  }

  EngineStatus report(Phase phase) {
    final Optional<RaftServer.Division> division = raft.division();
    final Counters counters =
        new Counters(
            elections.get(), outcomes.okCount(), outcomes.failedCount(), outcomes.unknownCount(), lease.rounds());
    if (division.isEmpty()) {
      return new EngineStatus(
          phase, self, clusterId, Role.NONE, 0, 0, 0, UNKNOWN, 0, UNKNOWN, UNKNOWN, 0, snapshots.latest(),
          StoreStatus.CLOSED, counters, List.of(), 0);
    }
    final RaftServer.Division group = division.get();
    final RaftLog log = group.getRaftLog();
    final TermIndex last = log.getLastEntryTermIndex();
    final TermIndex position = group.getStateMachine().getLastAppliedTermIndex();
    final MemberBoard.View view = view(group);
    return new EngineStatus(
        phase,
        self,
        clusterId,
        role(group.getInfo().getCurrentRole()),
        group.getInfo().getCurrentTerm(),
        raft.leader(),
        log.getStartIndex(),
        log.getNextIndex() - 1,
        last == null ? 0 : last.getTerm(),
        log.getLastCommittedIndex(),
        applied.get(),
        position == null ? 0 : position.getTerm(),
        snapshots.latest(),
        store.get().map(StatusReporter::storeStatus).orElse(StoreStatus.CLOSED),
        counters,
        view.members(),
        view.asOfNanos());
  }

  private static StoreStatus storeStatus(Store open) {
    return new StoreStatus(
        open.generation(),
        open.revision(),
        open.compactedRevision(),
        open.keyCount(),
        open.keyBytes(),
        open.fileBytes(),
        open.quota());
  }

  /** The role is null between the opening of the log and the start of the group. */
  private static Role role(RaftPeerRole role) {
    if (role == null) {
      return Role.NONE;
    }
    return switch (role) {
      case LEADER -> Role.LEADER;
      case CANDIDATE -> Role.CANDIDATE;
      case LISTENER -> Role.LEARNER;
      default -> Role.FOLLOWER;
    };
  }

  /** The leader's own view; a follower's is the one it heard from the holder, while that is fresh. */
  private MemberBoard.View view(RaftServer.Division group) {
    final long now = clock.nanos();
    if (group.getInfo().isLeader()) {
      return new MemberBoard.View(leaderView(), now);
    }
    final MemberBoard.View heard = board.received();
    final boolean fresh = heard.asOfNanos() != 0 && now - heard.asOfNanos() <= 2 * reachableNanos;
    return fresh && raft.leader() != 0 ? heard : new MemberBoard.View(MemberBoard.configured(group, names()), 0);
  }

  /** What this node, as the leader, knows of every member. */
  List<MemberStatus> leaderView() {
    return raft.division()
        .map(this::leaderView)
        .orElse(List.of());
  }

  private List<MemberStatus> leaderView(RaftServer.Division group) {
    final Map<Integer, String> names = names();
    return board.leaderView(group, own(group, names), names, clock.nanos(), reachableNanos);
  }

  private MemberStatus own(RaftServer.Division group, Map<Integer, String> names) {
    final java.net.InetSocketAddress address =
        raft.addressOf(self).orElseGet(() -> HostPort.parse(group.getPeer().getAddress()));
    final long last = group.getRaftLog().getNextIndex() - 1;
    return new MemberStatus(
        self,
        names.getOrDefault(self, ""),
        address.getHostString(),
        address.getPort(),
        true,
        true,
        last,
        last + 1,
        0,
        applied.get(),
        store.get().map(Store::fileBytes).orElse(UNKNOWN),
        group.getInfo().getCurrentTerm(),
        uptimeMillis());
  }

  private Map<Integer, String> names() {
    return store
        .get()
        .map(
            open ->
                open.members().stream()
                    .filter(member -> !member.removed())
                    .collect(Collectors.toMap(MemberRecord::node, MemberRecord::name)))
        .orElse(Map.of());
  }
}
