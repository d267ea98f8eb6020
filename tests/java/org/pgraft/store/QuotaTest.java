package org.pgraft.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgraft.command.Failure;
import org.pgraft.command.SqlState;
import org.pgraft.store.TestStore.Row;

/** What the quota has no room for is refused, on every member alike. */
final class QuotaTest {
  private static final String VALUE = "v".repeat(1000);

  /** What a key of two characters with that value counts. */
  private static final long EACH = Layout.charge(2, 1000);

  @TempDir Path directory;
  private TestStore store;
  private TestStore other;

  @BeforeEach
  void create() throws Exception {
    store = TestStore.create(directory.resolve("1"));
    other = TestStore.create(directory.resolve("2"));
  }

  @AfterEach
  void close() {
    store.close();
    other.close();
  }

  @Test
  void when_theQuotaIsReached_then_theNextPutIsRefusedAndNothingIsChanged() throws Exception {
    fill(store, 3);
    final long hash = store.hash();
    final StoreStats before = store.store.stats();
    final Failure refused = store.refused(Wire.put("k4", VALUE));

    assertEquals(SqlState.STORE_FULL, refused.sqlState());
    assertFalse(refused.hint().isEmpty());
    assertEquals(hash, store.hash());
    assertEquals(before.revision(), store.store.revision());
    assertEquals(before.storedBytes(), store.store.storedBytes());
    assertEquals(before.keys(), store.store.keyCount());
    assertEquals(before.puts(), store.store.stats().puts());
    assertEquals(before.position().index() + 1, store.store.position().index());
  }

  @Test
  void when_twoMembersApplyTheSameLog_then_bothRefuseTheSame() throws Exception {
    for (TestStore each : List.of(store, other)) {
      each.call(Wire.quota(5 * EACH));
      for (int i = 0; i < 40; i++) {
        each.offer(each.batch(Wire.put("k" + i % 7, VALUE), Wire.put("x" + i, "y".repeat(i * 13))));
      }
    }

    assertEquals(store.hash(), other.hash());
    assertEquals(store.store.stats(), other.store.stats());
    assertTrue(store.store.stats().puts() < 80, "nothing was refused");
  }

  @Test
  void when_aTransactionDoesNotFit_then_noneOfItIsDone() throws Exception {
    fill(store, 2);
    final long hash = store.hash();

    final Failure refused = store.refused(new Wire.Txn().delete("k1", "").put("k8", VALUE).put("k9", VALUE).done());
    assertEquals(SqlState.STORE_FULL, refused.sqlState());
    assertEquals(hash, store.hash());
  }

  @Test
  void when_historyTakesTheRoom_then_theOldestIsDroppedForWhatIsNew() throws Exception {
    fill(store, 3);
    store.call(Wire.quota(4 * EACH));
    store.put("k1", VALUE);
    store.put("k1", VALUE);

    assertEquals(List.of(new Row("k1", VALUE, 2, 6, 3)), store.range("k1", "").rows());
    assertEquals(3, store.store.keyCount());
    assertTrue(store.store.compactedRevision() > 0, "the history that was dropped can still be asked for");
    assertTrue(store.store.storedBytes() <= store.store.quota());
  }

  @Test
  void when_theStoreIsFull_then_keysCanStillBeDeletedAndMakeRoom() throws Exception {
    fill(store, 3);
    assertEquals(SqlState.STORE_FULL, store.refused(Wire.put("k4", VALUE)).sqlState());
    assertEquals(2, store.delete("k1", "k3"));

    assertEquals(6, store.put("k4", VALUE));
    assertEquals(List.of("k3", "k4"), store.range("", Wire.ALL).keys());
  }

  @Test
  void when_theQuotaIsRaised_then_thereIsRoomAgain() throws Exception {
    fill(store, 3);
    store.call(Wire.quota(4 * EACH));

    assertEquals(5, store.put("k4", VALUE));
    assertEquals(4 * EACH, store.store.quota());
  }

  @Test
  void when_aPutIsRefused_then_theHistoryCanStillBeRead() throws Exception {
    store.call(Wire.quota(3 * EACH));
    store.put("k1", VALUE);
    store.put("k1", "changed");
    final List<Row> past = store.all(2);
    assertEquals(SqlState.STORE_FULL, store.refused(Wire.put("k2", "x".repeat(100_000))).sqlState());

    assertEquals(0, store.store.compactedRevision(), "the answer says that nothing was changed");
    assertEquals(past, store.all(2));
  }

  @Test
  void when_theQuotaMakesNoSense_then_itIsRefused() throws Exception {
    assertEquals(SqlState.BAD_ARGUMENT, store.refused(Wire.quota(0)).sqlState());
    assertEquals(SqlState.BAD_ARGUMENT, store.refused(Wire.quota(-1)).sqlState());
    assertEquals(2L << 30, store.store.quota());
  }

  /** Sets the quota to what a number of keys needs, and stores them. */
  private static void fill(TestStore store, int keys) throws Exception {
    store.call(Wire.quota(keys * EACH));
    for (int i = 1; i <= keys; i++) {
      store.put("k" + i, VALUE);
    }
    assertEquals(store.store.quota(), store.store.storedBytes());
  }
}
