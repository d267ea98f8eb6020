package org.pgraft.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgraft.command.PgraftException;
import org.pgraft.command.SqlState;
import org.pgraft.store.StoreMark.Condition;

/** Which store can be trusted after a restart, and what happens to one that cannot. */
final class StoreDirectoryTest {
  @TempDir Path temporary;
  private Path root;
  private StoreDirectory directory;
  private TestStore store;

  @BeforeEach
  void makeRoot() throws IOException {
    root = Files.createDirectory(temporary.resolve("store"));
  }

  @AfterEach
  void close() {
    if (store != null) {
      store.close();
    }
  }

  @Test
  void when_thereIsNothing_then_anEmptyStoreIsMade() throws Exception {
    open();

    assertEquals(1, store.store.generation());
    assertEquals(LogPosition.NONE, store.store.position());
    assertEquals(Condition.OPEN, mark().condition());
  }

  @Test
  void when_theStoreWasClosedCleanly_then_itIsResumed() throws Exception {
    open();
    store.put("k", "v");
    store.call(Wire.quota(1 << 20));
    final long hash = store.hash();
    final StoreStats stats = store.store.stats();
    store.close();
    assertEquals(Condition.CLEAN, mark().condition());
    open();

    assertEquals(1, store.store.generation());
    assertEquals(stats, store.store.stats());
    assertEquals(hash, store.hash());
    assertEquals(3, store.put("k", "w"), "it goes on");
  }

  @Test
  void when_aReaderMetDamageWhileTheStoreWasClosed_then_itStaysFailed() throws Exception {
    open();
    store.put("k", "v");
    store.damage();
    assertEquals(
        SqlState.CORRUPTION, assertThrows(PgraftException.class, () -> store.store.hash(0)).failure().sqlState());
    assertEquals(Condition.FAILED, mark().condition());
    directory.ended(1, true);

    assertEquals(Condition.FAILED, mark().condition());
  }

  @Test
  void when_theStoreWasClosedOnAnotherBoot_then_itIsResumedAllTheSame() throws Exception {
    open();
    store.put("k", "v");
    store.close();
    new StoreMark(1, Condition.CLEAN, new Machine("another boot", "another mount"), mark().bytes(), mark().checksum())
        .write(root);
    open();

    assertEquals(List.of("k"), store.range("", Wire.ALL).keys());
  }

  @Test
  void when_onlyTheProcessDied_then_theKernelStillHasAllAndTheStoreIsResumed() throws Exception {
    open();
    store.put("k", "v");
    store.close();
    remark(Condition.OPEN, Machine.of(root));
    open();

    assertEquals(1, store.store.generation());
    assertEquals(List.of("k"), store.range("", Wire.ALL).keys());
  }

  @Test
  void when_theMachineStopped_then_theStoreIsRebuiltFromTheSnapshot() throws Exception {
    final Path snapshot = storeWithSnapshot();
    remark(Condition.OPEN, new Machine("another boot", Machine.of(root).mount()));
    open(snapshot);

    assertEquals(2, store.store.generation());
    assertEquals(List.of("before"), store.range("", Wire.ALL).keys(), "the log brings the rest");
    assertEquals(new LogPosition(1, 0), store.store.position());
    assertEquals(Condition.OPEN, mark().condition());
    assertEquals(2, mark().generation());
    assertFalse(Files.exists(root.resolve("1")), "the old one takes room");
  }

  @Test
  void when_anotherFileSystemIsMounted_then_theStoreIsRebuilt() throws Exception {
    final Path snapshot = storeWithSnapshot();
    remark(Condition.OPEN, new Machine(Machine.of(root).boot(), "another mount"));
    open(snapshot);

    assertEquals(new LogPosition(1, 0), store.store.position());
  }

  @Test
  void when_nothingIsKnownOfTheMachine_then_nothingUnsyncedIsTrusted() throws Exception {
    final Path snapshot = storeWithSnapshot();
    remark(Condition.OPEN, new Machine("", ""));
    open(snapshot);

    assertEquals(2, store.store.generation());
  }

  @Test
  void when_thereIsNoSnapshot_then_theStoreIsRebuiltFromTheLogAlone() throws Exception {
    open();
    store.put("k", "v");
    store.close();
    remark(Condition.OPEN, new Machine("another boot", Machine.of(root).mount()));
    open();

    assertEquals(LogPosition.NONE, store.store.position());
    assertEquals(2, store.store.generation());
  }

  @Test
  void when_theStoreFailed_then_itIsMarkedAndNotUsedAgain() throws Exception {
    final Path snapshot = storeWithSnapshot();
    open(snapshot);
    assertEquals(1, store.store.generation(), "closed cleanly, so it is resumed");
    assertThrows(StoreFailedException.class, () -> store.store.advance(1, 99));
    assertEquals(Condition.FAILED, mark().condition());
    store.close();
    assertEquals(Condition.FAILED, mark().condition(), "closing does not make it whole");
    open(snapshot);

    assertEquals(2, store.store.generation());
    assertEquals(new LogPosition(1, 0), store.store.position());
  }

