package org.pgraft.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.pgraft.command.Batch;
import org.pgraft.command.BatchResult;
import org.pgraft.command.PgraftException;
import org.pgraft.command.Responses;
import org.pgraft.command.SqlState;

/** Batches that come twice, entries that come twice, and logs that do not fit. */
final class RepetitionTest extends StoreFixture {
  /** Not the one whose batches {@link TestStore} numbers. */
  private static final int NODE = 5;

  @Test
  void when_aBatchIsOfferedAgain_then_itHasItsFirstResultAndChangesNothing() throws Exception {
    final Batch batch = batch(10, 1, Wire.put("k", "a"), Wire.delete("x", ""), Wire.compact(99));
    final BatchResult first = store.offer(batch);
    store.put("k", "b");
    final long hash = store.hash();
    store.term = 2;
    final BatchResult second = store.offer(batch);

    assertEquals(first, second, "index, term and every response");
    assertEquals(0, second.index());
    assertEquals(1, second.term());
    assertEquals(SqlState.REVISION_NOT_KEPT, Responses.failure(second.responses().get(2)).sqlState());
    assertEquals(hash, store.hash());
    assertEquals(3, store.store.revision());
    assertEquals(new LogPosition(2, 2), store.store.position(), "the entry itself is applied");
  }

  @Test
  void when_theStoreWasReopenedMeanwhile_then_theFirstResultIsStillKnown() throws Exception {
    final Batch batch = batch(10, 1, Wire.put("k", "a"));
    final BatchResult first = store.offer(batch);
    reopen();

    assertEquals(first, store.offer(batch));
    assertEquals(2, store.store.revision());
  }

  @Test
  void when_anotherNodeRunOrNumberSendsTheSame_then_itIsCarriedOut() throws Exception {
    store.offer(batch(10, 1, Wire.put("k", "a")));
    store.offer(batch(10, 2, Wire.put("k", "a")));
    store.offer(new Batch(NODE + 1, 10, 1, 0, List.of(Wire.put("k", "a"))));
    store.offer(batch(11, 1, Wire.put("k", "a")));

    assertEquals(5, store.store.revision());
  }

  @Test
  void when_batchesOfOneRunComeOutOfOrder_then_eachIsCarriedOutOnce() throws Exception {
    for (long seq : new long[] {3, 1, 2, 1, 3, 2}) {
      store.offer(batch(10, seq, Wire.put("k", "v" + seq)));
    }

    assertEquals(4, store.store.revision());
    assertEquals("v2", store.range("k", "").rows().get(0).value());
  }

  @Test
  void when_theResultIsKeptNoMore_then_theOutcomeIsUnknownAndNothingChanges() throws Exception {
    for (int seq = 1; seq <= Dedupe.KEPT + 1; seq++) {
      store.offer(batch(10, seq, Wire.put("k", "v" + seq)));
    }
    final long hash = store.hash();
    final BatchResult tooOld = store.offer(batch(10, 1, Wire.put("k", "v1"), Wire.put("k2", "v1")));

    assertEquals(2, tooOld.responses().size(), "each request has an answer");
    assertEquals(SqlState.OUTCOME_UNKNOWN, Responses.failure(tooOld.responses().get(0)).sqlState());
    assertEquals(SqlState.OUTCOME_UNKNOWN, Responses.failure(tooOld.responses().get(1)).sqlState());
    assertEquals(hash, store.hash());
    final BatchResult oldestKept = store.offer(batch(10, 2, Wire.put("k", "v2")));
    assertEquals(1, oldestKept.index());
    assertEquals(hash, store.hash());
  }

  @Test
  void when_anEarlierRunOfTheNodeIsHeard_then_theOutcomeIsUnknown() throws Exception {
    store.offer(batch(10, 1, Wire.put("k", "old")));
    store.offer(batch(11, 1, Wire.put("k", "new")));
    final BatchResult late = store.offer(batch(10, 1, Wire.put("k", "old")));

    assertEquals(SqlState.OUTCOME_UNKNOWN, Responses.failure(late.responses().get(0)).sqlState());
    assertEquals("new", store.range("k", "").rows().get(0).value());
  }

  @Test
  void when_anEntryIsAppliedTwice_then_theSecondTimeIsSkipped() throws Exception {
    final ByteBuffer entry = batch(10, 1, Wire.put("k", "a")).encode();
    assertTrue(store.store.apply(1, 0, entry).isPresent());
    final ByteBuffer other = batch(10, 2, Wire.put("k", "b")).encode();

    assertEquals(Optional.empty(), store.store.apply(1, 0, other));
    assertEquals("a", store.range("k", "").rows().get(0).value());
    assertEquals(new LogPosition(1, 0), store.store.position());
  }

  @Test
  void when_anEntryChangesNothing_then_thePositionMovesPastIt() throws Exception {
    store.store.advance(1, 0);
    store.store.advance(1, 0);
    store.store.advance(2, 1);

    assertEquals(new LogPosition(2, 1), store.store.position());
    assertEquals(1, store.store.revision());
  }

  @Test
  void when_theLogHasAGap_then_theStoreGivesNoFurtherResults() throws Exception {
    store.put("k", "a");
    final ByteBuffer entry = batch(10, 9, Wire.put("k", "b")).encode();

    assertThrows(StoreFailedException.class, () -> store.store.apply(1, 2, entry));
    assertTrue(store.store.failure().isPresent());
    assertThrows(StoreFailedException.class, () -> store.store.apply(1, 1, entry), "what it holds may be wrong");
    assertEquals(new LogPosition(1, 0), store.store.position());
  }

  @Test
  void when_theTermGoesBack_then_theStoreGivesNoFurtherResults() throws Exception {
    store.term = 5;
    store.put("k", "a");

    assertThrows(StoreFailedException.class, () -> store.store.advance(4, 1));
    assertTrue(store.store.failure().isPresent());
  }

  @Test
  void when_anEntryMakesNoSense_then_thatIsItsResultAndTheLogGoesOn() throws Exception {
    final ByteBuffer garbage = ByteBuffer.wrap(new byte[] {9, 9, 9});
    final BatchResult result = store.store.apply(1, 0, garbage).orElseThrow();

    assertEquals(SqlState.PROTOCOL_VIOLATION, Responses.failure(result.responses().get(0)).sqlState());
    assertEquals(2, store.put("k", "a"));
  }

  @Test
  void when_oneRequestOfABatchIsRefused_then_theOthersAreCarriedOut() throws Exception {
    final ByteBuffer garbage = ByteBuffer.wrap(new byte[] {1, 1, 1});
    final BatchResult result = store.offer(batch(10, 1, Wire.put("a", "1"), garbage, Wire.put("b", "1")));

    assertTrue(Responses.isOk(result.responses().get(0)));
    assertFalse(Responses.isOk(result.responses().get(1)));
    assertTrue(Responses.isOk(result.responses().get(2)));
    assertEquals(List.of("a", "b"), store.range("", Wire.ALL).keys());
  }

  @Test
  void when_theStoreIsClosed_then_nothingIsAppliedAndReadsMayBeTriedAgain() throws Exception {
    store.put("k", "a");
    store.close();

    assertThrows(StoreClosedException.class, () -> store.put("k", "b"));
    final PgraftException refused =
        assertThrows(PgraftException.class, () -> store.range("k", ""));
    assertEquals(SqlState.NOT_ACCEPTED, refused.failure().sqlState());
  }

  private static Batch batch(long run, long seq, ByteBuffer... requests) {
    return new Batch(NODE, run, seq, 1_700_000_000_000L, List.of(requests));
  }
}
