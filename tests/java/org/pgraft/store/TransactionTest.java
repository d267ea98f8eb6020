package org.pgraft.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.pgraft.command.SqlState;
import org.pgraft.command.TxnOp;
import org.pgraft.command.WireReader;
import org.pgraft.store.TestStore.Page;
import org.pgraft.store.TestStore.Row;

/** Compare, then one branch or the other, at one revision. */
final class TransactionTest extends StoreFixture {
  private static final int VERSION = 0;
  private static final int CREATE_REVISION = 1;
  private static final int MOD_REVISION = 2;

  @BeforeEach
  void fill() throws Exception {
    store.put("k", "b");
    store.put("other", "x");
    store.put("k", "m");
  }

  @Test
  void when_allComparisonsHold_then_theFirstBranchIsCarriedOut() throws Exception {
    final Wire.Txn txn =
        new Wire.Txn().whenValue(Wire.EQUAL, "k", "m").when(MOD_REVISION, Wire.EQUAL, "k", 4)
            .put("k", "yes").otherwise().put("k", "no");
    final WireReader answer = store.call(txn.done());

    assertEquals(1, answer.u8());
    assertEquals(5, answer.i64());
    assertEquals(List.of(new Row("k", "yes", 2, 5, 3)), store.range("k", "").rows());
  }

  @Test
  void when_oneComparisonFails_then_theOtherBranchIsCarriedOut() throws Exception {
    final Wire.Txn txn =
        new Wire.Txn().whenValue(Wire.EQUAL, "k", "m").when(MOD_REVISION, Wire.EQUAL, "k", 3)
            .put("k", "yes").otherwise().put("k", "no");
    final WireReader answer = store.call(txn.done());

    assertEquals(0, answer.u8());
    assertEquals(5, answer.i64());
    assertEquals("no", store.range("k", "").rows().get(0).value());
  }

  @Test
  void when_theBranchIsEmpty_then_nothingChanges() throws Exception {
    final WireReader answer = store.call(new Wire.Txn().whenValue(Wire.EQUAL, "k", "z").put("k", "yes").done());

    assertEquals(0, answer.u8());
    assertEquals(4, answer.i64());
    assertEquals(0, answer.u16());
    assertEquals(4, store.store.revision());
  }

  @ParameterizedTest
  @CsvSource({
    "k, 0, m, true", "k, 0, b, false", "k, 1, l, true", "k, 1, m, false", "k, 2, n, true", "k, 2, m, false",
    "k, 3, b, true", "k, 3, m, false", "k, 1, ma, false", "k, 2, ma, true",
    "absent, 0, '', false", "absent, 3, m, false", "absent, 2, m, false"
  })
  void when_aValueIsCompared_then_theOrderIsThatOfTheOctetsAndAnAbsentKeyHasNone(
      String key, int relation, String value, boolean holds) throws Exception {
    assertEquals(holds, holds(new Wire.Txn().whenValue(relation, key, value)));
  }

  @ParameterizedTest
  @CsvSource({
    "0, k, 2", "1, k, 2", "2, k, 4", "4, k, 0", "0, absent, 0", "1, absent, 0", "2, absent, 0", "4, absent, 0"
  })
  void when_aNumberIsCompared_then_itIsThatOfTheKeyAndZeroOfAnAbsentOne(int target, String key, long number)
      throws Exception {
    assertTrue(holds(new Wire.Txn().when(target, Wire.EQUAL, key, number)));
    assertFalse(holds(new Wire.Txn().when(target, Wire.EQUAL, key, number + 1)));
    assertTrue(holds(new Wire.Txn().when(target, Wire.LESS, key, number + 1)));
    assertFalse(holds(new Wire.Txn().when(target, Wire.LESS, key, number)));
    assertTrue(holds(new Wire.Txn().when(target, Wire.GREATER, key, number - 1)));
    assertFalse(holds(new Wire.Txn().when(target, Wire.GREATER, key, number)));
    assertTrue(holds(new Wire.Txn().when(target, Wire.NOT_EQUAL, key, number + 1)));
    assertFalse(holds(new Wire.Txn().when(target, Wire.NOT_EQUAL, key, number)));
  }

