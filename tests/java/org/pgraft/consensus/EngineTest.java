package org.pgraft.consensus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.pgraft.command.PgraftException;
import org.pgraft.command.SqlState;
import org.pgraft.consensus.EngineStatus.Phase;

/** Whole engines, with Ratis and LMDB, in one process and over loopback. */
class EngineTest extends EngineFixture {
  private static final int ADD_NODE = 42;
  private static final int HASH = 51;

  /** The first two pages of a store say where the others are. */
  private static final long PAGES_KEPT = 2 * 4096;
  private static final int PUT = 1;
  private static final int LEASE_GRANT = 7;
  private static final int LEASE_KEEP_ALIVE = 30;

  private int[] startThree() throws Exception {
    final int[] ports = TestEngine.freePorts(3);
    final String members =
        "n1=127.0.0.1:" + ports[0] + ",n2=127.0.0.1:" + ports[1] + ",n3=127.0.0.1:" + ports[2];
    for (int node = 1; node <= 3; node++) {
      engines.add(
          new TestEngine(temp, node, "name=n" + node, "initial_cluster=" + members).start());
    }
    TestEngine.await("a lease holder", () -> engines.stream().anyMatch(TestEngine::holdsLease));
    return ports;
  }

  private TestEngine holder() throws InterruptedException {
    TestEngine.await("a lease holder", () -> engines.stream().anyMatch(TestEngine::holdsLease));
    return engines.stream().filter(TestEngine::holdsLease).findFirst().orElseThrow();
  }

  @Test
  void when_aKeyIsPutOnEachNode_then_everyNodeReadsIt() throws Exception {
    startThree();
    for (int writer = 0; writer < 3; writer++) {
      engines.get(writer).put("key" + writer, "value" + writer);
      for (TestEngine reader : engines) {
        assertEquals("value" + writer, reader.get("key" + writer));
      }
    }
    assertNull(engines.get(0).get("nothing"));
  }

  @Test
  void when_theHolderStopsCleanly_then_anotherTakesOverAndNothingIsLost() throws Exception {
    startThree();
    final TestEngine first = holder();
    first.put("before", "1");
    engines.remove(first);
    first.stop();

    final TestEngine next = holder();
    assertEquals("1", next.get("before"));
    next.put("after", "2");

    first.start();
    engines.add(first);
    assertEquals("2", first.get("after"));
  }

  @Test
  void when_aReadFindsTheStoreDamaged_then_theEngineStopsThoughNobodyWrites() throws Exception {
    final TestEngine engine = new TestEngine(temp, 1, "node_id=1", "port=" + TestEngine.freePorts(1)[0]).start();
    engines.add(engine);
    engine.init();
    engine.put("k", "v");
    try (Stream<Path> files = Files.walk(temp)) {
      final Path store = files.filter(file -> file.endsWith("data.mdb")).findFirst().orElseThrow();
      try (FileChannel pages = FileChannel.open(store, StandardOpenOption.WRITE)) {
        pages.write(ByteBuffer.allocate((int) (pages.size() - PAGES_KEPT)), PAGES_KEPT);
      }
    }
    assertThrows(PgraftException.class, () -> engine.call(TestEngine.request(HASH).i64(0)));
    TestEngine.await("it has failed", () -> engine.engine().failure().isPresent());
  }

  @Test
  void when_anEngineStarts_then_whatInterruptedSnapshotsHaveLeftIsRemoved() throws Exception {
    final TestEngine engine = new TestEngine(temp, 1, "node_id=1", "port=" + TestEngine.freePorts(1)[0]).start();
    engine.init();
    engine.put("k", "v");
    engine.snapshot();
    engine.stop();
    final Path data = temp.resolve("pgdata1.pgraft");
    final Path snapshots;
    try (Stream<Path> files = Files.walk(data)) {
      snapshots = files.filter(file -> file.endsWith("sm")).findFirst().orElseThrow();
    }
    final Path transfer = Files.createDirectories(snapshots.resolveSibling("tmp").resolve("snapshot-1"));
    Files.writeString(transfer.resolve("snapshot.1_1"), "half of it");
    Files.move(snapshots, snapshots.resolveSibling("sm.tmp20261129_100000"));
    Files.writeString(data.resolve("snapshot").resolve("data.mdb"), "half of it");

    engines.add(engine.start());
    assertEquals("v", engine.get("k"));
    assertFalse(Files.exists(transfer));
    assertTrue(Files.isDirectory(snapshots));
    assertFalse(Files.exists(data.resolve("snapshot").resolve("data.mdb")));
  }

