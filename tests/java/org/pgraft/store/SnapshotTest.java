package org.pgraft.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgraft.command.Batch;
import org.pgraft.command.BatchResult;

/** A copy of the store, taken on one member and installed on another. */
final class SnapshotTest {
  @TempDir Path temporary;
  private TestStore store;
  private StoreDirectory receiver;
  private TestStore installed;

  @BeforeEach
  void create() throws Exception {
    store = TestStore.create(temporary.resolve("sender"));
    receiver = new StoreDirectory(Files.createDirectory(temporary.resolve("receiver")), TestStore.LIMITS);
  }

  @AfterEach
  void close() {
    store.close();
    if (installed != null) {
      installed.close();
    }
  }

  @Test
  void when_aSnapshotIsInstalled_then_theNewGenerationIsTheSameStore() throws Exception {
    final Store before = receiver.open(Optional.empty());
    before.close();
    final Batch batch = store.batch(Wire.put("k", "a"));
    final BatchResult first = store.offer(batch);
    store.put("k", "b");
    store.delete("k", "");
    store.put("k", "c");
    final SnapshotWriter.Copy copy = SnapshotWriter.write(store.store, temporary.resolve("copy"));
    installed = new TestStore(receiver.install(copy.file()));

    assertEquals(2, installed.store.generation());
    assertEquals(store.store.position(), copy.position());
    assertEquals(store.store.stats(), installed.store.stats());
    assertEquals(store.hash(), installed.hash());
    assertEquals(store.hash(3), installed.hash(3), "with its history");
    assertEquals(first, installed.offer(batch), "and what it knows of batches");
    assertFalse(Files.exists(temporary.resolve("receiver").resolve("1")), "the generation before takes room");
  }

  @Test
  void when_theStoreGoesOn_then_theSnapshotStaysWhatItWas() throws Exception {
    store.put("k", "a");
    final long hash = store.hash();
    final SnapshotWriter.Copy copy = SnapshotWriter.write(store.store, temporary.resolve("copy"));
    store.put("k", "b");
    installed = new TestStore(receiver.open(Optional.of(copy.file())));

    assertEquals(hash, installed.hash());
    assertEquals(new LogPosition(1, 0), installed.store.position());
    installed.put("k", "b");
    assertEquals(store.hash(), installed.hash(), "the log brings it up to date");
  }

  @Test
  void when_aSnapshotFails_then_nothingOfItTakesRoom() throws Exception {
    store.put("k", "a");
    final Path scratch = temporary.resolve("copy");
    store.damage();

    assertThrows(StoreFailedException.class, () -> SnapshotWriter.write(store.store, scratch));
    try (Stream<Path> left = Files.list(scratch)) {
      assertEquals(List.of(), left.toList());
    }
  }

  @Test
  void when_aSnapshotCannotBeInstalled_then_nothingOfItTakesRoom() throws Exception {
    store.put("k", "a");
    final SnapshotWriter.Copy copy = SnapshotWriter.write(store.store, temporary.resolve("copy"));
    Files.writeString(copy.file().resolveSibling(copy.file().getFileName() + ".md5"), "another");

    assertThrows(StoreFailedException.class, () -> receiver.install(copy.file()));
    assertFalse(Files.exists(temporary.resolve("receiver").resolve("incoming")));
  }

  @Test
  void when_theScratchDirectoryIsNotEmpty_then_itIsEmptiedFirst() throws Exception {
    store.put("k", "a");
    final Path scratch = temporary.resolve("copy");
    Files.createDirectories(scratch.resolve("left"));
    Files.writeString(scratch.resolve(Tables.DATA_FILE), "interrupted");
    final SnapshotWriter.Copy copy = SnapshotWriter.write(store.store, scratch);

    assertEquals(new LogPosition(1, 0), SnapshotWriter.position(copy.file()));
    assertFalse(Files.exists(scratch.resolve("left")));
  }

  @Test
  void when_theChecksumBesideASnapshotIsItsOwn_then_itIsInstalled() throws Exception {
    final Path file = snapshot();
    writeChecksum(file, Files.readAllBytes(file));
    installed = new TestStore(receiver.install(file));

    assertEquals(List.of("k"), installed.range("", Wire.ALL).keys());
  }

  @Test
  void when_theChecksumIsAnother_then_theSnapshotIsRefused() throws Exception {
    final Path file = snapshot();
    writeChecksum(file, new byte[] {1});

    final StoreFailedException refused = assertThrows(StoreFailedException.class, () -> receiver.install(file));
    assertTrue(refused.getMessage().contains(file.toString()), refused.getMessage());
    assertFalse(Files.exists(temporary.resolve("receiver").resolve("1")));
    Files.delete(checksumOf(file));
    installed = new TestStore(receiver.open(Optional.empty()));
    assertEquals(LogPosition.NONE, installed.store.position(), "what was left of it is not used");
  }

  @Test
  void when_theFileIsNoStore_then_thatIsAnErrorAndNothingWorse() throws Exception {
    final Path file = Files.writeString(temporary.resolve("snapshot"), "x".repeat(100_000));

    assertThrows(StoreFailedException.class, () -> SnapshotWriter.position(file));
    assertThrows(StoreFailedException.class, () -> receiver.install(file));
  }

  @Test
  void when_theStoreIsClosed_then_noSnapshotIsTaken() {
    store.close();

    assertThrows(StoreClosedException.class, () -> SnapshotWriter.write(store.store, temporary.resolve("copy")));
  }

  private Path snapshot() throws Exception {
    store.put("k", "a");
    return SnapshotWriter.write(store.store, temporary.resolve("copy")).file();
  }

  private static Path checksumOf(Path file) {
    return file.resolveSibling(file.getFileName() + ".md5");
  }

  private static void writeChecksum(Path file, byte[] content) throws Exception {
    final String md5 = HexFormat.of().formatHex(MessageDigest.getInstance("MD5").digest(content));
    Files.writeString(checksumOf(file), md5 + " *" + file.getFileName() + "\n");
  }
}
