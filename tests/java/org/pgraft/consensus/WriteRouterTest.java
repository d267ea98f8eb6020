package org.pgraft.consensus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.pgraft.command.Batch;
import org.pgraft.command.BatchResult;
import org.pgraft.command.PgraftException;
import org.pgraft.command.Responses;
import org.pgraft.command.SqlState;
import org.pgraft.metrics.Latencies;

/** What a session is told of its write, whatever becomes of the attempts to have it appended. */
class WriteRouterTest {
  private static final long MS = TimeUnit.MILLISECONDS.toNanos(1);

  private final ManualScheduler thread = new ManualScheduler();
  private final AppliedIndex applied = new AppliedIndex();
  private final Outcomes outcomes = new Outcomes();
  private final List<Batch> offered = new ArrayList<>();
  private final List<CompletableFuture<Submission>> attempts = new ArrayList<>();
  private long now = 1000 * MS;

  private final WriteRouter router =
      new WriteRouter(
          1,
          5,
          (batch, timeout) -> {
            offered.add(batch);
            final CompletableFuture<Submission> attempt = new CompletableFuture<>();
            attempts.add(attempt);
            return attempt;
          },
          applied,
          () -> now,
          () -> 0,
          thread,
          outcomes,
          new Latencies());

  @Test
  void when_writesWaitTogether_then_oneBatchCarriesThem() {
    submit(100);
    pass(0);
    submit(100);
    submit(100);
    submit(100);
    pass(0);
    assertEquals(1, offered.size(), "one batch is in flight");

    done(0, 10, 1);
    pass(0);
    assertEquals(2, offered.size());
    assertEquals(3, offered.get(1).requests().size(), "what waited together travels together");
  }

  @Test
  void when_aBatchHasLanded_then_theNextOneWaitsAMomentForThoseWhomItAnswered() {
    landBatchOfFour();
    submit(5000);
    pass(0);
    assertEquals(1, offered.size(), "three more are expected");
    submit(5000);
    submit(5000);
    submit(5000);
    pass(0);
    assertEquals(2, offered.size(), "the last of them is there");
    assertEquals(4, offered.get(1).requests().size());
  }

  @Test
  void when_nobodyComesBack_then_theNextBatchGoesAllTheSame() {
    landBatchOfFour();
    submit(5000);
    pass(0);
    assertEquals(1, offered.size());
    pass(2);
    assertEquals(2, offered.size(), "a quarter of the last batch's time is over");
  }

  @Test
  void when_somebodyCannotWait_then_theNextBatchGoesAtOnce() {
    landBatchOfFour();
    submit(50);
    pass(0);
    assertEquals(2, offered.size());
  }

  /** One that was in flight for 8 ms. */
  private void landBatchOfFour() {
    for (int i = 0; i < 4; i++) {
      submit(5000);
    }
    pass(0);
    pass(8);
    done(0, 10, 4);
    pass(0);
    assertEquals(1, offered.size());
  }

  @Test
  void when_theHolderHasAppliedIt_then_theAnswerWaitsUntilThisNodeHasToo() {
    final CompletableFuture<ByteBuffer> response = submit(5000);
    pass(0);
    done(0, 10, 1);
    pass(0);
    assertFalse(response.isDone(), "answered before it was applied here");

    applied.advanceTo(10);
    assertTrue(Responses.isOk(response.join()));
    assertEquals(1, outcomes.okCount());
  }

  @Test
  void when_thisNodeLagsBehind_then_eachSessionIsAnsweredAtItsOwnDeadline() {
    submit(9000);
    pass(0);
    final CompletableFuture<ByteBuffer> impatient = submit(1000);
    final CompletableFuture<ByteBuffer> patient = submit(5000);
    done(0, 10, 1);
    pass(0);
    done(1, 11, 2);
    pass(0);
    pass(999);
    assertFalse(impatient.isDone(), "this node may still catch up");

    pass(1);
    assertTrue(Responses.isOk(impatient.join()), "committed, and applied by the holder");
    assertFalse(patient.isDone());
    applied.advanceTo(11);
    assertTrue(Responses.isOk(patient.join()));
    assertEquals(3, outcomes.okCount());
    pass(9000);
    assertEquals(0, outcomes.unknownCount());
  }

  @Test
  void when_thisNodeDoesNotCatchUp_then_itForgetsTheBatchesWhoseSessionsAreGone() {
    for (int i = 0; i < 1000; i++) {
      final CompletableFuture<ByteBuffer> response = submit(1000);
      pass(0);
      done(i, 10 + i, 1);
      pass(1000);
      assertTrue(response.isDone());
    }
    assertTrue(applied.waiting() < 100, () -> applied.waiting() + " are remembered");
  }

  @Test
  void when_theHolderAnswersAnotherNumberOfRequests_then_theOutcomeIsUnknownAtOnce() throws Exception {
    final CompletableFuture<ByteBuffer> response = submit(5000);
    pass(0);
    done(0, 10, 2);

    assertEquals(SqlState.OUTCOME_UNKNOWN, Responses.failure(response.join()).sqlState());
    pass(0);
    submit(5000);
    pass(0);
    assertEquals(2, offered.size(), "the next batch does not wait for it");
  }

