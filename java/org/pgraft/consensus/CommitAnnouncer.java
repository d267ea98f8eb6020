package org.pgraft.consensus;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.server.leader.FollowerInfo;
import org.apache.ratis.server.leader.LogAppender;
import org.apache.ratis.server.leader.LogAppenderBase;
import org.apache.ratis.server.raftlog.RaftLog;

/**
 * Tells followers soon that an entry is committed. Ratis lets them learn it with the next entry or heartbeat, which for a
 * lone write is half an election timeout later. A follower on which somebody waits for it, because a session's write is
 * answered only when its own node has applied it, is told at once; the others a few milliseconds later, when under load the
 * next entries have told them already. The other way that Ratis offers, an entry for each advance of the commit index, costs
 * an fsync each.
 *
 * <p>It also has Ratis look after newcomers that catch up. Whether one has fallen silent Ratis asks only after a while without
 * any event, and under load there is none: the change that waits for a dead newcomer would never end.
 *
 * <p>Thread-safe; {@link #committed} is called on the leader's apply thread, {@link #replied} and {@link #awaited} on gRPC's;
 * none blocks.
 */
final class CommitAnnouncer {
  private static final long DELAY_MILLIS = 5;

  private final Map<RaftPeerId, Follower> followers = new ConcurrentHashMap<>();
  private final AtomicBoolean scheduled = new AtomicBoolean();
  private final ScheduledExecutorService scheduler;

  /** A follower, and up to which index somebody there waits to see entries committed. */
  private static final class Follower {
    private final LogAppender appender;
    private volatile long awaited = RaftLog.INVALID_LOG_INDEX;

    Follower(LogAppender appender) {
      this.appender = appender;
    }

    /**
     * Sends an empty message, if the follower has an entry up to there but does not know that it is committed. While entries
     * are under way to it an empty message is compared with nothing and tells nothing (see {@link AnnouncingLeaderState}); the
     * answer to the entries comes here again.
     */
    void tell(long upTo) {
      if (appender instanceof LogAppenderBase ratis && ratis.hasPendingDataRequests()) {
        return;
      }
      final FollowerInfo follower = appender.getFollower();
      final long committed = Math.min(appender.getRaftLog().getLastCommittedIndex(), follower.getMatchIndex());
      if (follower.getCommitIndex() < Math.min(committed, upTo)) {
        appender.triggerHeartbeat();
      }
    }

    /** Ratis looks at the newcomer's progress as if it had answered; it finds the time of its last answer as it was. */
    void lookAfter() {
      final FollowerInfo follower = appender.getFollower();
      if (appender.isRunning() && appender.getLeaderState().isFollowerBootstrapping(follower)) {
        appender.getLeaderState().onFollowerSuccessAppendEntries(follower);
      }
    }
  }

  /** @param scheduler on which followers are told that nobody waits on */
  CommitAnnouncer(ScheduledExecutorService scheduler) {
    this.scheduler = scheduler;
  }

  /** A leader made an appender for a follower; the one before it for that follower is over. */
  void appending(LogAppender appender) {
    followers.put(appender.getFollowerId(), new Follower(appender));
  }

  /** This node does not lead any more. */
  void forget() {
    followers.clear();
  }

  /** An entry is committed. */
  void committed() {
    if (!followers.isEmpty() && scheduled.compareAndSet(false, true)) {
      scheduler.schedule(this::tellAll, DELAY_MILLIS, TimeUnit.MILLISECONDS);
    }
  }

  private void tellAll() {
    // Before the look, so that what is committed after it is told, too.
    scheduled.set(false);
    for (Follower follower : followers.values()) {
      follower.tell(Long.MAX_VALUE);
      follower.lookAfter();
    }
  }

  /** Somebody on that node waits to see there what is committed by now. */
  void awaited(int node) {
    final Follower follower = followers.get(RaftNode.peerId(node));
    if (follower != null) {
      follower.awaited = follower.appender.getRaftLog().getLastCommittedIndex();
      follower.tell(follower.awaited);
    }
  }

  /** A follower has answered: it may have got an entry only now that was committed already. */
  void replied(LogAppender appender) {
    final Follower follower = followers.get(appender.getFollowerId());
    if (follower != null) {
      follower.tell(follower.awaited);
      committed();
    }
  }
}