  @Test
  void when_historyIsOlderThanItsAge_then_itIsDroppedThoughThereIsLittleOfIt() throws Exception {
    final TestEngine engine =
        new TestEngine(temp, 1, "node_id=1", "port=" + TestEngine.freePorts(1)[0], "compaction_age=1000").start();
    engines.add(engine);
    engine.init();
    final long first = engine.put("k", "old");
    engine.put("k", "new");
    TestEngine.await("the first revision is compacted", () -> isCompacted(engine, first));
    assertEquals("new", engine.get("k"));
  }

  private static boolean isCompacted(TestEngine engine, long revision) {
    try {
      engine.call(TestEngine.request(HASH).i64(revision));
      return false;
    } catch (PgraftException e) {
      assertEquals(SqlState.REVISION_NOT_KEPT, e.failure().sqlState());
      return true;
    }
  }

  @Test
  void when_nobodyKeepsALeaseAlive_then_itsKeysAreDeletedOnEveryNode_andWhoAsksIsTold() throws Exception {
    startThree();
    final TestEngine asker = engines.stream().filter(engine -> !engine.holdsLease()).findFirst().orElseThrow();
    final long lease = asker.call(TestEngine.request(LEASE_GRANT).i64(1000)).getLong();
    asker.call(TestEngine.request(PUT).text("k").text("v").i64(lease).u8(0));
    assertEquals(1000, asker.call(TestEngine.request(LEASE_KEEP_ALIVE).i64(lease)).getLong());
    for (TestEngine engine : engines) {
      TestEngine.await("the key is gone", () -> value(engine, "k") == null);
    }
    final PgraftException over =
        assertThrows(PgraftException.class, () -> asker.call(TestEngine.request(LEASE_KEEP_ALIVE).i64(lease)));
    assertEquals(SqlState.NO_SUCH_OBJECT, over.failure().sqlState());
  }

