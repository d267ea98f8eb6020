package org.pgraft.consensus;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.Callable;
import java.util.concurrent.Delayed;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RunnableScheduledFuture;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/** A scheduler that runs its tasks on the test's thread, when the test says what time it is. */
final class ManualScheduler extends AbstractExecutorService implements ScheduledExecutorService {
  private final List<Task> tasks = new ArrayList<>();
  private long now;
  private boolean shutdown;

  /** Runs every task that is due at {@code nanos}, in order, those included that they schedule themselves. */
  void runDue(long nanos) {
    now = nanos;
    for (Task due = next(); due != null; due = next()) {
      tasks.remove(due);
      due.run();
      if (due.period > 0 && !due.isDone()) {
        due.at = nanos + due.period;
        tasks.add(due);
      }
    }
  }

  private Task next() {
    tasks.removeIf(Task::isCancelled);
    return tasks.stream()
        .filter(task -> task.at <= now)
        .min(Comparator.comparingLong(task -> task.at))
        .orElse(null);
  }

  private Task add(Runnable action, long delay, long period, TimeUnit unit) {
    final Task task = new Task(action, now + unit.toNanos(delay), unit.toNanos(period));
    if (!shutdown) {
      tasks.add(task);
    }
    return task;
  }

  @Override
  public ScheduledFuture<?> schedule(Runnable command, long delay, TimeUnit unit) {
    return add(command, delay, 0, unit);
  }

  @Override
  public <V> ScheduledFuture<V> schedule(Callable<V> callable, long delay, TimeUnit unit) {
    throw new UnsupportedOperationException("not used by the engine");
  }

  @Override
  public ScheduledFuture<?> scheduleAtFixedRate(Runnable command, long initialDelay, long period, TimeUnit unit) {
    return add(command, initialDelay, period, unit);
  }

  @Override
  public ScheduledFuture<?> scheduleWithFixedDelay(Runnable command, long initialDelay, long delay, TimeUnit unit) {
    return add(command, initialDelay, delay, unit);
  }

  @Override
  public void execute(Runnable command) {
    add(command, 0, 0, TimeUnit.NANOSECONDS);
  }

  @Override
  public void shutdown() {
    shutdown = true;
    tasks.clear();
  }

  @Override
  public List<Runnable> shutdownNow() {
    shutdown();
    return List.of();
  }

  @Override
  public boolean isShutdown() {
    return shutdown;
  }

  @Override
  public boolean isTerminated() {
    return shutdown;
  }

  @Override
  public boolean awaitTermination(long timeout, TimeUnit unit) {
    return shutdown;
  }

  private static final class Task extends FutureTask<Void> implements RunnableScheduledFuture<Void> {
    private final long period;
    private long at;

    Task(Runnable action, long at, long period) {
      super(action, null);
      this.at = at;
      this.period = period;
    }

    @Override
    public void run() {
      if (period > 0) {
        super.runAndReset();
      } else {
        super.run();
      }
    }

    @Override
    public boolean isPeriodic() {
      return period > 0;
    }

    @Override
    public long getDelay(TimeUnit unit) {
      return unit.convert(at, TimeUnit.NANOSECONDS);
    }

    @Override
    public int compareTo(Delayed other) {
      return Long.compare(at, other.getDelay(TimeUnit.NANOSECONDS));
    }
  }
}
