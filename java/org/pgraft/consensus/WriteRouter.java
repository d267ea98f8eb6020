package org.pgraft.consensus;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.OptionalLong;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import org.pgraft.command.Batch;
import org.pgraft.command.BatchResult;
import org.pgraft.command.Limits;
import org.pgraft.command.Responses;
import org.pgraft.metrics.Latencies;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes the writes of this node's sessions, packs those that wait together into one batch, and has it appended by the
 * lease holder, here or elsewhere. One entry of the log, and one fsync, carries the requests of many sessions.
 *
 * <p><b>At most once.</b> A batch has an identity (node, start, sequence). While its outcome is open it is offered again
 * under that identity, to whoever holds the lease then; the store recognises a repetition and answers with the first
 * result. It is never offered under a new identity. What is still open at a request's deadline is answered <em>outcome
 * unknown</em> if any attempt may have reached a log, and <em>not accepted</em> if none can have.
 *
 * <p>Threads: all state but the inbox belongs to the one executor thread given; {@link #submit} may be called from any
 * thread, and sessions are answered on the thread that brings a batch's result. No locks, nothing blocks, no work when there
 * is nothing to write.
 */
final class WriteRouter {
  private static final Logger LOG = LoggerFactory.getLogger(WriteRouter.class);

  private static final int REQUESTS_PER_BATCH_MAX = 1024;
  private static final long RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

  /**
   * So long before its deadline, or a quarter of its time if that is shorter, a batch that reached no log is not offered any
   * more: whose time ends during an attempt can only be told that the outcome is unknown.
   */
  private static final long LAST_OFFER_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  /** Offers a batch to the lease holder, whoever that is at the moment. Must not block; never fails. */
  @FunctionalInterface
  interface Holder {
    CompletableFuture<Submission> append(Batch batch, long timeoutNanos);
  }

  private final int node;
  private final long start;
  private final Holder holder;
  private final AppliedIndex applied;
  private final BootClock clock;
  private final LongSupplier wallMillis;
  private final ScheduledExecutorService thread;
  private final Outcomes outcomes;
  private final Latencies latencies;

  /** What came since the thread last looked. */
  private final Queue<PendingWrite> inbox = new ConcurrentLinkedQueue<>();

  private final AtomicInteger came = new AtomicInteger();

  /** So many in the inbox make the thread look, because only then there is something for it to do. */
  private volatile int worthALook = 1;

  private final AtomicBoolean called = new AtomicBoolean();
  private final Deque<PendingWrite> waiting = new ArrayDeque<>();
  private final GroupCommit groupCommit = new GroupCommit();
  private long sequence;

  /**
   * The next batch is collected while one is in flight. Two of them, each half as large, would cost every node twice as much:
   * on two cores they made 64 clients a tenth slower, and nobody faster.
   */
  private boolean inFlight;

  /** Set while a batch could go but waits for more. */
  private ScheduledFuture<?> pause;

  private volatile int waitingCount;
  private boolean expiryScheduled;
  private boolean closed;

  WriteRouter(
      int node,
      long start,
      Holder holder,
      AppliedIndex applied,
      BootClock clock,
      LongSupplier wallMillis,
      ScheduledExecutorService thread,
      Outcomes outcomes,
      Latencies latencies) {
    this.node = node;
    this.start = start;
    this.holder = holder;
    this.applied = applied;
    this.clock = clock;
    this.wallMillis = wallMillis;
    this.thread = thread;
    this.outcomes = outcomes;
    this.latencies = latencies;
  }

  /** Queues a write; its response is completed by its deadline at the latest, or soon after. */
  void submit(PendingWrite write) {
    inbox.add(write);
    if (came.incrementAndGet() >= worthALook) {
      call();
    }
  }

  private void call() {
    if (called.compareAndSet(false, true)) {
      thread.execute(this::look);
    }
  }

  private void look() {
    // Before the look, so that what comes after it calls again.
    called.set(false);
    dispatch();
  }

  private void collect() {
    int taken = 0;
    for (PendingWrite write = inbox.poll(); write != null; write = inbox.poll()) {
      taken++;
      if (closed) {
        write.response().complete(Responses.error(Failures.stopping()));
      } else {
        waiting.add(write);
      }
    }
    came.addAndGet(-taken);
  }

  /**
   * Sends an entry of the engine's own, by itself and past the queue: it must get through also while the sessions' batches
   * are stuck.
   *
   * @param via who appends it
   */
  void submitOwn(PendingWrite write, Holder via) {
    thread.execute(() -> new Flight(List.of(write), via, false).offer());
  }

  /** Answers everything that waits and accepts nothing more. */
  CompletableFuture<Void> close() {
    return CompletableFuture.runAsync(
        () -> {
          closed = true;
          collect();
          awaitMore(1);
          waiting.forEach(write -> write.response().complete(Responses.error(Failures.stopping())));
          waiting.clear();
        },
        thread);
  }

  /** How many requests wait for a batch. */
  int queued() {
    return waitingCount + Math.max(0, came.get());
  }

  /** Sends the next batch if none is in flight and enough wait for it, and sees to it that this is called again. */
  private void dispatch() {
    collect();
    while (!inFlight && !waiting.isEmpty() && !pauses()) {
      final List<PendingWrite> writes = takeBatch();
      if (!writes.isEmpty()) {
        inFlight = true;
        new Flight(writes, holder, true).offer();
      }
    }
    waitingCount = waiting.size();
    if ((inFlight || !waiting.isEmpty()) && !expiryScheduled) {
      expiryScheduled = true;
      thread.schedule(this::expireWaiting, RETRY_NANOS, TimeUnit.NANOSECONDS);
    }
    if (closed || !inFlight && pause == null) {
      awaitMore(1);
    } else {
      awaitMore(inFlight ? Integer.MAX_VALUE : groupCommit.expected() - waiting.size());
    }
  }

  /** Whether those who wait, at least one, are to wait for more. */
  private boolean pauses() {
    if (pause != null && waiting.size() < groupCommit.expected()) {
      return true;
    }
    endPause();
    final long now = clock.nanos();
    final long nanos = isBatchComplete(now) ? 0 : groupCommit.nanosToWait(waiting.size(), now);
    if (nanos > 0) {
      pause = thread.schedule(this::paused, nanos, TimeUnit.NANOSECONDS);
    }
    return nanos > 0;
  }

  /** Whether no more can join, or somebody cannot wait for it. */
  private boolean isBatchComplete(long now) {
    long bytes = 0;
    for (PendingWrite write : waiting) {
      bytes += write.request().remaining();
      if (write.alone() || bytes >= Limits.BATCH_BYTES_MAX || write.deadlineNanos() - now < LAST_OFFER_NANOS) {
        return true;
      }
    }
    return false;
  }

  private void paused() {
    endPause();
    dispatch();
  }

  private void endPause() {
    if (pause != null) {
      pause.cancel(false);
      pause = null;
    }
  }

  /** Looks again when so many have come, and at once if they are there already. */
  private void awaitMore(int number) {
    worthALook = number;
    // after it is set, because who came before that did not see it
    if (came.get() >= number) {
      call();
    }
  }

  private List<PendingWrite> takeBatch() {
    final List<PendingWrite> writes = new ArrayList<>();
    final long now = clock.nanos();
    long bytes = 0;
    while (!waiting.isEmpty() && writes.size() < REQUESTS_PER_BATCH_MAX) {
      final PendingWrite next = waiting.peek();
      if (next.deadlineNanos() <= now) {
        waiting.poll();
        notAccepted(next);
        continue;
      }
      final long size = next.request().remaining();
      if (!writes.isEmpty() && (next.alone() || bytes + size > Limits.BATCH_BYTES_MAX)) {
        break;
      }
      writes.add(waiting.poll());
      bytes += size;
      if (next.alone()) {
        break;
      }
    }
    return writes;
  }

  private void expireWaiting() {
    expiryScheduled = false;
    collect();
    final long now = clock.nanos();
    waiting.removeIf(
        write -> {
          final boolean expired = write.deadlineNanos() <= now;
          if (expired) {
            notAccepted(write);
          }
          return expired;
        });
    dispatch();
  }

  private void notAccepted(PendingWrite write) {
    if (write.response().complete(Responses.error(Failures.notAccepted()))) {
      outcomes.failed();
    }
  }

  /** One batch while its outcome is open. */
  private final class Flight {
    private final Holder via;
    private final boolean counted;
    private List<PendingWrite> writes;
    private Batch batch;
    private final long deadline;
    private final long begun;
    private boolean attemptOpen;
    private boolean maybeAppended;

    /** Null until the batch is known to be committed and applied by the holder. */
    private volatile List<ByteBuffer> responses;

    /** Null until then as well; done when this node has applied the batch. */
    private volatile CompletableFuture<Void> appliedHere;

    private volatile ScheduledFuture<?> expiry;

    Flight(List<PendingWrite> writes, Holder via, boolean counted) {
      this.writes = writes;
      this.via = via;
      this.counted = counted;
      this.begun = clock.nanos();
      this.deadline = writes.stream().mapToLong(PendingWrite::deadlineNanos).max().orElseThrow();
      this.batch = batch(++sequence);
    }

    private Batch batch(long number) {
      final List<ByteBuffer> requests = new ArrayList<>(writes.size());
      writes.forEach(write -> requests.add(write.request()));
      return new Batch(node, start, number, wallMillis.getAsLong(), requests);
    }

    void offer() {
      final long left = deadline - clock.nanos();
      if (left <= 0) {
        endOverdue(deadline);
        land();
        return;
      }
      attemptOpen = true;
      via.append(batch, left)
          .thenApply(this::answerAtOnce)
          .thenAcceptAsync(this::judge, thread)
          .exceptionally(
              thrown -> {
                EngineThreads.uncaught(thrown);
                return null;
              });
      if (expiry == null) {
        watchDeadlines();
      }
    }

    /** Answers each session at its own deadline, also while an attempt is still open or this node lags behind. */
    private void watchDeadlines() {
      final long now = clock.nanos();
      endOverdue(now);
      final OptionalLong next =
          writes.stream()
              .filter(write -> !write.response().isDone())
              .mapToLong(PendingWrite::deadlineNanos)
              .min();
      expiry =
          next.isPresent()
              ? thread.schedule(
                  this::watchDeadlines, Math.max(1, next.getAsLong() - now), TimeUnit.NANOSECONDS)
              : null;
    }

    private void endOverdue(long now) {
      final Set<PendingWrite> refused = Collections.newSetFromMap(new IdentityHashMap<>());
      for (int i = 0; i < writes.size(); i++) {
        final PendingWrite write = writes.get(i);
        if (write.deadlineNanos() > now || write.response().isDone()) {
          continue;
        }
        final List<ByteBuffer> known = responses;
        if (known != null) {
          // True even if this node lags behind.
          answer(write, known.get(i));
        } else if (maybeAppended || attemptOpen) {
          unknown(write);
        } else {
          notAccepted(write);
          refused.add(write);
        }
      }
      if (!refused.isEmpty()) {
        leaveOut(refused);
      }
      stopWaiting();
    }

    /** A node that does not catch up must not remember every batch whose sessions are gone. */
    private void stopWaiting() {
      final CompletableFuture<Void> awaited = appliedHere;
      if (awaited != null && isAnswered()) {
        awaited.cancel(false);
      }
    }

    /** Who was told that nothing was changed must not be in the batch when it is offered again for the others. */
    private void leaveOut(Set<PendingWrite> refused) {
      writes = writes.stream().filter(write -> !refused.contains(write)).toList();
      batch = batch(batch.seq());
    }

    /**
     * Answers the sessions on the thread that brings the result, because every change of thread costs them time. It touches
     * nothing of the router's. What waits for an entry of the engine's own may do more, and does it on the router's thread.
     */
    private Submission answerAtOnce(Submission submission) {
      if (counted && submission.kind() == Submission.Kind.DONE) {
        deliver(submission.result());
      }
      return submission;
    }

    private void judge(Submission submission) {
      attemptOpen = false;
      switch (submission.kind()) {
        case DONE -> {
          if (!counted) {
            deliver(submission.result());
          }
          land();
        }
        case UNKNOWN -> {
          maybeAppended = true;
          again();
        }
        case NOT_APPENDED -> again();
      }
    }

    private void again() {
      final long now = clock.nanos();
      final long lastOffer = deadline - Math.min(LAST_OFFER_NANOS, (deadline - begun) / 4);
      if (isAnswered()) {
        land();
      } else if (maybeAppended || now + RETRY_NANOS <= lastOffer) {
        thread.schedule(this::offer, RETRY_NANOS, TimeUnit.NANOSECONDS);
      } else {
        thread.schedule(this::offer, Math.max(1, deadline - now), TimeUnit.NANOSECONDS);
      }
    }

    private boolean isAnswered() {
      return writes.stream().allMatch(write -> write.response().isDone());
    }

    private void unknown(PendingWrite write) {
      if (write.response().complete(Responses.error(Failures.outcomeUnknown()))) {
        outcomes.unknown();
      }
    }

    /** The holder has applied it; the sessions are answered when this node has applied it too. */
    private void deliver(BatchResult result) {
      if (result.responses().size() != writes.size()) {
        LOG.error("a batch of {} requests got {} results", writes.size(), result.responses().size());
        writes.forEach(this::unknown);
        return;
      }
      latencies.committed(clock.nanos() - begun);
      responses = result.responses();
      final CompletableFuture<Void> reached = applied.reached(result.index());
      appliedHere = reached;
      reached.thenRun(
          () -> {
            for (int i = 0; i < writes.size(); i++) {
              answer(writes.get(i), result.responses().get(i));
            }
            stopWatching();
          });
      stopWaiting();
    }

    private void answer(PendingWrite write, ByteBuffer response) {
      if (write.response().complete(response)) {
        outcomes.answered(response);
      }
    }

    private void stopWatching() {
      final ScheduledFuture<?> watched = expiry;
      if (watched != null) {
        watched.cancel(false);
      }
    }

    /** Its outcome is known, or of interest to nobody any more. Who waits for this node to catch up still has a deadline. */
    private void land() {
      if (isAnswered()) {
        stopWatching();
      }
      if (counted) {
        inFlight = false;
        collect();
        final long now = clock.nanos();
        groupCommit.landed(writes.size(), waiting.size(), now - begun, now);
        dispatch();
      }
    }
  }
}
