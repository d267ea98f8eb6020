package org.pgraft.consensus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** How long a batch waits for more. */
class GroupCommitTest {
  private static final long MS = TimeUnit.MILLISECONDS.toNanos(1);

  private final GroupCommit groupCommit = new GroupCommit();

  @Test
  void when_nothingWasAnsweredLately_then_aRequestGoesAtOnce() {
    assertEquals(0, groupCommit.nanosToWait(1, 5 * MS));
    groupCommit.landed(64, 0, 4 * MS, 100 * MS);
    assertEquals(0, groupCommit.nanosToWait(1, 104 * MS), "as long after the batch as it took");
  }

  @Test
  void when_aLoneSessionWritesAgain_then_itGoesAtOnce() {
    groupCommit.landed(1, 0, MS, 100 * MS);
    assertEquals(0, groupCommit.nanosToWait(1, 100 * MS));
  }

  @Test
  void when_aFewSessionsWereAnswered_then_allOfThemAreAwaited() {
    groupCommit.landed(3, 1, 4 * MS, 100 * MS);
    assertTrue(groupCommit.nanosToWait(3, 100 * MS) > 0);
    assertEquals(0, groupCommit.nanosToWait(4, 100 * MS));
  }

  @Test
  void when_manySessionsWereAnswered_then_halfOfThemAreAwaited() {
    groupCommit.landed(100, 20, 4 * MS, 100 * MS);
    assertEquals(60, groupCommit.expected());
    assertTrue(groupCommit.nanosToWait(59, 100 * MS) > 0);
    assertEquals(0, groupCommit.nanosToWait(60, 100 * MS));
  }

  @Test
  void when_nobodyComesForAWhile_then_theBatchGoesWithoutThem() {
    groupCommit.landed(100, 0, 4 * MS, 100 * MS);
    final long pause = groupCommit.nanosToWait(10, 100 * MS);
    assertEquals(MS, pause);
    assertEquals(MS, groupCommit.nanosToWait(11, 101 * MS), "one came");
    assertEquals(0, groupCommit.nanosToWait(11, 102 * MS), "nobody came");
  }

  @Test
  void when_theLastBatchTookVeryLong_then_theWaitIsShortAllTheSame() {
    groupCommit.landed(100, 0, 5000 * MS, 10_000 * MS);
    assertEquals(0, groupCommit.nanosToWait(1, 10_010 * MS));
  }
}
