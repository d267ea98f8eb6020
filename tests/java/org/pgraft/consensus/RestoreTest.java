package org.pgraft.consensus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.pgraft.command.PgraftException;
import org.pgraft.consensus.EngineStatus.Phase;
import org.pgraft.store.BackupFacts;
import org.pgraft.store.BackupFile;
import org.pgraft.store.DetachedStore;
import org.pgraft.store.LogPosition;

/** Backups of whole engines, and clusters that begin from them. */
final class RestoreTest extends EngineFixture {
  private static final int HASH = 51;
  private static final int BACKUP = 52;
  private static final int BACKUP_VERIFY = 53;
  private static final int RESTORE = 54;
  private static final int LOCAL = 1;

  private Path file;
  private int[] ports;

  @BeforeEach
  void backUpACluster() throws Exception {
    file = temp.resolve("backup");
    ports = TestEngine.freePorts(4);
    final TestEngine source =
        new TestEngine(Files.createDirectory(temp.resolve("old")), 1, "node_id=1", "port=" + ports[3]).start();
    try {
      source.init();
      for (int i = 0; i < 20; i++) {
        source.put("k" + i % 7, "v" + i);
      }
      source.call(TestEngine.request(BACKUP).u8(LOCAL).text(file.toString()));
      source.put("k0", "after the backup");
    } finally {
      source.stop();
    }
  }

  private TestEngine fresh(int node) throws Exception {
    final TestEngine engine =
        new TestEngine(temp, node, "node_id=" + node, "port=" + ports[node - 1], "cluster_id=new").start();
    engines.add(engine);
    return engine;
  }

  private static void restore(TestEngine engine, Path from) throws PgraftException {
    engine.call(TestEngine.request(RESTORE).text(from.toString()));
  }

  private static void verify(TestEngine engine, Path what) throws PgraftException {
    engine.call(TestEngine.request(BACKUP_VERIFY).text(what.toString()));
  }

  private static void assertRestored(TestEngine engine) throws PgraftException {
    for (int key = 0; key < 7; key++) {
      assertEquals("v" + (key < 6 ? 14 + key : 13), engine.get("k" + key));
    }
  }

  private static long[] hash(TestEngine engine, long revision) throws PgraftException {
    final ByteBuffer body = engine.call(TestEngine.request(HASH).i64(revision));
    return new long[] {body.getLong(), body.getLong()};
  }

  @Test
  void when_aBackupIsRestored_then_theKeysAreThereAndRevisionsGoOnFarAbove() throws Exception {
    final TestEngine founder = fresh(1);
    restore(founder, file);

    assertTrue(founder.holdsLease());
    assertRestored(founder);
    assertEquals(21 + DetachedStore.REVISIONS_SKIPPED + 1, founder.put("k0", "new"));
    assertTrue(founder.engine().status().term() > RestoredGroup.TERMS_SKIPPED);
    assertEquals(1, founder.engine().status().members().size());
  }

  @Test
  void when_membersAreAdded_then_theyGetTheRestoredStateAndTheFounderIsNotNeeded() throws Exception {
    final TestEngine founder = fresh(1);
    restore(founder, file);
    for (int node = 2; node <= 3; node++) {
      fresh(node);
      founder.addNode(node, ports[node - 1]);
    }
    founder.put("new", "here");
    final long revision = hash(founder, 0)[0];
    for (TestEngine engine : engines) {
      TestEngine.await("the same revision", () -> engine.engine().status().store().revision() >= revision);
      assertEquals(hash(founder, revision)[1], hash(engine, revision)[1]);
    }
    engines.remove(founder);
    founder.stop();

    for (TestEngine engine : engines) {
      assertRestored(engine);
      assertEquals("here", engine.get("new"));
    }
  }

  @Test
  void when_theFounderRestarts_then_itLeadsAgainWithTheRestoredState() throws Exception {
    final TestEngine founder = fresh(1);
    restore(founder, file);
    founder.put("new", "here");
    for (int i = 0; i < 2; i++) {
      founder.stop();
      founder.start();
      assertRestored(founder);
      assertEquals("here", founder.get("new"));
    }
  }

