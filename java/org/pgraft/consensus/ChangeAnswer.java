package org.pgraft.consensus;

import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.apache.ratis.protocol.exceptions.NotLeaderException;
import org.apache.ratis.protocol.exceptions.ReconfigurationInProgressException;
import org.apache.ratis.protocol.exceptions.SetConfigurationException;
import org.apache.ratis.util.JavaUtils;
import org.pgraft.command.Failure;
import org.pgraft.command.Responses;
import org.pgraft.consensus.PeerMessage.Answer;
import org.pgraft.consensus.PeerMessage.Verdict;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the lease holder answers to who wants the members or the leader changed. After {@link #again} the sender asks once
 * more, whoever leads then; after {@link #begun} too, if its request may be repeated, and it knows that something may have
 * been changed. All else is final.
 *
 * <p>Stateless.
 */
final class ChangeAnswer {
  private static final Logger LOG = LoggerFactory.getLogger(ChangeAnswer.class);

  /** A request is answered so long before its sender gives up. */
  private static final long ANSWER_NANOS = TimeUnit.SECONDS.toNanos(1);

  private static final ByteBuffer DONE = ByteBuffer.wrap(new byte[] {1}).asReadOnlyBuffer();

  private ChangeAnswer() {}

  /** How long to wait for something at the most, so that a sender that waits so long has its answer in time. */
  static long patience(long timeoutNanos) {
    return Math.max(0, timeoutNanos - Math.min(ANSWER_NANOS, timeoutNanos / 4));
  }

  /** It is as it was wanted. */
  static Answer done() {
    return new Answer(Verdict.ANSWERED, Responses.ok(DONE.duplicate()));
  }

  /** Something was changed on the way; the sender asks again, and knows that. */
  static Answer begun() {
    return Answer.of(Verdict.UNKNOWN);
  }

  /** Nothing was changed, and nothing can be said now; the sender asks again. */
  static Answer again() {
    return Answer.of(Verdict.NOT_HOLDER);
  }

  /** It will not be done, for a reason that a session reads. */
  static Answer failed(Failure failure) {
    return new Answer(Verdict.ANSWERED, Responses.error(failure));
  }

  /** What Raft's change of the configuration came to; {@code failure} is null when it was committed. */
  static Answer ofConfiguration(Throwable failure) {
    if (failure == null) {
      return done();
    }
    final Throwable cause = JavaUtils.unwrapCompletionException(failure);
    LOG.warn("the membership was not changed: {}", cause.toString());
    if (cause instanceof ReconfigurationInProgressException || cause instanceof SetConfigurationException) {
      // Another change is being carried out, or was since the voters were read; the sender tries again.
      return again();
    }
    if (cause instanceof TimeoutException || cause instanceof NotLeaderException) {
      return begun();
    }
    return Answer.refused("the membership could not be changed: " + cause.getMessage());
  }

  /** What follows once a step is done; anything else is the answer. */
  static CompletableFuture<Answer> whenDone(
      CompletableFuture<Answer> step, Supplier<CompletableFuture<Answer>> next) {
    return step.thenCompose(
        answer ->
            answer.verdict() == Verdict.ANSWERED && Responses.isOk(answer.body())
                ? next.get()
                : CompletableFuture.completedFuture(answer));
  }
}
