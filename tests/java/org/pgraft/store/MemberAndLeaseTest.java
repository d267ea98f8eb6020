package org.pgraft.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.pgraft.command.Batch;
import org.pgraft.command.BatchResult;
import org.pgraft.command.Failure;
import org.pgraft.command.Request;
import org.pgraft.command.Responses;
import org.pgraft.command.SqlState;

/** What the log says of the nodes and of the leadership lease. */
final class MemberAndLeaseTest extends StoreFixture {
  private static final UUID OWN = new UUID(1, 1);
  private static final UUID FOREIGN = new UUID(2, 2);
  private static final int NODE = 7;

  @BeforeEach
  void setTerm() {
    store.term = 4;
  }

  @Test
  void when_aNodeStarts_then_itIsEnteredAndSurvivesARestart() throws Exception {
    store.call(start(OWN, run(1)));
    final MemberRecord expected =
        new MemberRecord(NODE, OWN, run(1), "host", 7001, "name", 1, false, MemberRecord.NO_START);
    assertEquals(Optional.of(expected), store.store.member(NODE));

    reopen();
    assertEquals(List.of(expected), store.store.members());
  }

  @Test
  void when_aNodeStartsAgainWithItsDirectory_then_itsNewestRunCounts() throws Exception {
    store.call(start(OWN, run(1)));
    store.call(start(OWN, run(2)));

    assertEquals(run(2), store.store.member(NODE).orElseThrow().start());
  }

  @Test
  void when_aNodeStartsElsewhere_then_itKeepsTheAddressByWhichItIsKnown() throws Exception {
    final Request.NodeStart first = new Request.NodeStart(NODE, OWN, run(1), 0, "host", 7001, "name", 1);
    store.call(first.encode());
    store.call(
        new Request.NodeStart(NODE, OWN, run(2), run(1), "host", 7001, "name", 1)
            .at(InetSocketAddress.createUnresolved("elsewhere", 7009))
            .encode());

    final MemberRecord known = store.store.member(NODE).orElseThrow();
    assertEquals(List.of("host", 7001, run(2)), List.of(known.host(), known.port(), known.start()));
  }

  @Test
  void when_aNodeComesWithAnotherDirectory_then_itIsRefused() throws Exception {
    store.call(start(OWN, run(1)));
    final Failure refused = store.refused(start(FOREIGN, run(2)));

    assertEquals(SqlState.WRONG_STATE, refused.sqlState());
    assertTrue(refused.message().contains("node " + NODE), refused.message());
    assertEquals(OWN, store.store.member(NODE).orElseThrow().directory());
  }

  @Test
  void when_aNodeComesWithAnOldCopyOfItsDirectory_then_itIsRefused() throws Exception {
    store.call(start(OWN, run(5)));

    assertTrue(store.refused(start(OWN, run(5) + 1)).message().contains("old copy"), "the same count by another run");
    assertTrue(store.refused(start(OWN, run(4))).message().contains("old copy"));
    assertTrue(store.refused(start(OWN, run(6), run(5) + 1)).message().contains("old copy"), "after another run");
    assertEquals(run(5), store.store.member(NODE).orElseThrow().start());
    store.call(start(OWN, run(6), run(5)));
    store.call(start(OWN, run(9), run(8)));
    assertEquals(run(9), store.store.member(NODE).orElseThrow().start(), "runs that were not entered do no harm");
  }

  @Test
  void when_aNodeWasRemoved_then_itComesBackOnlyWithAnotherDirectory() throws Exception {
    store.call(start(OWN, run(5)));
    store.call(new Request.NodeRemoved(NODE, "h", 7001).encode());
    assertTrue(store.store.member(NODE).orElseThrow().removed());
    assertEquals(SqlState.WRONG_STATE, store.refused(start(OWN, run(6))).sqlState());

    store.call(start(FOREIGN, run(1)));
    final MemberRecord back = store.store.member(NODE).orElseThrow();
    assertEquals(FOREIGN, back.directory());
    assertEquals(run(5), back.retiredStart());
  }

