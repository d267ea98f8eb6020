package org.pgraft.consensus;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Which revision must stay readable so that the states of the last minutes can be read. */
final class HistoryAgeTest {
  private static final long AGE_MILLIS = 100_000;

  private final HistoryAge age = new HistoryAge();

  private OptionalLong at(long seconds, long revision) {
    return age.oldestNeeded(TimeUnit.SECONDS.toNanos(seconds), revision, AGE_MILLIS);
  }

  @Test
  void when_timeGoesOn_then_theRevisionOfAnAgeAgoIsTheOldestNeeded() {
    for (long second = 0; second < 100; second++) {
      assertEquals(OptionalLong.empty(), at(second, second));
    }
    assertEquals(OptionalLong.of(0), at(100, 100));
    assertEquals(OptionalLong.empty(), at(105, 105), "the next note is of second 10");
    assertEquals(OptionalLong.of(10), at(110, 110));
  }

  @Test
  void when_nobodyLookedForLong_then_theNewestOldNoteCounts() {
    at(0, 5);
    at(10, 6);
    assertEquals(OptionalLong.of(6), at(1000, 7));
    assertEquals(OptionalLong.of(7), at(1100, 7));
  }

  @Test
  void when_itWasForgotten_then_theAgeCountsFromTheNextLook() {
    at(0, 5);
    age.forget();
    assertEquals(OptionalLong.empty(), at(150, 6));
    assertEquals(OptionalLong.of(6), at(250, 7));
  }
}