  @Test
  void when_noHolderIsFound_then_theWriteWaitsAndIsThenNotAccepted() throws Exception {
    final CompletableFuture<ByteBuffer> response = submit(1000);
    pass(0);
    for (int i = 0; i < 200 && !response.isDone(); i++) {
      attempts.get(attempts.size() - 1).complete(Submission.NOT_APPENDED);
      pass(20);
    }

    assertEquals(SqlState.NOT_ACCEPTED, Responses.failure(response.join()).sqlState());
    assertTrue(now >= 2000 * MS, "gave up before the deadline");
  }

  @Test
  void when_oneOfABatchWasNotAccepted_then_theBatchIsOfferedAgainWithoutIt() throws Exception {
    submit(9000);
    pass(0);
    final CompletableFuture<ByteBuffer> impatient = submit(1000);
    final CompletableFuture<ByteBuffer> patient = submit(5000);
    pass(0);
    done(0, 10, 1);
    applied.advanceTo(10);
    pass(0);
    assertEquals(2, offered.get(1).requests().size(), "both in one batch");
    while (!impatient.isDone()) {
      refuse();
    }
    assertEquals(SqlState.NOT_ACCEPTED, Responses.failure(impatient.join()).sqlState());

    refuse();
    final Batch last = offered.get(offered.size() - 1);
    assertEquals(1, last.requests().size(), "it would be carried out although it was told that it was not");
    assertEquals(offered.get(1).seq(), last.seq());
    done(attempts.size() - 1, 11, 1);
    applied.advanceTo(11);
    assertTrue(Responses.isOk(patient.join()));
  }

  @Test
  void when_everyAttemptIsRefusedAfterAMoment_then_theDeadlineDoesNotFallIntoAnAttempt() throws Exception {
    final CompletableFuture<ByteBuffer> response = submit(1000);
    pass(0);
    for (int i = 0; i < 400 && !response.isDone(); i++) {
      // The deadline falls into an attempt unless the router sees to it.
      pass(18);
      attempts.get(attempts.size() - 1).complete(Submission.NOT_APPENDED);
      pass(0);
      for (int offers = offered.size(); offers == offered.size() && !response.isDone(); ) {
        pass(1);
      }
    }

    assertEquals(SqlState.NOT_ACCEPTED, Responses.failure(response.join()).sqlState());
    assertEquals(2000 * MS, now, "told at the deadline");
    assertTrue(offered.size() > 20, "offered again until then");
  }

  @Test
  void when_anAttemptMayHaveReachedALog_then_itIsNeverReportedAsNotAccepted() throws Exception {
    final CompletableFuture<ByteBuffer> response = submit(1000);
    pass(0);
    attempts.get(0).complete(Submission.UNKNOWN);
    pass(20);
    for (int i = 0; i < 200 && !response.isDone(); i++) {
      attempts.get(attempts.size() - 1).complete(Submission.NOT_APPENDED);
      pass(20);
    }

    assertEquals(SqlState.OUTCOME_UNKNOWN, Responses.failure(response.join()).sqlState());
    assertEquals(1, outcomes.unknownCount());
  }

  @Test
  void when_theDeadlinePassesDuringAnAttempt_then_theOutcomeIsUnknown() throws Exception {
    final CompletableFuture<ByteBuffer> response = submit(1000);
    pass(0);
    pass(1100);

    assertEquals(SqlState.OUTCOME_UNKNOWN, Responses.failure(response.join()).sqlState());
  }

  @Test
  void when_aBatchIsOfferedAgain_then_itKeepsItsIdentity() {
    submit(5000);
    pass(0);
    attempts.get(0).complete(Submission.UNKNOWN);
    pass(0);
    pass(25);

    assertEquals(2, offered.size());
    assertEquals(offered.get(0).seq(), offered.get(1).seq());
    assertEquals(offered.get(0).start(), offered.get(1).start());
  }

  @Test
  void when_theBatchesInFlightAreStuck_then_anEntryOfTheEnginesOwnStillGetsThrough() {
    submit(5000);
    pass(0);
    submit(5000);
    pass(0);
    final List<Batch> own = new ArrayList<>();
    router.submitOwn(
        write(5000),
        (batch, timeout) -> {
          own.add(batch);
          return new CompletableFuture<>();
        });
    pass(0);

    assertEquals(1, own.size());
  }

  @Test
  void when_theRouterIsClosed_then_whatWaitsIsNotAccepted() throws PgraftException {
    router.close();
    pass(0);
    final CompletableFuture<ByteBuffer> response = submit(1000);
    pass(0);

    assertEquals(SqlState.NOT_ACCEPTED, Responses.failure(response.join()).sqlState());
  }

  private PendingWrite write(long timeoutMillis) {
    return new PendingWrite(
        ByteBuffer.wrap(new byte[] {1, 2, 3}), false, now + timeoutMillis * MS, new CompletableFuture<>());
  }

  private CompletableFuture<ByteBuffer> submit(long timeoutMillis) {
    final PendingWrite write = write(timeoutMillis);
    router.submit(write);
    return write.response();
  }

  private void done(int attempt, long index, int requests) {
    final List<ByteBuffer> responses = new ArrayList<>();
    for (int i = 0; i < requests; i++) {
      responses.add(Responses.ok(ByteBuffer.allocate(8)));
    }
    attempts.get(attempt).complete(Submission.done(new BatchResult(index, 1, responses)));
  }

  private void refuse() {
    attempts.get(attempts.size() - 1).complete(Submission.NOT_APPENDED);
    pass(0);
    pass(20);
  }

  private void pass(long millis) {
    now += millis * MS;
    thread.runDue(now);
  }
}
