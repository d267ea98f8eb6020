package org.pgraft.consensus;

import java.util.Optional;
import java.util.concurrent.Executor;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.raftlog.RaftLog;

/** What the engine of a node that takes part has to do, as a {@link DutyWatch} looks at it. Stateless. */
final class EngineDuties {
  /** What a node has to apply that is no member yet: it has applied as much. */
  private static final long NOTHING = RaftLog.INVALID_LOG_INDEX;

  private EngineDuties() {}

  /** Enters all of it; called before the node takes part. */
  static void enter(
      DutyWatch watch,
      RaftNode raft,
      RatisStateMachine stateMachine,
      AppliedIndex applied,
      Executor routing,
      Executor leasing,
      PortProbe probe) {
    watch.addTasks("the thread that routes writes does nothing", routing);
    watch.addTasks("the thread that keeps the lease does nothing", leasing);
    watch.addProgress(
        "committed entries are not applied",
        applied::get,
        () -> stateMachine.isApplying() ? log(raft).map(EngineDuties::committedHere).orElse(NOTHING) : NOTHING);
    watch.addProgress(
        "the log does not reach the disk",
        () -> log(raft).map(RaftLog::getFlushIndex).orElse(0L),
        () -> log(raft).map(open -> open.getNextIndex() - 1).orElse(0L));
    watch.add(
        "the log and the store were closed after an error",
        () -> stateMachine.isDismissed() || !raft.closedAsMember());
    watch.add("a thread that serves connections died", new EventLoops());
    watch.add("the members' port does not answer", probe);
  }

  /** What is known to be committed of the entries that this node has. */
  private static long committedHere(RaftLog log) {
    return Math.min(log.getLastCommittedIndex(), log.getNextIndex() - 1);
  }

  private static Optional<RaftLog> log(RaftNode raft) {
    return raft.division().map(RaftServer.Division::getRaftLog);
  }
}
