package org.pgraft.consensus;

/**
 * The one clock by which leases and deadlines are measured: {@code CLOCK_BOOTTIME} of Linux, which never jumps and
 * which, unlike {@link System#nanoTime()}, goes on while the machine is suspended (clock_gettime(2)). A holder that
 * slept must find its lease expired.
 *
 * <p>Safe to call from any thread.
 */
@FunctionalInterface
public interface BootClock {
  /** Nanoseconds since the machine booted, suspended time included. */
  long nanos();
}
