package org.pgraft.consensus;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.pgraft.command.LeaseRequest;
import org.pgraft.command.Limits;
import org.pgraft.command.PgraftException;
import org.pgraft.command.Request;
import org.pgraft.command.Responses;
import org.pgraft.command.WireWriter;
import org.pgraft.store.KeyLease;
import org.pgraft.store.Store;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Judges when leases of keys are over. Only the holder of the leadership lease does, by its own clock, and what it judges is no
 * part of the replicated state: it proposes the end of a lease like any other change. A node that becomes the holder gives every
 * lease its whole time to live anew (as etcd does), so a lease never ends before its time, whoever leads, and at most one time to
 * live and a change of the leader late.
 *
 * <p><b>Why nobody who kept a lease alive can lose it.</b> In one term one node judges, under one monitor: a lease whose end it
 * has proposed is not kept alive any more. The proposal names its term and is void in a later one ({@link LeaseRequest.Expire}),
 * so it is applied before the next holder judges, or never.
 *
 * <p>Threads: {@link #look} on one scheduled thread and on that on which an answer arrives, the others on any. The monitor of this object guards all state; the log is
 * called outside it.
 */
final class KeyLeaseClock {
  private static final Logger LOG = LoggerFactory.getLogger(KeyLeaseClock.class);

  /** How often the leases are looked at, while there are any. */
  static final long LOOK_MILLIS = 250;

  /** Leases, and keys of them, that one entry may end, but for one lease that has more: entries must not take long. */
  private static final int LEASES_PER_ENTRY = 100;

  private final Supplier<Optional<Store>> store;
  private final LongSupplier heldTerm;
  private final Function<Request, CompletableFuture<ByteBuffer>> log;
  private final BootClock clock;

  private final Map<Long, Long> deadlines = new HashMap<>();
  private final Set<Long> ending = new HashSet<>();
  private long term;
  private boolean proposed;

  /**
   * @param heldTerm the term of the leadership lease that this node holds now, or 0
   * @param log appends an entry to the log of this node, which must lead
   */
  KeyLeaseClock(
      Supplier<Optional<Store>> store,
      LongSupplier heldTerm,
      Function<Request, CompletableFuture<ByteBuffer>> log,
      BootClock clock) {
    this.store = store;
    this.heldTerm = heldTerm;
    this.log = log;
    this.clock = clock;
  }

  /** Proposes the end of leases whose time is over, if this node is the one to judge. Never throws: it is called again. */
  void look() {
    try {
      endWhatIsOver();
    } catch (RuntimeException e) {
      LOG.error("the leases of keys could not be looked at", e);
    }
  }

  private void endWhatIsOver() {
    final long held = heldTerm.getAsLong();
    final Collection<KeyLease> leases = store.get().map(Store::keyLeases).orElse(List.of());
    if (held == 0 || leases.isEmpty()) {
      return;
    }
    final List<Long> over = over(held, leases);
    if (over.isEmpty()) {
      return;
    }
    CompletableFuture<ByteBuffer> outcome;
    try {
      outcome = log.apply(new LeaseRequest.Expire(held, over));
    } catch (RuntimeException e) {
      outcome = CompletableFuture.failedFuture(e);
    }
    outcome.whenComplete((response, failure) -> ended(over, response, failure));
  }

  private synchronized List<Long> over(long held, Collection<KeyLease> leases) {
    if (proposed || !judgesIn(held)) {
      return List.of();
    }
    final long now = clock.nanos();
    final Set<Long> known = new HashSet<>();
    final List<Long> over = new ArrayList<>();
    int keys = 0;
    for (KeyLease lease : leases) {
      known.add(lease.id());
      final boolean isOver =
          ending.contains(lease.id()) || now >= deadlines.computeIfAbsent(lease.id(), id -> now + nanos(lease));
      if (isOver && over.size() < LEASES_PER_ENTRY && (over.isEmpty() || keys + lease.keys() <= Limits.LEASE_KEYS_MAX)) {
        over.add(lease.id());
        keys += lease.keys();
      }
    }
    deadlines.keySet().retainAll(known);
    ending.retainAll(known);
    ending.addAll(over);
    proposed = !over.isEmpty();
    return over;
  }

  /** What was not carried out, or may not have been, is proposed again by the next look; what is over besides, at once. */
  private void ended(List<Long> over, ByteBuffer response, Throwable failure) {
    synchronized (this) {
      proposed = false;
    }
    if (failure != null) {
      LOG.warn("the end of leases {} could not be proposed: {}", over, failure.toString());
    } else if (Responses.isOk(response)) {
      LOG.info("leases {} were not kept alive and are over; their keys are deleted", over);
      look();
    }
  }

  /** What this node judged in an earlier term of its own is void: another may have judged since. */
  private boolean judgesIn(long held) {
    if (held > term) {
      term = held;
      deadlines.clear();
      ending.clear();
    }
    return held == term;
  }

  private static long nanos(KeyLease lease) {
    return TimeUnit.MILLISECONDS.toNanos(lease.ttlMillis());
  }

  /**
   * Lets a lease's time begin anew. The answer counts only if the leadership lease of that term still runs afterwards.
   *
   * @return the response: the time to live in milliseconds
   * @throws PgraftException when there is no such lease, or its end is on its way
   */
  synchronized ByteBuffer keepAlive(long held, Store open, long id) throws PgraftException {
    final KeyLease lease = open.requireKeyLease(id);
    if (judgesIn(held)) {
      if (ending.contains(id)) {
        throw new PgraftException(Failures.leaseIsOver(id));
      }
      deadlines.put(id, clock.nanos() + nanos(lease));
    }
    return Responses.number(lease.ttlMillis());
  }

  /** All leases with the time that each has left; see {@link LeaseRequest.ListAll}. */
  synchronized ByteBuffer list(long held, Store open) {
    final List<KeyLease> leases = List.copyOf(open.keyLeases());
    final boolean judges = judgesIn(held);
    final long now = clock.nanos();
    final WireWriter out = Responses.begin().i32(leases.size());
    for (KeyLease lease : leases) {
      final long until =
          judges ? deadlines.computeIfAbsent(lease.id(), id -> now + nanos(lease)) : now + nanos(lease);
      final long left = ending.contains(lease.id()) ? 0 : Math.max(until - now, 0);
      out.i64(lease.id())
          .i64(lease.ttlMillis())
          .i64(TimeUnit.NANOSECONDS.toMillis(left))
          .i32(lease.keys())
          .i64(lease.grantedMillis());
    }
    return out.done();
  }
}