  @Test
  void when_theRestoreWasCutShortAfterTheRename_then_theNodeComesUpAsItsFounder() throws Exception {
    final TestEngine founder = fresh(1);
    restore(founder, file);
    founder.stop();
    // As it was between the rename and the start of the group: no store, no log, a directory that is no member's.
    final Path data = temp.resolve("pgdata1.pgraft");
    final Path group;
    try (var groups = Files.list(data.resolve("raft"))) {
      group = groups.findFirst().orElseThrow();
    }
    final Path kept = Files.move(group, temp.resolve("kept"));
    EngineFiles.empty(data);
    Files.delete(temp.resolve("pgdata1").resolve("pgraft.identity"));
    try (var segments = Files.newDirectoryStream(kept.resolve("current"), "log_*")) {
      for (Path segment : segments) {
        Files.delete(segment);
      }
    }
    Files.createDirectories(data.resolve("raft"));
    Files.move(kept, data.resolve("raft").resolve(group.getFileName()));
    founder.start();

    assertRestored(founder);
    TestEngine.await("the founder to be a member", () -> founder.engine().status().phase() == Phase.RUNNING);
  }

  @Test
  void when_theRestoreWasCutShortBeforeTheRename_then_nothingOfItIsLeft() throws Exception {
    final Path staging = Files.createDirectories(temp.resolve("pgdata1.pgraft").resolve("staging").resolve("group"));
    Files.writeString(staging.resolve("half"), "of it");
    final TestEngine node = fresh(1);

    assertFalse(Files.exists(staging));
    assertEquals(Phase.WAITING, node.engine().status().phase());
    restore(node, file);
    assertRestored(node);
  }

  @Test
  void when_theClusterHasTheNameOfTheBackups_then_theRestoreIsRefused() throws Exception {
    final TestEngine node = new TestEngine(temp, 1, "node_id=1", "port=" + ports[0]).start();
    engines.add(node);

    final PgraftException refused = assertThrows(PgraftException.class, () -> restore(node, file));
    assertEquals("55000", refused.failure().sqlState());
    assertTrue(refused.failure().message().contains("pgraft.cluster_id"), refused.failure().message());
    assertEquals(Phase.WAITING, node.engine().status().phase());
  }

  @Test
  void when_theNodeIsAMember_then_theRestoreIsRefusedAndNothingChanges() throws Exception {
    final TestEngine node = fresh(1);
    node.init();
    node.put("mine", "1");

    assertEquals("55000", assertThrows(PgraftException.class, () -> restore(node, file)).failure().sqlState());
    assertEquals("1", node.get("mine"));
  }

  @Test
  void when_theBackupIsDamaged_then_theNodeStaysAsItWasAndAnotherCanBeRestored() throws Exception {
    final byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length / 2] ^= 1;
    final Path damaged = Files.write(temp.resolve("damaged"), bytes);
    final TestEngine node = fresh(1);

    assertEquals("XX001", assertThrows(PgraftException.class, () -> restore(node, damaged)).failure().sqlState());
    assertEquals(Phase.WAITING, node.engine().status().phase());
    restore(node, file);
    assertRestored(node);
  }

  @Test
  void when_theStoreInABackupIsNone_then_theRestoreIsRefusedAlthoughTheDigestIsRight() throws Exception {
    final BackupFacts facts = new BackupFacts("pgraft", 1, new LogPosition(1, 1), 1, 0, 0, 0);
    final Path none = Files.write(temp.resolve("none"), new byte[100_000]);
    final Path forged = temp.resolve("forged");
    BackupFile.write(forged, facts, none, () -> false);
    final TestEngine node = fresh(1);

    assertEquals("XX001", assertThrows(PgraftException.class, () -> restore(node, forged)).failure().sqlState());
    assertEquals("XX001", assertThrows(PgraftException.class, () -> verify(node, forged)).failure().sqlState());
  }

  @Test
  void when_theHeaderTellsOfAnotherStore_then_verificationFindsIt() throws Exception {
    final Path store = Files.createDirectory(temp.resolve("unpacked"));
    final BackupFacts facts = BackupFile.extract(file, DetachedStore.file(store), () -> false).facts();
    final BackupFacts other =
        new BackupFacts(
            facts.clusterId(), facts.node(), facts.position(), facts.revision() + 1, facts.keys(), facts.createdMillis(), 0);
    final Path forged = temp.resolve("forged");
    BackupFile.write(forged, other, DetachedStore.file(store), () -> false);
    final TestEngine node = fresh(1);

    verify(node, file);
    final PgraftException found = assertThrows(PgraftException.class, () -> verify(node, forged));
    assertEquals("XX001", found.failure().sqlState());
    assertTrue(found.failure().detail().contains("header"), found.failure().detail());
  }
}
