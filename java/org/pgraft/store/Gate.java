package org.pgraft.store;

import java.util.concurrent.TimeUnit;

/**
 * Counts who uses the environment beside the apply thread, so that it is not closed, and its map not moved, under somebody
 * who reads. After it was shut nobody enters any more; whoever leaves last then does what was left to do.
 *
 * <p>Thread-safe; the monitor is held for a few instructions only, except by who waits in it.
 */
final class Gate {
  private int inside;
  private boolean barred;
  private boolean shut;
  private Runnable whenEmpty;

  /** Enters, after waiting while it is barred; false when it is shut. Every success needs a {@link #leave}. */
  synchronized boolean enter() {
    boolean interrupted = false;
    while (barred && !shut) {
      try {
        wait();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    if (shut) {
      return false;
    }
    inside++;
    return true;
  }

  void leave() {
    final Runnable last;
    synchronized (this) {
      inside--;
      notifyAll();
      last = inside == 0 ? whenEmpty : null;
      if (last != null) {
        whenEmpty = null;
      }
    }
    if (last != null) {
      last.run();
    }
  }

  /** Runs {@code action} while nobody is inside, keeping others out; false when somebody stays for {@code millis}. */
  synchronized boolean alone(long millis, Runnable action) {
    barred = true;
    try {
      final boolean empty = awaitEmpty(TimeUnit.MILLISECONDS.toNanos(millis));
      if (empty) {
        action.run();
      }
      return empty;
    } finally {
      barred = false;
      notifyAll();
    }
  }

  /**
   * Shuts it for good and runs {@code action} once nobody is inside: here, if that is so within {@code millis}, else on the
   * thread that leaves last.
   */
  void shut(long millis, Runnable action) {
    synchronized (this) {
      if (shut) {
        return;
      }
      shut = true;
      notifyAll();
      if (!awaitEmpty(TimeUnit.MILLISECONDS.toNanos(millis))) {
        whenEmpty = action;
        return;
      }
    }
    action.run();
  }

  private boolean awaitEmpty(long nanos) {
    final long begun = System.nanoTime();
    boolean interrupted = false;
    long left = nanos;
    while (inside > 0 && left > 0) {
      try {
        TimeUnit.NANOSECONDS.timedWait(this, Math.min(left, TimeUnit.SECONDS.toNanos(1)));
      } catch (InterruptedException e) {
        interrupted = true;
      }
      left = nanos - (System.nanoTime() - begun);
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    return inside == 0;
  }
}