  @Test
  void when_aKeyIsCreatedOnlyIfItIsAbsent_then_theSecondAttemptFails() throws Exception {
    final Wire.Txn create = new Wire.Txn().when(CREATE_REVISION, Wire.EQUAL, "lock", 0).put("lock", "mine");

    assertEquals(1, store.call(create.done()).u8());
    final Wire.Txn again = new Wire.Txn().when(CREATE_REVISION, Wire.EQUAL, "lock", 0).put("lock", "yours");
    assertEquals(0, store.call(again.done()).u8());
    assertEquals("mine", store.range("lock", "").rows().get(0).value());
  }

  @Test
  void when_severalKeysChange_then_allHaveOneRevision() throws Exception {
    store.call(new Wire.Txn().put("a", "1").put("b", "1").delete("k", "").done());

    assertEquals(
        List.of(new Row("a", "1", 5, 5, 1), new Row("b", "1", 5, 5, 1), new Row("other", "x", 3, 3, 1)),
        store.all(0));
    assertEquals(5, store.store.revision());
  }

  @Test
  void when_aRangeFollowsAChange_then_itSeesIt() throws Exception {
    final WireReader answer =
        store.call(new Wire.Txn().range("", Wire.ALL).put("new", "v").delete("k", "").range("", Wire.ALL).done());

    assertEquals(1, answer.u8());
    final long revision = answer.i64();
    assertEquals(5, revision);
    assertEquals(4, answer.u16());
    assertEquals(TxnOp.RANGE, answer.u8());
    assertEquals(List.of("k", "other"), TestStore.page(answer, revision).keys());
    assertEquals(TxnOp.PUT, answer.u8());
    assertEquals(TxnOp.DELETE, answer.u8());
    assertEquals(1, answer.i64());
    assertEquals(TxnOp.RANGE, answer.u8());
    final Page after = TestStore.page(answer, revision);
    assertEquals(List.of(new Row("new", "v", 5, 5, 1), new Row("other", "x", 3, 3, 1)), after.rows());
    answer.end();
  }

  @Test
  void when_comparisonsAreMade_then_theySeeTheStateBeforeTheTransaction() throws Exception {
    final Wire.Txn txn =
        new Wire.Txn().when(VERSION, Wire.EQUAL, "fresh", 0).put("fresh", "1").otherwise().put("fresh", "2");
    store.call(txn.done());

    assertEquals("1", store.range("fresh", "").rows().get(0).value());
  }

  @Test
  void when_aTransactionOnlyReads_then_itTakesNoRevision() throws Exception {
    final WireReader answer = store.call(new Wire.Txn().range("k", "").done());

    answer.u8();
    assertEquals(4, answer.i64());
    assertEquals(4, store.store.revision());
  }

  @Test
  void when_aKeyIsChangedTwice_then_nothingIsDone() throws Exception {
    final long before = store.hash();

    assertEquals(SqlState.BAD_ARGUMENT, store.refused(new Wire.Txn().put("a", "1").put("a", "2").done()).sqlState());
    assertEquals(
        SqlState.BAD_ARGUMENT, store.refused(new Wire.Txn().put("a", "1").delete("", Wire.ALL).done()).sqlState());
    assertEquals(before, store.hash());
  }

  @Test
  void when_theResultCouldBeTooLong_then_itIsRefusedBeforeTheFirstChange() throws Exception {
    store.put("big1", "x".repeat(1 << 20));
    store.put("big2", "x".repeat(1 << 20));
    final long before = store.hash();

    final Wire.Txn txn = new Wire.Txn().put("a", "1").range("big", "bih");
    assertEquals(SqlState.LIMIT_EXCEEDED, store.refused(txn.done()).sqlState());
    assertEquals(before, store.hash());
    assertEquals(6, store.store.revision());
  }

  private boolean holds(Wire.Txn txn) throws Exception {
    return store.call(txn.done()).u8() == 1;
  }
}