  @Test
  void when_theMarkIsLostOrUnreadable_then_theStoreIsRebuiltUnderANewNumber() throws Exception {
    final Path snapshot = storeWithSnapshot();
    Files.delete(root.resolve("mark"));
    open(snapshot);
    assertEquals(2, store.store.generation());
    store.close();
    Files.writeString(root.resolve("mark"), "condition=what\n");
    open(snapshot);

    assertEquals(3, store.store.generation());
    assertEquals(new LogPosition(1, 0), store.store.position());
  }

  @Test
  void when_theFileIsGone_then_theStoreIsRebuilt() throws Exception {
    final Path snapshot = storeWithSnapshot();
    Files.delete(root.resolve("1").resolve(Tables.DATA_FILE));
    open(snapshot);

    assertEquals(2, store.store.generation());
    assertEquals(List.of("before"), store.range("", Wire.ALL).keys());
  }

  @Test
  void when_aStoreThatShouldBeWholeIsNot_then_thatIsAnErrorAndItIsLeftAsItIs() throws Exception {
    final Path snapshot = storeWithSnapshot();
    final Path data = root.resolve("1").resolve(Tables.DATA_FILE);
    final byte[] cut = Arrays.copyOf(Files.readAllBytes(data), (int) Files.size(data) - 4096);
    Files.write(data, cut);

    final StoreFailedException failed = assertThrows(StoreFailedException.class, () -> open(snapshot));
    assertTrue(failed.getMessage().contains(root.resolve("1").toString()), failed.getMessage());
    assertEquals(cut.length, Files.size(data));
    assertEquals(Condition.CLEAN, mark().condition());
  }

  @Test
  void when_oneBitIsAnotherThanAtTheCleanStop_then_thatIsAnErrorToo() throws Exception {
    final Path snapshot = storeWithSnapshot();
    final Path data = root.resolve("1").resolve(Tables.DATA_FILE);
    final byte[] flipped = Files.readAllBytes(data);
    flipped[flipped.length / 2] ^= 4;
    Files.write(data, flipped);

    final StoreFailedException failed = assertThrows(StoreFailedException.class, () -> open(snapshot));
    assertTrue(failed.getMessage().contains(data.toString()), failed.getMessage());
  }

  @Test
  void when_pagesAreMissingAfterACrash_then_thatIsAnErrorBeforeTheyAreRead() throws Exception {
    final Path snapshot = storeWithSnapshot();
    final Path data = root.resolve("1").resolve(Tables.DATA_FILE);
    Files.write(data, Arrays.copyOf(Files.readAllBytes(data), 8192));
    remark(Condition.OPEN, Machine.of(root));

    assertThrows(StoreFailedException.class, () -> open(snapshot));
  }

  @Test
  void when_theStoreIsSuspect_then_itIsRebuiltAndTheSuspicionIsOver() throws Exception {
    final Path snapshot = storeWithSnapshot();
    remark(Condition.OPEN, Machine.of(root));
    Files.createFile(root.resolve("suspect"));
    open(snapshot);

    assertEquals(2, store.store.generation());
    assertEquals(List.of("before"), store.range("", Wire.ALL).keys());
    assertFalse(Files.exists(root.resolve("suspect")));
  }

  @Test
  void when_theSnapshotIsNewerThanTheStore_then_itTakesItsPlace() throws Exception {
    open();
    store.put("k", "old");
    store.close();
    final Path ahead = temporary.resolve("ahead");
    try (TestStore other = TestStore.create(temporary.resolve("other"))) {
      other.put("k", "old");
      other.put("k", "new");
      SnapshotWriter.write(other.store, ahead);
    }
    open(ahead.resolve(Tables.DATA_FILE));

    assertEquals(2, store.store.generation());
    assertEquals("new", store.range("k", "").rows().get(0).value());
  }

  @Test
  void when_theStoreIsNewerThanTheSnapshot_then_itIsResumed() throws Exception {
    final Path snapshot = storeWithSnapshot();
    open(snapshot);

    assertEquals(1, store.store.generation());
    assertEquals(List.of("after", "before"), store.range("", Wire.ALL).keys());
  }

  @Test
  void when_workWasInterrupted_then_whatItLeftIsRemoved() throws Exception {
    Files.createDirectories(root.resolve("incoming"));
    Files.writeString(root.resolve("incoming").resolve(Tables.DATA_FILE), "half");
    Files.createDirectories(root.resolve("7"));
    Files.writeString(root.resolve("7").resolve(Tables.DATA_FILE), "forgotten");
    open();

    assertEquals(8, store.store.generation(), "a number is never used again");
    try (Stream<Path> left = Files.list(root)) {
      assertEquals(List.of("8", "mark"), left.map(path -> path.getFileName().toString()).sorted().toList());
    }
  }

  private Path storeWithSnapshot() throws Exception {
    open();
    store.put("before", "v");
    final Path snapshot = SnapshotWriter.write(store.store, temporary.resolve("snapshot")).file();
    store.put("after", "v");
    store.close();
    return snapshot;
  }

  private void open(Path... snapshot) throws StoreFailedException {
    final Optional<Path> newest = Stream.of(snapshot).findFirst();
    directory = new StoreDirectory(root, TestStore.LIMITS);
    store = new TestStore(directory.open(newest));
  }

  private StoreMark mark() throws IOException {
    return StoreMark.read(root).orElseThrow();
  }

  private void remark(Condition condition, Machine machine) throws IOException {
    new StoreMark(mark().generation(), condition, machine, 0, StoreMark.NO_CHECKSUM).write(root);
  }
}
