package org.pgraft.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lmdbjava.Cursor;
import org.lmdbjava.Txn;
import org.pgraft.command.Batch;
import org.pgraft.command.PgraftException;
import org.pgraft.command.Request;

/** Copies of a store: whether they are whole, and as the beginning of another cluster. */
final class DetachedStoreTest {
  @TempDir Path temporary;
  private TestStore store;
  private Path copy;
  private Batch batch;

  @BeforeEach
  void fill() throws Exception {
    store = TestStore.create(temporary.resolve("store"));
    copy = temporary.resolve("copy");
    store.offer(store.batch(new Request.SetQuota(1L << 40).encode()));
    store.offer(store.batch(new Request.Acquire(1, 1, 800).encode()));
    store.offer(
        store.batch(
            new Request.NodeStart(1, new java.util.UUID(1, 2), TestStore.RUN, 0, "host", 7001, "n1", 1).encode()));
    store.put("a", "1");
    store.put("a", "2");
    store.put("b", "1");
    store.delete("b", "");
    batch = store.batch(Wire.put("c", "1"));
    store.offer(batch);
    SnapshotWriter.write(store.store, copy);
  }

  @AfterEach
  void close() {
    store.close();
  }

  private void alter(BiConsumer<Tables, Txn<ByteBuffer>> change) {
    TestStore.alter(copy, change);
  }

  @Test
  void when_theCopyIsWhole_then_itsContentIsTold() throws Exception {
    assertEquals(
        new DetachedStore.Content(store.store.position(), store.store.revision(), 2), DetachedStore.check(copy));
  }

  @Test
  void when_aVersionInHistoryIsMissing_then_thatIsFound() {
    alter(
        (tables, txn) -> {
          try (Cursor<ByteBuffer> records = tables.revisions().openCursor(txn)) {
            records.first();
            records.delete();
          }
        });

    assertThrows(StoreFailedException.class, () -> DetachedStore.check(copy));
  }

  @Test
  void when_aKeyIsMissing_then_thatIsFound() {
    alter((tables, txn) -> tables.keys().delete(txn, Tables.direct(new byte[] {'a'})));

    final StoreFailedException found =
        assertThrows(StoreFailedException.class, () -> DetachedStore.check(copy));
    assertTrue(found.getMessage().contains("2 keys"), found.getMessage());
  }

  @Test
  void when_aClusterBeginsWithIt_then_keysStayAndRevisionsAreRaisedAndOldOnesCompacted() throws Exception {
    final List<TestStore.Row> rows = store.all(0);
    final long hash = store.hash();
    final long revision = store.store.revision();
    final LogPosition position = store.store.position();
    DetachedStore.beginCluster(copy);

    try (TestStore begun = new TestStore(DetachedStore.open(copy))) {
      assertEquals(rows, begun.all(0));
      assertEquals(hash, begun.hash());
      assertEquals(position, begun.store.position());
      assertEquals(revision + DetachedStore.REVISIONS_SKIPPED, begun.store.revision());
      assertEquals(
          "PGR02", assertThrows(PgraftException.class, () -> begun.all(revision)).failure().sqlState());
      assertEquals(
          "PGR02", assertThrows(PgraftException.class, () -> begun.all(revision + 1)).failure().sqlState());
      assertEquals(revision + DetachedStore.REVISIONS_SKIPPED + 1, begun.put("a", "3"));
    }
  }

  @Test
  void when_aClusterBeginsWithIt_then_nothingOfTheOldClusterIsLeft() throws Exception {
    DetachedStore.beginCluster(copy);

    try (TestStore begun = new TestStore(DetachedStore.open(copy))) {
      assertEquals(List.of(), begun.store.members());
      assertEquals(Optional.empty(), begun.store.lease());
      assertEquals(Counter.QUOTA.initial(), begun.store.quota());
      final long before = begun.store.revision();
      begun.offer(batch);
      assertEquals(before + 1, begun.store.revision(), "the old cluster's batches are not remembered");
    }
  }
}
