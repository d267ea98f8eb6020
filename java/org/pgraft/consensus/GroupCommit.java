package org.pgraft.consensus;

import java.util.concurrent.TimeUnit;

/**
 * When the next batch goes. What a batch costs the members hardly depends on how many requests it carries, and sessions that
 * were just answered tend to write again at once. So after a batch has landed the next one waits a moment for them: until as
 * many wait as are worth it, or nobody came for a while, or the wait took as long as the batch itself. Few sessions are all
 * awaited. Of many, half: the others are answered and write again while those are in flight, so that processors which would
 * idle during the flight have something to do. PostgreSQL knows the same as {@code commit_delay}; here the wait follows from
 * what was seen last, so it needs no setting, and a lone session never waits.
 *
 * <p>Threads: those of its owner, one at a time. Time is passed in, in nanoseconds of one clock.
 */
final class GroupCommit {
  /** Nobody comes for so large a part of the last batch's time: those who have not come by then will not. */
  private static final int PAUSES_PER_BATCH = 4;

  /** So few sessions write in step; more of them in two halves. */
  private static final int FEW = 8;

  /** A batch of a large value, or to a holder that was sought for long, says nothing about how soon sessions write again. */
  private static final long LONGEST_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

  private int expected;
  private long landed;
  private long wait;
  private int seen;

  /**
   * A batch has landed, and none is in flight.
   *
   * @param answered how many requests it carried
   * @param waiting how many came meanwhile
   * @param tookNanos how long it was in flight
   */
  void landed(int answered, int waiting, long tookNanos, long now) {
    final int sessions = answered + waiting;
    expected = Math.max(Math.min(sessions, FEW), sessions / 2);
    landed = now;
    wait = Math.min(tookNanos, LONGEST_NANOS);
    seen = -1;
  }

  /** How many requests are worth waiting for. */
  int expected() {
    return expected;
  }

  /**
   * How long to wait before this is asked again; 0 when the batch is to go.
   *
   * @param waiting how many requests wait; at least 1
   */
  long nanosToWait(int waiting, long now) {
    final long left = landed + wait - now;
    if (waiting >= expected || left <= 0 || waiting == seen) {
      expected = 0;
      return 0;
    }
    seen = waiting;
    return Math.min(left, Math.max(1, wait / PAUSES_PER_BATCH));
  }
}
