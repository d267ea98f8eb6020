package org.pgraft.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.pgraft.command.Failure;
import org.pgraft.command.PgraftException;
import org.pgraft.command.SqlState;
import org.pgraft.store.TestStore.Row;

/** History is dropped up to a revision; what exists stays. */
final class CompactionTest extends StoreFixture {
  @Test
  void when_historyIsCompacted_then_earlierRevisionsAreRefusedAndLaterOnesKept() throws Exception {
    for (int i = 0; i < 4; i++) {
      store.put("k", "v" + i);
    }
    assertEquals(4, store.call(Wire.compact(4)).i64());

    assertEquals(4, store.store.compactedRevision());
    for (long revision = 1; revision < 4; revision++) {
      final long compacted = revision;
      final PgraftException refused = assertThrows(PgraftException.class, () -> store.all(compacted));
      assertEquals(SqlState.REVISION_NOT_KEPT, refused.failure().sqlState());
      assertTrue(refused.failure().detail().contains("4"), "the oldest revision that is kept");
      assertThrows(PgraftException.class, () -> store.hash(compacted));
    }
    assertEquals(List.of(new Row("k", "v2", 2, 4, 3)), store.all(4));
    assertEquals(List.of(new Row("k", "v3", 2, 5, 4)), store.all(0));
  }

  @Test
  void when_thePresentIsCompacted_then_onlyWhatExistsIsKept() throws Exception {
    store.put("k", "a");
    store.put("k", "b");
    store.put("gone", "x");
    store.delete("gone", "");
    assertEquals(5, store.call(Wire.compact(0)).i64());

    assertEquals(List.of(new Row("k", "b", 2, 3, 2)), store.all(0));
    assertEquals(List.of(new Row("k", "b", 2, 3, 2)), store.all(5));
    assertEquals(Layout.charge(1, 1), store.store.storedBytes(), "one version of one key");
  }

  @Test
  void when_aRevisionWasCompactedOrIsNotThereYet_then_itCannotBeCompacted() throws Exception {
    store.put("k", "a");
    store.put("k", "b");
    store.call(Wire.compact(2));
    final long position = store.store.position().index();

    for (long revision : new long[] {1, 2, 4}) {
      final Failure refused = store.refused(Wire.compact(revision));
      assertEquals(SqlState.REVISION_NOT_KEPT, refused.sqlState(), "revision " + revision);
    }
    assertEquals(SqlState.BAD_ARGUMENT, store.refused(Wire.compact(-1)).sqlState());
    assertEquals(2, store.store.compactedRevision());
    assertEquals(position + 4, store.store.position().index(), "a refusal is an entry like any other");
  }

  @Test
  void when_aKeyOfBeforeIsChangedAfterwards_then_itsVersionsGoOn() throws Exception {
    store.put("k", "a");
    store.put("k", "b");
    store.call(Wire.compact(0));
    store.put("k", "c");
    store.delete("k", "");
    store.put("k", "d");

    assertEquals(List.of(new Row("k", "c", 2, 4, 3)), store.all(4));
    assertEquals(List.of(), store.all(5));
    assertEquals(List.of(new Row("k", "d", 6, 6, 1)), store.all(0));
  }

  @Test
  void when_aVersionIsReadableAtTheCompactedRevision_then_itIsKeptThoughLaterOnesExist() throws Exception {
    store.put("a", "1");
    store.put("b", "1");
    store.put("a", "2");
    store.delete("b", "");
    store.call(Wire.compact(3));
    store.put("c", "1");

    assertEquals(List.of(new Row("a", "1", 2, 2, 1), new Row("b", "1", 3, 3, 1)), store.all(3));
    assertEquals(List.of(new Row("a", "2", 2, 4, 2), new Row("b", "1", 3, 3, 1)), store.all(4));
    assertEquals(List.of(new Row("a", "2", 2, 4, 2)), store.all(5));
  }

  @Test
  void when_thereIsMoreHistoryThanOneEntryDrops_then_theEntriesAfterItDropTheRest() throws Exception {
    final int batch = 100;
    final int batches = 220;
    final ByteBuffer[] puts = new ByteBuffer[batch];
    Arrays.fill(puts, Wire.put("k", "v"));
    for (int i = 0; i < batches; i++) {
      store.offer(store.batch(puts));
    }
    store.call(Wire.compact(0));
    assertTrue(store.store.storedBytes() > Layout.charge(1, 1), "one entry took all the time it wanted");

    for (int i = 0; i < 20; i++) {
      store.call(Wire.logAppend(0, "tick"));
    }
    assertEquals(Layout.charge(1, 1), store.store.storedBytes());
    assertEquals(List.of(new Row("k", "v", 2, 1 + batch * batches, batch * batches)), store.all(0));
  }
}
