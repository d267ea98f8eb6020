package org.pgraft.consensus;

import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.pgraft.store.LeaseRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the leadership lease: being elected and acting as the leader are different things, because a paused or cut-off
 * leader does not know that it was replaced. A node acts as the leader only while its lease runs.
 *
 * <p><b>Acquisition.</b> A new leader waits until the lease of the one before it must be over, then appends an acquisition;
 * when that is committed and applied it begins to renew. The lease of the one before must be over a lease's length and some
 * ({@link #waitNanos}) after this node's election; or after a majority of every configuration in force, which is in this
 * node's term now, last confirmed a lower term: any majority on which that lease can rest has a voter in common with it, and
 * what that voter has confirmed since is not a lower term. That needs voters that did not change since, or once at most.
 * <b>Renewal.</b> Every heartbeat
 * interval it reads the clock (t0), asks every voter for its term, and when voters that form a majority of every
 * configuration in force answered with the holder's own term, the lease runs to t0 + L. Safe because a later leader
 * needs the vote of one of them (Raft paper, section 5.2), given after that answer, so it was elected after t0 and waits
 * L(1 + ε) from then. <b>End.</b> The lease runs out by itself; it is taken back at once when the leadership is lost, the
 * log's fsync stalls, the wall clock jumps against the boot clock, or this thread was kept from running.
 *
 * <p>Threads: the steps run on one scheduled thread, answers arrive on gRPC's threads, {@link #lost} and {@link #ready}
 * come from Ratis' threads. The monitor of this object guards all state and every call of the sink; nothing blocks while
 * it is held.
 */
final class LeaseKeeper {
  private static final Logger LOG = LoggerFactory.getLogger(LeaseKeeper.class);

  /** By how much the rates of two clocks may differ: a clock that is being slewed can be far off. */
  private static final double CLOCK_RATE_TOLERANCE = 0.25;

  /** What failed unexpectedly is not tried again at once. */
  private static final long LEASE_RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

  private enum Stage {
    /** Not the leader. */
    IDLE,
    /** Elected, but the lease of the one before may still run. */
    WAITING,
    /** The acquisition is on its way through the log. */
    ACQUIRING,
    /** Acquired; holds the lease as long as renewals succeed. */
    RENEWING,
    /** Given back; this node never renews in this term. */
    SURRENDERED
  }

  private final int self;
  private final LeaseGround ground;
  private final LeaseSink sink;
  private final BootClock clock;
  private final LongSupplier wallMillis;
  private final ScheduledExecutorService thread;
  private final LeaseNews news;
  private final AtomicLong rounds = new AtomicLong();

  private final long leaseNanos;
  private long intervalNanos;

  private Stage stage = Stage.IDLE;
  private long term;
  private long electedNanos;
  private long waitUntil;
  private long lastStepNanos;
  private long clockOffsetMillis;
  private ScheduledFuture<?> steps;

  private volatile long heldTerm;

  /** Answers to questions sent before this instant renew nothing: the lease was taken back meanwhile. */
  private long voidBefore = Long.MIN_VALUE;
  private volatile long heldUntil;

  LeaseKeeper(
      int self,
      LeaseGround ground,
      LeaseSink sink,
      BootClock clock,
      LongSupplier wallMillis,
      ScheduledExecutorService thread,
      long leaseMillis,
      long intervalMillis,
      Journal journal) {
    this.self = self;
    this.ground = ground;
    this.sink = sink;
    this.clock = clock;
    this.wallMillis = wallMillis;
    this.thread = thread;
    this.leaseNanos = TimeUnit.MILLISECONDS.toNanos(leaseMillis);
    this.intervalNanos = TimeUnit.MILLISECONDS.toNanos(intervalMillis);
    this.news = new LeaseNews(journal);
  }

  /** Changes the time between two renewals. */
  synchronized void setInterval(long intervalMillis) {
    final long nanos = TimeUnit.MILLISECONDS.toNanos(intervalMillis);
    if (nanos == intervalNanos) {
      return;
    }
    intervalNanos = nanos;
    if (steps != null) {
      steps.cancel(false);
      steps = thread.scheduleAtFixedRate(this::step, 0, nanos, TimeUnit.NANOSECONDS);
    }
  }

  /**
   * How long a new leader must wait, from its own election or from the last support of the lease before, before it may
   * acquire the lease.
   *
   * @param last the last acquisition that was committed; every one is in a new leader's log (Raft paper, section 5.4)
   * @param self this node
   */
  static long waitNanos(Optional<LeaseRecord> last, int self) {
    if (last.isEmpty() || last.get().released() || last.get().node() == self) {
      // This node's own older lease needs no wait: it is either the very same lease word, or was cleared when the
      // worker started.
      return 0;
    }
    return (long) (TimeUnit.MILLISECONDS.toNanos(last.get().leaseMillis()) * (1 + CLOCK_RATE_TOLERANCE));
  }

  /** Ratis says that this node leads and has applied an entry of its own term. */
  synchronized void ready() {
    final long ready = ground.readyTerm();
    if (ready == 0 || (ready == term && stage != Stage.IDLE)) {
      return;
    }
    electedNanos = clock.nanos();
    lastStepNanos = electedNanos;
    clockOffsetMillis = offsetMillis();
    waitUntil(electedNanos + waitNanos(ground.lastAcquired(), self));
    // Last, so that whatever fails before leaves no stage with another term's wait.
    term = ready;
    stage = Stage.WAITING;
    if (steps == null) {
      steps = thread.scheduleAtFixedRate(this::step, 0, intervalNanos, TimeUnit.NANOSECONDS);
    }
  }

  private void waitUntil(long nanos) {
    waitUntil = nanos;
    thread.schedule(this::step, Math.max(0, nanos - clock.nanos()), TimeUnit.NANOSECONDS);
  }

  /** This node is not the leader any more. */
  void lost() {
    lost("this node does not lead any more");
  }

  /** @param why this node must not act as the leader any more, whether or not it is elected */
  synchronized void lost(String why) {
    if (stage == Stage.RENEWING || stage == Stage.SURRENDERED) {
      LOG.info("this node does not lead any more; it did in term {}", term);
    }
    end(LeaseSink.CLEARED, why);
    stage = Stage.IDLE;
    if (steps != null) {
      steps.cancel(false);
      steps = null;
    }
  }

  /** The term of the lease that this node holds at {@code nanos}, or 0. Any thread; never blocks. */
  long heldTerm(long nanos) {
    final long held = heldTerm;
    return held != 0 && nanos < heldUntil && held == heldTerm ? held : 0;
  }

  /** How long the lease still runs at {@code nanos}; 0 when this node does not hold it. Any thread; never blocks. */
  long remainingNanos(long nanos) {
    return heldTerm(nanos) == 0 ? 0 : Math.max(heldUntil - nanos, 0);
  }

  /** Rounds of questions sent since the start. */
  long rounds() {
    return rounds.get();
  }

  /**
   * Gives the lease back: clears it here, then appends the release, so that the next leader need not wait.
   *
   * @return true when the release is committed; false when there was nothing to give back or it was not committed
   */
  CompletableFuture<Boolean> surrender() {
    final long surrendered;
    synchronized (this) {
      if (stage != Stage.RENEWING) {
        return CompletableFuture.completedFuture(false);
      }
      surrendered = term;
      stage = Stage.SURRENDERED;
      end(LeaseSink.RELEASED, "");
    }
    return ground.release(surrendered);
  }

  /** Whether another member has acquired the lease, as far as this node has applied the log. */
  boolean acquiredElsewhere() {
    return ground.lastAcquired().map(last -> last.node() != self && !last.released()).orElse(false);
  }

  private void step() {
    try {
      stepGuarded();
    } catch (RuntimeException e) {
      LOG.error("a step of the leadership lease failed", e);
      lost();
      thread.schedule(this::ready, LEASE_RETRY_NANOS, TimeUnit.NANOSECONDS);
    }
  }

  private void stepGuarded() {
    final Round round;
    synchronized (this) {
      final long now = clock.nanos();
      voidAfterJump(now);
      lastStepNanos = now;
      if (heldTerm != 0 && now >= heldUntil) {
        news.ranOut();
      }
      if (stage == Stage.IDLE) {
        return;
      }
      if (ground.readyTerm() != term) {
        lost();
        ready();
        return;
      }
      if (stage == Stage.WAITING && now >= waitUntil) {
        stage = Stage.ACQUIRING;
        final long acquiring = term;
        ground
            .acquire(acquiring, TimeUnit.NANOSECONDS.toMillis(leaseNanos))
            .whenComplete((done, failure) -> acquired(acquiring, failure == null && done));
      }
      if (stage != Stage.RENEWING && stage != Stage.WAITING) {
        return;
      }
      if (stage == Stage.RENEWING && ground.logIsStalled()) {
        end(LeaseSink.CLEARED, "the log does not reach the disk in time");
        return;
      }
      round = new Round(term, now, leaseNanos, ground.configurations());
      rounds.incrementAndGet();
    }
    round.ask();
  }

  /** A pause of this thread or a jump of the wall clock shows that time is not what it seems: the lease is void. */
  private void voidAfterJump(long now) {
    final long offset = offsetMillis();
    final boolean jumped =
        Math.abs(offset - clockOffsetMillis) > TimeUnit.NANOSECONDS.toMillis(leaseNanos) / 4;
    final boolean paused = now - lastStepNanos - intervalNanos > leaseNanos / 8 * 3;
    clockOffsetMillis = offset;
    if ((jumped || paused) && heldUntil > 0) {
      LOG.info("the leadership lease was given up after a {}", jumped ? "jump of the clock" : "pause");
      end(LeaseSink.CLEARED, jumped ? "the clock jumped" : "the engine was kept from running");
    }
  }

  private long offsetMillis() {
    return wallMillis.getAsLong() - TimeUnit.NANOSECONDS.toMillis(clock.nanos());
  }

  private synchronized void acquired(long acquiring, boolean done) {
    if (stage != Stage.ACQUIRING || term != acquiring) {
      return;
    }
    if (done) {
      LOG.info(
          "this node leads in term {}, {} ms after it was ready to", term,
          TimeUnit.NANOSECONDS.toMillis(clock.nanos() - electedNanos));
      stage = Stage.RENEWING;
      thread.execute(this::step);
    } else {
      stage = Stage.WAITING;
    }
  }

  /** A majority has confirmed this term, and a lower one not after that time: no lease before began later. */
  private synchronized void bound(long confirmed, long earlierNanos) {
    if (stage != Stage.WAITING || term != confirmed) {
      return;
    }
    final long since = Math.max(earlierNanos, ground.votersChangedNanos());
    final long over = since + waitNanos(ground.lastAcquired(), self);
    if (over < waitUntil) {
      waitUntil(over);
    }
  }

  private synchronized void renew(long renewed, long sentNanos, long until) {
    if (sentNanos < voidBefore) {
      return;
    }
    if (stage != Stage.RENEWING || term != renewed || ground.readyTerm() != renewed || until <= clock.nanos()) {
      return;
    }
    if (heldTerm != renewed || until > heldUntil) {
      if (heldTerm != 0 && heldUntil <= clock.nanos()) {
        news.ranOut();
      }
      heldUntil = until;
      heldTerm = renewed;
      sink.publish(renewed, until);
      news.held(renewed);
    }
  }

  private void end(int how, String why) {
    voidBefore = clock.nanos();
    if (heldTerm != 0) {
      final boolean ranOut = voidBefore >= heldUntil;
      heldTerm = 0;
      heldUntil = 0;
      sink.clear(how);
      if (ranOut) {
        news.ranOut();
      } else if (how == LeaseSink.RELEASED) {
        news.released();
      } else {
        news.lost(why);
      }
    }
  }

  /** One round of questions. Guarded by its own monitor, which is never held while the keeper's is taken. */
  private final class Round {
    private final long roundTerm;
    private final long sentNanos;
    private final long length;
    private final List<Set<Integer>> configurations;
    private final Set<Integer> agreed = new HashSet<>();
    private long earlierNanos = Long.MIN_VALUE;

    Round(long roundTerm, long sentNanos, long length, List<Set<Integer>> configurations) {
      this.roundTerm = roundTerm;
      this.sentNanos = sentNanos;
      this.length = length;
      this.configurations = configurations;
    }

    void ask() {
      // After the clock was read: this node's own word counts from then on like any other's.
      heard(self, ground.confirmOwn());
      final Set<Integer> others = new HashSet<>();
      configurations.forEach(others::addAll);
      others.remove(self);
      others.forEach(this::ask);
    }

    /** That one cannot be asked must not keep the others from being asked. */
    private void ask(int other) {
      try {
        ground
            .confirm(other, length)
            .thenAccept(answered -> heard(other, answered))
            .exceptionally(
                failure -> {
                  LOG.debug("a lease question to node {} came to nothing: {}", other, failure.toString());
                  return null;
                });
      } catch (RuntimeException e) {
        LOG.warn("node {} could not be asked a lease question", other, e);
      }
    }

    private void heard(int node, Confirmation confirmation) {
      if (confirmation.term() != roundTerm) {
        return;
      }
      final long earlier;
      synchronized (this) {
        agreed.add(node);
        earlierNanos = Math.max(earlierNanos, confirmation.earlierNanos());
        if (!isMajority(configurations, agreed)) {
          return;
        }
        earlier = earlierNanos;
      }
      bound(roundTerm, earlier);
      renew(roundTerm, sentNanos, sentNanos + length);
    }
  }

  /** Whether {@code agreed} holds a majority of each configuration. */
  static boolean isMajority(List<Set<Integer>> configurations, Set<Integer> agreed) {
    for (Set<Integer> voters : configurations) {
      int count = 0;
      for (int voter : voters) {
        if (agreed.contains(voter)) {
          count++;
        }
      }
      if (count <= voters.size() / 2) {
        return false;
      }
    }
    return !configurations.isEmpty();
  }
}