  @Test
  void when_aNodeWasRemoved_then_whatItSentBeforeIsNotCarriedOutLater() throws Exception {
    store.call(start(OWN, run(5)));
    store.call(new Request.NodeRemoved(NODE, "h", 7001).encode());
    assertUnknown(store.offer(new Batch(NODE, run(5), 1, 0, List.of(Wire.put("k", "late")))));

    store.call(start(FOREIGN, run(1)));
    assertUnknown(store.offer(new Batch(NODE, run(5), 2, 0, List.of(Wire.put("k", "late")))));
    assertEquals(List.of(), store.all(0));
    final BatchResult fresh = store.offer(new Batch(NODE, run(1), 1, 0, List.of(Wire.put("k", "new"))));
    assertTrue(Responses.isOk(fresh.responses().get(0)), "the new directory counts from the start");
  }

  @Test
  void when_aNodeIsRemovedThatNeverStarted_then_itsAddressIsKeptAndItMayStartLater() throws Exception {
    store.call(new Request.NodeRemoved(NODE, "10.0.0.9", 7009).encode());
    final MemberRecord removed = store.store.member(NODE).orElseThrow();
    assertTrue(removed.removed());
    assertEquals("10.0.0.9", removed.host());
    assertEquals(7009, removed.port());

    store.call(start(OWN, run(1)));
    final MemberRecord back = store.store.member(NODE).orElseThrow();
    assertFalse(back.removed());
    assertEquals(OWN, back.directory());
    assertEquals("10.0.0.9", back.host(), "an id belongs to its address for good");
    assertEquals(MemberRecord.NO_START, back.retiredStart());
  }

  @Test
  void when_theLeaseIsAcquiredAndGivenBack_then_bothSurviveARestart() throws Exception {
    store.call(new Request.Acquire(NODE, 4, 900).encode());
    assertEquals(Optional.of(new LeaseRecord(NODE, 4, 900, false)), store.store.lease());
    reopen();
    assertEquals(Optional.of(new LeaseRecord(NODE, 4, 900, false)), store.store.lease());

    store.call(new Request.Release(NODE, 4).encode());
    reopen();
    assertEquals(Optional.of(new LeaseRecord(NODE, 4, 900, true)), store.store.lease());
  }

  @Test
  void when_theAcquisitionIsOfAnotherTermThanItsEntry_then_itIsTooLate() throws Exception {
    final Failure refused = store.refused(new Request.Acquire(NODE, 3, 900).encode());

    assertEquals(SqlState.WRONG_STATE, refused.sqlState());
    assertEquals(Optional.empty(), store.store.lease());
    assertEquals(SqlState.BAD_ARGUMENT, store.refused(new Request.Acquire(NODE, 4, 0).encode()).sqlState());
  }

  @Test
  void when_somebodyElseGivesItBack_then_theLeaseStays() throws Exception {
    assertEquals(SqlState.WRONG_STATE, store.refused(new Request.Release(NODE, 4).encode()).sqlState());
    store.call(new Request.Acquire(NODE, 4, 900).encode());

    assertEquals(SqlState.WRONG_STATE, store.refused(new Request.Release(NODE + 1, 4).encode()).sqlState());
    assertEquals(SqlState.WRONG_STATE, store.refused(new Request.Release(NODE, 3).encode()).sqlState());
    assertEquals(Optional.of(new LeaseRecord(NODE, 4, 900, false)), store.store.lease());
  }

  @Test
  void when_anEntryIsMadeForATerm_then_itIsAcceptedInThatTermOnly() throws Exception {
    assertEquals(0, store.call(Wire.logAppend(4, "mine")).i64());
    assertEquals(1, store.call(Wire.logAppend(Request.LogAppend.ANY_TERM, "anybody's")).i64());
    final Failure refused = store.refused(Wire.logAppend(3, "late"));

    assertEquals(SqlState.WRONG_STATE, refused.sqlState());
    assertTrue(refused.message().contains("term 3") && refused.message().contains("term 4"), refused.message());
    assertEquals(1, store.store.revision(), "it is in the log, not among the keys");
  }

  private static void assertUnknown(BatchResult result) throws Exception {
    assertEquals(SqlState.OUTCOME_UNKNOWN, Responses.failure(result.responses().get(0)).sqlState());
  }

  private static long run(long count) {
    return count << Request.NodeStart.RANDOM_BITS;
  }

  /** The start after the one before it. */
  private static ByteBuffer start(UUID directory, long run) {
    return start(directory, run, run - run(1));
  }

  private static ByteBuffer start(UUID directory, long run, long previous) {
    return new Request.NodeStart(NODE, directory, run, previous, "host", 7001, "name", 1).encode();
  }
}
