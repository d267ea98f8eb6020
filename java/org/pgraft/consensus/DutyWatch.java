package org.pgraft.consensus;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;

/**
 * Notices that the engine does not do its duties any more, although nothing has failed aloud: a thread hangs, or died
 * where a library caught the error. Such a node must not go on half alive; it leaves, and starts again.
 *
 * <p>A duty is asked again and again whether it is kept: there is nothing to do, or something was done since the last
 * time. One that is not kept for longer than the limit is overdue. Time counts only as far as the watch itself was
 * called meanwhile, so that a process that was frozen is not taken for one that hangs.
 *
 * <p>Called by one thread, the worker's main one, several times a second. While all is well it compares a few numbers two to
 * four times a second, and once a second gives each executor an empty task.
 */
final class DutyWatch {
  private static final long STEP_MAX_NANOS = TimeUnit.SECONDS.toNanos(1);

  /** Asked again before that, it answers what it last said: the limits are seconds. */
  private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(250);

  private static final long PROBE_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final BootClock clock;
  private final List<Duty> duties = new ArrayList<>();
  private volatile long limitNanos;
  private long calledNanos;
  private long watchedNanos;
  private Optional<String> lastSaid = Optional.empty();

  /** Something to be done, and since when it is not, on the watch's own count of time. */
  private static final class Duty {
    private final String what;
    private final BooleanSupplier kept;
    private long keptAt;

    Duty(String what, BooleanSupplier kept) {
      this.what = what;
      this.kept = kept;
    }
  }

  /**
   * @param clock by which time is counted
   * @param limitMillis how long a duty may not be kept
   */
  DutyWatch(BootClock clock, long limitMillis) {
    this.clock = clock;
    setLimit(limitMillis);
    calledNanos = clock.nanos();
  }

  /** Changes how long a duty may not be kept, in milliseconds. Any thread. */
  void setLimit(long limitMillis) {
    limitNanos = TimeUnit.MILLISECONDS.toNanos(limitMillis);
  }

  /**
   * Adds a duty.
   *
   * @param what the sentence that says that it is not kept
   * @param kept whether there is nothing to do, or something was done since it was last asked
   */
  void add(String what, BooleanSupplier kept) {
    duties.add(new Duty(what, kept));
  }

  /** Adds the duty to carry tasks out. */
  void addTasks(String what, Executor executor) {
    add(what, new Probe(executor));
  }

  /** Adds the duty to come nearer to a number that grows. */
  void addProgress(String what, LongSupplier done, LongSupplier due) {
    add(what, new Progress(done, due));
  }

  /** What is overdue now, in words; empty while all is well. */
  Optional<String> overdue() {
    final long now = clock.nanos();
    if (now - calledNanos < LOOK_NANOS) {
      return lastSaid;
    }
    watchedNanos += Math.min(now - calledNanos, STEP_MAX_NANOS);
    calledNanos = now;
    String overdue = null;
    for (Duty duty : duties) {
      if (duty.kept.getAsBoolean()) {
        duty.keptAt = watchedNanos;
      } else if (watchedNanos - duty.keptAt > limitNanos) {
        overdue = duty.what;
      }
    }
    lastSaid = Optional.ofNullable(overdue);
    return lastSaid;
  }

  /** Gives an executor an empty task, and the next one after it was carried out. */
  private final class Probe implements BooleanSupplier {
    private final Executor executor;
    private volatile boolean open;
    private long nextAt;

    Probe(Executor executor) {
      this.executor = executor;
    }

    @Override
    public boolean getAsBoolean() {
      if (open) {
        return false;
      }
      if (watchedNanos >= nextAt) {
        nextAt = watchedNanos + PROBE_NANOS;
        open = true;
        executor.execute(() -> open = false);
      }
      return true;
    }
  }

  private static final class Progress implements BooleanSupplier {
    private final LongSupplier done;
    private final LongSupplier due;
    private long seen = Long.MIN_VALUE;

    Progress(LongSupplier done, LongSupplier due) {
      this.done = done;
      this.due = due;
    }

    @Override
    public boolean getAsBoolean() {
      final long before = seen;
      seen = done.getAsLong();
      return seen != before || seen >= due.getAsLong();
    }
  }
}
