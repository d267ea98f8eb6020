package org.pgraft.consensus;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * Whether this node answers on its own members' port. {@link EventLoops} sees threads that died; but one can also live and
 * serve nobody, stuck in the middle of its end, and a port that accepts connections and answers nothing looks well from
 * within. So the node asks itself now and then, over the same way that others take.
 *
 * <p>The worker's main thread only; the answers come on gRPC's.
 */
final class PortProbe implements BooleanSupplier {
  private static final long INTERVAL_NANOS = TimeUnit.SECONDS.toNanos(5);
  private static final long ANSWER_NANOS = TimeUnit.SECONDS.toNanos(5);

  /** Sends a question to this node. */
  @FunctionalInterface
  interface Question {
    CompletableFuture<?> ask(long timeoutNanos);
  }

  private final Question question;
  private final BootClock clock;
  private CompletableFuture<?> open;
  private long dueAt;
  private boolean answered = true;

  PortProbe(Question question, BootClock clock) {
    this.question = question;
    this.clock = clock;
  }

  /** True unless the last question got no answer. */
  @Override
  public boolean getAsBoolean() {
    if (open != null && open.isDone()) {
      answered = !open.isCompletedExceptionally();
      open = null;
      if (!answered) {
        dueAt = clock.nanos();
      }
    }
    final long now = clock.nanos();
    if (open == null && now >= dueAt) {
      dueAt = now + INTERVAL_NANOS;
      open = question.ask(ANSWER_NANOS);
    }
    return answered;
  }
}
