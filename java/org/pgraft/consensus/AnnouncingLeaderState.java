package org.pgraft.consensus;

import java.util.List;
import org.apache.ratis.proto.RaftProtos.AppendEntriesReplyProto;
import org.apache.ratis.proto.RaftProtos.AppendEntriesRequestProto;
import org.apache.ratis.proto.RaftProtos.LogEntryProto;
import org.apache.ratis.server.leader.FollowerInfo;
import org.apache.ratis.server.leader.LeaderState;
import org.apache.ratis.server.leader.LogAppender;
import org.apache.ratis.server.protocol.TermIndex;
import org.apache.ratis.server.raftlog.RaftLog;

/**
 * Ratis' state of a leader, as one log appender sees it, except that a {@link CommitAnnouncer} hears of each reply, and that
 * no follower is told that entries are committed which it was not compared with.
 *
 * <p>As thread-safe as what it wraps; called on gRPC's and the appender's threads.
 */
final class AnnouncingLeaderState implements LeaderState {
  private final LeaderState leader;
  private final CommitAnnouncer announcer;

  AnnouncingLeaderState(LeaderState leader, CommitAnnouncer announcer) {
    this.leader = leader;
    this.announcer = announcer;
  }

  @Override
  public void onAppendEntriesReply(LogAppender appender, AppendEntriesReplyProto reply) {
    leader.onAppendEntriesReply(appender, reply);
    announcer.replied(appender);
  }

  @Override
  public void restart(LogAppender appender) {
    leader.restart(appender);
  }

  /**
   * A follower takes entries up to the last one of the message, or the one before the message's first, for those of the leader
   * (Raft paper, figure 2: commitIndex = min(leaderCommit, index of last new entry)). Without a previous entry Ratis counts
   * one too many: a heartbeat that compares nothing would commit the follower's entry 0, which may be that of an earlier
   * leader. The follower would refuse the true entry, and all after it, for ever.
   */
  @Override
  public AppendEntriesRequestProto newAppendEntriesRequestProto(
      FollowerInfo follower, List<LogEntryProto> entries, TermIndex previous, long callId) {
    final AppendEntriesRequestProto request =
        leader.newAppendEntriesRequestProto(follower, entries, previous, callId);
    final long compared = entries.isEmpty() ? RaftLog.INVALID_LOG_INDEX : entries.get(entries.size() - 1).getIndex();
    return previous != null || request.getLeaderCommit() <= compared
        ? request
        : request.toBuilder().setLeaderCommit(compared).build();
  }

  @Override
  public void checkHealth(FollowerInfo follower) {
    leader.checkHealth(follower);
  }

  @Override
  public boolean onFollowerTerm(FollowerInfo follower, long followerTerm) {
    return leader.onFollowerTerm(follower, followerTerm);
  }

  @Override
  public void onFollowerCommitIndex(FollowerInfo follower, long commitIndex) {
    leader.onFollowerCommitIndex(follower, commitIndex);
  }

  @Override
  public void onFollowerSuccessAppendEntries(FollowerInfo follower) {
    leader.onFollowerSuccessAppendEntries(follower);
  }

  @Override
  public boolean isFollowerBootstrapping(FollowerInfo follower) {
    return leader.isFollowerBootstrapping(follower);
  }
}
