package org.pgraft.consensus;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.stream.LongStream;
import org.apache.ratis.proto.RaftProtos.AppendEntriesReplyProto;
import org.apache.ratis.proto.RaftProtos.AppendEntriesRequestProto;
import org.apache.ratis.proto.RaftProtos.LogEntryProto;
import org.apache.ratis.server.leader.FollowerInfo;
import org.apache.ratis.server.leader.LeaderState;
import org.apache.ratis.server.leader.LogAppender;
import org.apache.ratis.server.protocol.TermIndex;
import org.junit.jupiter.api.Test;

/** What a leader tells its followers to be committed. The leader here has committed entries 0 to 7. */
final class AnnouncingLeaderStateTest {
  private static final long COMMITTED = 7;

  private final LeaderState state = new AnnouncingLeaderState(new Ratis(), new CommitAnnouncer(new ManualScheduler()));

  @Test
  void when_a_heartbeat_compares_nothing_then_it_commits_nothing() {
    assertEquals(-1, told(null));
  }

  @Test
  void when_entries_begin_the_log_then_no_more_than_they_are_is_committed() {
    assertEquals(0, told(null, 0));
    assertEquals(2, told(null, 0, 1, 2));
    assertEquals(COMMITTED, told(null, 0, 1, 2, 3, 4, 5, 6, 7, 8));
  }

  @Test
  void when_there_is_an_entry_before_then_all_up_to_the_last_one_of_the_message_is_committed() {
    assertEquals(3, told(TermIndex.valueOf(1, 3)));
    assertEquals(5, told(TermIndex.valueOf(1, 3), 4, 5));
    assertEquals(COMMITTED, told(TermIndex.valueOf(1, 8)));
  }

  private long told(TermIndex previous, long... indexes) {
    final List<LogEntryProto> entries =
        LongStream.of(indexes).mapToObj(index -> LogEntryProto.newBuilder().setTerm(1).setIndex(index).build()).toList();
    return state.newAppendEntriesRequestProto(null, entries, previous, 1).getLeaderCommit();
  }

  /** Ratis' own state of a leader, as far as it counts here. */
  private static final class Ratis implements LeaderState {
    /** By what is in {@code ServerImplUtils.effectiveCommitIndex}. */
    @Override
    public AppendEntriesRequestProto newAppendEntriesRequestProto(
        FollowerInfo follower, List<LogEntryProto> entries, TermIndex previous, long callId) {
      final long before = previous == null ? 0 : previous.getIndex();
      return AppendEntriesRequestProto.newBuilder()
          .addAllEntries(entries)
          .setLeaderCommit(Math.min(COMMITTED, before + entries.size()))
          .build();
    }

    @Override
    public void restart(LogAppender appender) {
      throw new AssertionError("not called here");
    }

    @Override
    public void checkHealth(FollowerInfo follower) {
      throw new AssertionError("not called here");
    }

    @Override
    public boolean onFollowerTerm(FollowerInfo follower, long followerTerm) {
      throw new AssertionError("not called here");
    }

    @Override
    public void onFollowerCommitIndex(FollowerInfo follower, long commitIndex) {
      throw new AssertionError("not called here");
    }

    @Override
    public void onFollowerSuccessAppendEntries(FollowerInfo follower) {
      throw new AssertionError("not called here");
    }

    @Override
    public boolean isFollowerBootstrapping(FollowerInfo follower) {
      throw new AssertionError("not called here");
    }

    @Override
    public void onAppendEntriesReply(LogAppender appender, AppendEntriesReplyProto reply) {
      throw new AssertionError("not called here");
    }
  }
}
