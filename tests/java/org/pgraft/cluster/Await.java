package org.pgraft.cluster;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.function.Predicate;

/**
 * Waits for conditions. A test does not sleep for a fixed time: it waits until the thing is so, with a deadline that only a
 * broken server misses.
 */
public final class Await {
  /** How long a condition may take on a busy machine with two cores. */
  public static final Duration DEADLINE = Duration.ofSeconds(90);

  private static final long PAUSE_MILLIS = 50;

  private Await() {}

  /**
   * Waits until a condition holds.
   *
   * @param what the condition in words, for the message
   * @param condition asked again and again; an exception counts as "not yet"
   * @throws AssertionError if it does not hold before the deadline, with the last exception as its cause
   */
  public static void until(String what, Callable<Boolean> condition) throws InterruptedException {
    value(what, condition, Boolean::booleanValue);
  }

  /**
   * Waits until a probe gives a good value.
   *
   * @param what the condition in words, for the message
   * @param probe asked again and again; an exception counts as "not yet"
   * @param good whether the value is the awaited one; null is never good
   * @return the first good value
   * @throws AssertionError if none comes before the deadline
   */
  public static <T> T value(String what, Callable<T> probe, Predicate<? super T> good) throws InterruptedException {
    long end = System.nanoTime() + DEADLINE.toNanos();
    T last = null;
    Exception failure = null;
    do {
      try {
        failure = null;
        last = probe.call();
        if (last != null && good.test(last)) {
          return last;
        }
      } catch (InterruptedException e) {
        throw e;
      } catch (Exception e) {
        failure = e;
      }
      Thread.sleep(PAUSE_MILLIS);
    } while (System.nanoTime() < end);
    throw new AssertionError(
        "not so after " + DEADLINE.toSeconds() + " s: " + what + "; last seen: " + last, failure);
  }
}
