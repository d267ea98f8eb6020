package org.pgraft.consensus;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** A duty that is not done for too long is noticed; one that has nothing to do, or a process that was frozen, is not. */
final class DutyWatchTest {
  private static final long LIMIT_MILLIS = 2_000;

  private final AtomicLong now = new AtomicLong(1);
  private final DutyWatch watch = new DutyWatch(now::get, LIMIT_MILLIS);

  @Test
  void when_an_executor_carries_out_no_task_then_it_is_overdue() {
    final List<Runnable> tasks = new ArrayList<>();
    watch.addTasks("it hangs", tasks::add);
    assertEquals(Optional.empty(), after(LIMIT_MILLIS));
    assertEquals(Optional.of("it hangs"), after(500));
    assertEquals(1, tasks.size(), "one task at a time");
    tasks.remove(0).run();
    assertEquals(Optional.empty(), after(250));
  }

  @Test
  void when_an_executor_works_then_it_gets_a_task_now_and_then() {
    final AtomicLong count = new AtomicLong();
    watch.addTasks("it hangs", task -> {
      count.incrementAndGet();
      task.run();
    });
    assertEquals(Optional.empty(), after(10 * LIMIT_MILLIS));
    assertEquals(20, count.get(), 1);
  }

  @Test
  void when_a_number_stays_behind_then_it_is_overdue_unless_it_moves() {
    final AtomicLong done = new AtomicLong();
    final AtomicLong due = new AtomicLong();
    watch.addProgress("it stays", done::get, due::get);
    assertEquals(Optional.empty(), after(10 * LIMIT_MILLIS));
    due.set(100);
    for (int i = 0; i < 10; i++) {
      assertEquals(Optional.empty(), after(LIMIT_MILLIS / 2));
      done.incrementAndGet();
    }
    assertEquals(Optional.of("it stays"), after(LIMIT_MILLIS + 500));
    done.set(100);
    assertEquals(Optional.empty(), after(10 * LIMIT_MILLIS));
  }

  @Test
  void when_the_watch_itself_was_frozen_then_nothing_is_overdue() {
    watch.addTasks("it hangs", task -> {
      // never carried out
    });
    assertEquals(Optional.empty(), after(250));
    now.addAndGet(TimeUnit.HOURS.toNanos(1));
    assertEquals(Optional.empty(), watch.overdue());
  }

  @Test
  void when_the_limit_is_raised_then_it_counts_at_once() {
    watch.add("never", () -> false);
    assertEquals(Optional.of("never"), after(LIMIT_MILLIS + 500));
    watch.setLimit(2 * LIMIT_MILLIS);
    assertEquals(Optional.empty(), after(250));
  }

  /** What the watch says when it was called every 250 ms for so long. */
  private Optional<String> after(long millis) {
    Optional<String> overdue = Optional.empty();
    for (long waited = 0; waited < millis; waited += 250) {
      now.addAndGet(TimeUnit.MILLISECONDS.toNanos(250));
      overdue = watch.overdue();
    }
    return overdue;
  }
}
