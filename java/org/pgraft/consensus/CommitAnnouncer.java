package org.pgraft.consensus;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.server.leader.FollowerInfo;
import org.apache.ratis.server.leader.LogAppender;

/**
 * Tells followers at once that an entry is committed. Ratis lets them learn it with the next entry or heartbeat, which for
 * a lone write is half an election timeout later; a session on a follower waits for exactly that, because its write is
 * answered only when its own node has applied it. The other way that Ratis offers, an entry for each advance of the commit
 * index, costs an fsync each.
 *
 * <p>It also has Ratis look after newcomers that catch up. Whether one has fallen silent Ratis asks only after a while without
 * any event, and under load there is none: the change that waits for a dead newcomer would never end.
 *
 * <p>Thread-safe; {@link #announce} is called on the leader's apply thread, {@link #replied} on gRPC's; neither blocks.
 */
final class CommitAnnouncer {
  private final Map<RaftPeerId, LogAppender> appenders = new ConcurrentHashMap<>();

  /** A leader made an appender for a follower; the one before it for that follower is over. */
  void appending(LogAppender appender) {
    appenders.put(appender.getFollowerId(), appender);
  }

  /** This node does not lead any more. */
  void forget() {
    appenders.clear();
  }

  /** An entry is committed: sends an empty message to every follower that has it but does not know that. */
  void announce(long commitIndex) {
    appenders.values().forEach(appender -> announce(appender, commitIndex));
    appenders.values().forEach(CommitAnnouncer::lookAfter);
  }

  /** Ratis looks at the newcomer's progress as if it had answered; it finds the time of its last answer as it was. */
  private static void lookAfter(LogAppender appender) {
    final FollowerInfo follower = appender.getFollower();
    if (appender.isRunning() && appender.getLeaderState().isFollowerBootstrapping(follower)) {
      appender.getLeaderState().onFollowerSuccessAppendEntries(follower);
    }
  }

  /** A follower has answered: it may have got an entry only now that was committed already. */
  void replied(LogAppender appender) {
    announce(appender, Math.min(appender.getRaftLog().getLastCommittedIndex(), appender.getFollower().getMatchIndex()));
  }

  private static void announce(LogAppender appender, long commitIndex) {
    final FollowerInfo follower = appender.getFollower();
    if (follower.getCommitIndex() < commitIndex && follower.getMatchIndex() >= commitIndex) {
      appender.triggerHeartbeat();
    }
  }
}
