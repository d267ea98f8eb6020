package org.pgraft.worker;

import java.util.function.LongSupplier;
import org.pgraft.consensus.BootClock;
import org.pgraft.consensus.LeaseSink;

/**
 * The leadership lease where every session reads it, and the history of the intervals during which it was held.
 *
 * <p>Term and expiry are two words; they are written in the order "expiry to 0, term, expiry", so that a reader who sees the
 * same term before and after the expiry has a pair that was in force ({@code native/lease.c}). The history is a ring: first
 * the interval, then the number of the next one.
 *
 * <p>One thread at a time, see {@link LeaseSink}.
 */
final class LeaseWord implements LeaseSink {
  private static final int TERM = 5 * Long.BYTES;
  private static final int EXPIRY = 6 * Long.BYTES;

  private static final int GENERATION = 7 * Long.BYTES;

  private static final int HISTORY = 256;
  private static final int INTERVAL_BYTES = 5 * Long.BYTES;
  private static final int INTERVAL_TERM = 0;
  private static final int INTERVAL_FROM = 8;
  private static final int INTERVAL_UNTIL = 16;
  private static final int INTERVAL_FROM_WALL = 24;
  private static final int INTERVAL_ENDED = 32;

  private final SharedMemory memory;
  private final int page;
  private final int leases;
  private final BootClock clock;
  private final LongSupplier wallMillis;

  private long heldTerm;
  private long heldUntil;
  private int interval;

  LeaseWord(SharedMemory memory, SharedLayout layout, BootClock clock, LongSupplier wallMillis) {
    this.memory = memory;
    this.page = layout.status();
    this.leases = layout.leases();
    this.clock = clock;
    this.wallMillis = wallMillis;
  }

  @Override
  public void publish(long term, long expiryNanos) {
    final long now = clock.nanos();
    if (term == heldTerm && heldUntil > now) {
      memory.write(interval + INTERVAL_UNTIL, expiryNanos);
      memory.write(page + EXPIRY, expiryNanos);
    } else {
      begin(term, now, expiryNanos);
    }
    heldUntil = expiryNanos;
  }

  @Override
  public void storeIs(long generation) {
    memory.writeAndFence(page + GENERATION, generation);
  }

  private void begin(long term, long now, long expiryNanos) {
    memory.writeAndFence(page + EXPIRY, 0);
    final long number = memory.read(leases);
    interval = leases + Long.BYTES + (int) (number % HISTORY) * INTERVAL_BYTES;
    memory.write(interval + INTERVAL_TERM, term);
    memory.write(interval + INTERVAL_FROM, now);
    memory.write(interval + INTERVAL_UNTIL, expiryNanos);
    memory.write(interval + INTERVAL_FROM_WALL, wallMillis.getAsLong());
    memory.write(interval + INTERVAL_ENDED, 0);
    memory.writeAndFence(leases, number + 1);
    memory.writeAndFence(page + TERM, term);
    memory.writeAndFence(page + EXPIRY, expiryNanos);
    heldTerm = term;
  }

  @Override
  public void clear(int endedHow) {
    memory.writeAndFence(page + EXPIRY, 0);
    if (heldTerm == 0) {
      return;
    }
    final long now = clock.nanos();
    if (now < heldUntil) {
      memory.write(interval + INTERVAL_UNTIL, now);
      memory.write(interval + INTERVAL_ENDED, endedHow);
    }
    heldTerm = 0;
    heldUntil = 0;
  }
}
