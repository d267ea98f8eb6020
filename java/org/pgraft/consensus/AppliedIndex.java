package org.pgraft.consensus;

import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;
import java.util.concurrent.CompletableFuture;

/**
 * The highest log index in this node's store, and those who wait for it to reach a certain one.
 *
 * <p>Thread-safe. Advanced by Ratis' apply thread, awaited from any; the monitor is never held while a waiter runs.
 */
final class AppliedIndex {
  private record Waiter(long index, CompletableFuture<Void> reached) implements Comparable<Waiter> {
    @Override
    public int compareTo(Waiter other) {
      return Long.compare(index, other.index);
    }
  }

  private static final int WAITERS_KEPT_MIN = 64;

  private final PriorityQueue<Waiter> waiters = new PriorityQueue<>();

  /** With how many waiters those are removed that wait no more: while nothing is applied nobody else removes them. */
  private int purgedAt = WAITERS_KEPT_MIN;

  private volatile long applied = -1;
  private volatile int waiting;

  /** The highest index applied, -1 when none. */
  long get() {
    return applied;
  }

  /**
   * A stage that completes once {@code index} is applied here; at once when it is already. Who does not want to know any more
   * cancels it.
   */
  CompletableFuture<Void> reached(long index) {
    if (applied >= index) {
      return CompletableFuture.completedFuture(null);
    }
    final CompletableFuture<Void> reached = new CompletableFuture<>();
    synchronized (waiters) {
      if (waiters.size() >= purgedAt) {
        waiters.removeIf(waiter -> waiter.reached().isDone());
        purgedAt = Math.max(WAITERS_KEPT_MIN, 2 * waiters.size());
      }
      waiters.add(new Waiter(index, reached));
      waiting = waiters.size();
    }
    // The index may have advanced before the waiter was counted; then nobody else would wake it.
    if (applied >= index) {
      reached.complete(null);
    }
    return reached;
  }

  /** How many wait, or have waited and were not removed yet. */
  int waiting() {
    return waiting;
  }

  /** Everything up to {@code index} is applied. */
  void advanceTo(long index) {
    applied = index;
    if (waiting == 0) {
      return;
    }
    final List<Waiter> woken = new ArrayList<>();
    synchronized (waiters) {
      while (!waiters.isEmpty() && waiters.peek().index() <= index) {
        woken.add(waiters.poll());
      }
      waiting = waiters.size();
    }
    woken.forEach(waiter -> waiter.reached().complete(null));
  }
}
