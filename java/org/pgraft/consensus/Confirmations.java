package org.pgraft.consensus;

import java.util.function.LongSupplier;

/**
 * This node's words on leases, as a voter. Each time it is asked it confirms its current term, and says when it last confirmed
 * a lower one: a lease of a lower term that rests on its word cannot have begun later. That tells a new leader how long the
 * lease of the one before can still run.
 *
 * <p>Thread-safe: the term is read and the time noted under one monitor, so that no word of a lower term is given after a
 * higher term was confirmed, and none is missing in what is told with that.
 */
final class Confirmations {
  private final BootClock clock;
  private long term;
  private long lastNanos;
  private long earlierNanos;

  /** What it confirmed before it was made is not known: it may have been until then. */
  Confirmations(BootClock clock) {
    this.clock = clock;
    this.lastNanos = clock.nanos();
    this.earlierNanos = lastNanos;
  }

  /**
   * Confirms the current term.
   *
   * @param currentTerm reads it; must not block
   */
  synchronized Confirmation confirm(LongSupplier currentTerm) {
    final long current = currentTerm.getAsLong();
    final long now = clock.nanos();
    if (current > term) {
      earlierNanos = lastNanos;
    } else if (current < term) {
      // Of a group that was opened anew; what it knew of before may count for somebody.
      earlierNanos = now;
    }
    term = current;
    lastNanos = now;
    return new Confirmation(current, earlierNanos);
  }
}