  private static String value(TestEngine engine, String key) {
    try {
      return engine.get(key);
    } catch (PgraftException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void when_everyNodeRestarts_then_everyKeyIsThere() throws Exception {
    startThree();
    for (int i = 0; i < 50; i++) {
      engines.get(i % 3).put("k" + i, "v" + i);
    }
    for (TestEngine engine : engines) {
      engine.stop();
    }
    for (TestEngine engine : engines) {
      engine.start();
    }
    for (int i = 0; i < 50; i++) {
      assertEquals("v" + i, engines.get((i + 1) % 3).get("k" + i));
    }
  }

  @Test
  void when_oneNodeInitsAndAddsTwo_then_allThreeAreMembersOfOneCluster() throws Exception {
    final int[] ports = TestEngine.freePorts(3);
    startOutside(ports);
    assertEquals(Phase.WAITING, engines.get(1).engine().status().phase());
    assertThrows(PgraftException.class, () -> engines.get(1).put("too", "early"));

    final TestEngine first = engines.get(0);
    first.init();
    assertTrue(first.holdsLease());
    first.put("a", "1");
    first.addNode(2, ports[1]);
    first.addNode(3, ports[2]);

    for (TestEngine engine : engines) {
      TestEngine.await(
          "three members", () -> engine.engine().status().members().size() == 3);
      assertEquals("1", engine.get("a"));
    }
    engines.get(2).put("b", "2");

    engines.get(1).removeNode(3);
    TestEngine.await("two members", () -> first.engine().status().members().size() == 2);
    assertEquals("2", first.get("b"));
  }

  @Test
  void when_aMemberCameBackUnderItsOldIdWithAnEmptyDirectory_then_anyTwoStartTogetherAgain() throws Exception {
    final int[] ports = startThree();
    final TestEngine first = engines.get(0);
    first.put("a", "1");
    engines.remove(2).stop();
    first.removeNode(3);
    final TestEngine returned =
        new TestEngine(Files.createDirectory(temp.resolve("anew")), 3, "node_id=3", "port=" + ports[2]).start();
    engines.add(returned);
    final PgraftException elsewhere =
        assertThrows(
            PgraftException.class,
            () -> first.call(TestEngine.request(ADD_NODE).i32(3).text("localhost").i32(ports[2])));
    assertTrue(
        elsewhere.failure().message().startsWith("node 3 is known at 127.0.0.1:" + ports[2]), elsewhere::getMessage);
    first.addNode(3, ports[2]);
    assertEquals("1", returned.get("a"));
    returned.put("b", "2");

    stopAll();
    engines.remove(1);
    // Node 1 has met the directory of the one before, and was not asked when the new one was let in.
    first.start();
    returned.start();
    holder();
    assertEquals("2", first.get("b"));
  }

  @Test
  void when_foundersEndedBeforeTheyHadAppliedTheirConfiguration_then_theyStartAgain() throws Exception {
    startThree();
    engines.get(0).put("a", "1");
    stopAll();
    for (int node = 1; node <= 3; node++) {
      final IdentityFiles files =
          IdentityFiles.claim(
              temp.resolve("pgdata" + node + ".pgraft"), temp.resolve("pgdata" + node), "pgraft", node, where -> {});
      assertEquals(3, files.identity().members().size());
      files.rememberMembers(Map.of(), id -> Optional.empty());
    }
    for (TestEngine engine : engines) {
      engine.start();
    }
    assertEquals("1", holder().get("a"));
  }

  @Test
  void when_aNodeMissedMoreThanTheLogKeeps_then_itCatchesUpBySnapshot() throws Exception {
    final int[] ports = TestEngine.freePorts(3);
    final String members =
        "n1=127.0.0.1:" + ports[0] + ",n2=127.0.0.1:" + ports[1] + ",n3=127.0.0.1:" + ports[2];
    for (int node = 1; node <= 3; node++) {
      engines.add(
          new TestEngine(
                  temp, node, "name=n" + node, "initial_cluster=" + members, "max_log_entries=0")
              .start());
    }
    final TestEngine holder = holder();
    final TestEngine absent = engines.stream().filter(engine -> engine != holder).findFirst().orElseThrow();
    engines.remove(absent);
    absent.stop();
    final String padding = "x".repeat(100_000);
    for (int i = 0; i < 120; i++) {
      holder.put("k" + i % 10, i + padding);
    }
    holder.snapshot();
    TestEngine.await("a purged log", () -> holder.engine().status().firstLogIndex() > 20);

    absent.start();
    engines.add(absent);
    TestEngine.await(
        "the absent node to catch up",
        () ->
            absent.engine().status().appliedIndex() >= holder.engine().status().snapshot().index());
    assertEquals(119 + padding, absent.get("k9"));
    absent.put("back", "again");
    final long revision = hash(holder, 0)[0];
    TestEngine.await(
        "the same revision", () -> absent.engine().status().store().revision() >= revision);
    assertEquals(hash(holder, revision)[1], hash(absent, revision)[1]);
  }

  private static long[] hash(TestEngine engine, long revision) throws PgraftException {
    final java.nio.ByteBuffer body = engine.call(TestEngine.request(HASH).i64(revision));
    return new long[] {body.getLong(), body.getLong()};
  }

  @Test
  void when_aMajorityIsGone_then_aWriteIsNotAcknowledged() throws Exception {
    startThree();
    final TestEngine left = holder();
    for (TestEngine engine : List.copyOf(engines)) {
      if (engine != left) {
        engines.remove(engine);
        engine.stop();
      }
    }
    final PgraftException refused = assertThrows(PgraftException.class, () -> left.put("k", "v"));
    assertTrue(
        List.of("PGR01", "08007").contains(refused.failure().sqlState()), refused.failure().toString());
    assertTrue(!left.holdsLease(), "a minority holds the lease");
  }
}
