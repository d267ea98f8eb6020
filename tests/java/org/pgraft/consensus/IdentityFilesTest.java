package org.pgraft.consensus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A directory may be used by the node it belongs to, and by nobody else. */
class IdentityFilesTest {
  @TempDir Path temp;
  private Path directory;
  private Path pgdata;

  @BeforeEach
  void makeDirectories() throws IOException {
    directory = Files.createDirectory(temp.resolve("pgdata.pgraft"));
    pgdata = Files.createDirectory(temp.resolve("pgdata"));
  }

  private IdentityFiles claim(String cluster, int node) throws EngineException {
    return IdentityFiles.claim(directory, pgdata, cluster, node, DirectorySync.FSYNC);
  }

  @Test
  void when_theSameNodeComesBack_then_itIsTheSameDirectoryWithALaterStart() throws Exception {
    final Identity first = claim("c", 1).identity();
    final Identity second = claim("c", 1).identity();

    assertEquals(first.directory(), second.directory());
    assertEquals(first.start() + 1, second.start());
  }

  @Test
  void when_anotherNodeUsesTheDirectory_then_itIsRefused() throws Exception {
    claim("c", 1).becomeMember();
    final EngineException refused = assertThrows(EngineException.class, () -> claim("c", 2));
    assertTrue(refused.getMessage().contains("belongs to node 1"), refused.getMessage());
  }

  @Test
  void when_theDirectoryBelongsToAnotherCluster_then_itIsRefused() throws Exception {
    claim("c", 1).becomeMember();
    final EngineException refused = assertThrows(EngineException.class, () -> claim("d", 1));
    assertTrue(refused.getMessage().contains("belongs to cluster \"c\""), refused.getMessage());
  }

  @Test
  void when_theDirectoryWasNeverAMembers_then_settingsMayBeCorrected() throws Exception {
    final Identity wrong = claim("c", 1).identity();
    final Identity corrected = claim("d", 2).identity();

    assertEquals("d", corrected.clusterId());
    assertEquals(2, corrected.nodeId());
    assertNotEquals(wrong.directory(), corrected.directory());
    assertEquals(corrected.directory(), claim("d", 2).identity().directory());
  }

  @Test
  void when_theDirectoryHoldsAGroup_then_itsNodeMayHaveVotedInItAndKeepsIt() throws Exception {
    claim("c", 1);
    Files.createDirectories(directory.resolve("raft").resolve("a-group"));

    assertThrows(EngineException.class, () -> claim("c", 2));
  }

  @Test
  void when_whatIsShownCannotBeNoted_then_theNextAttemptNotesIt() throws Exception {
    final boolean[] fails = {false};
    final DirectorySync sync =
        where -> {
          if (fails[0]) {
            throw new IOException("no fsync today");
          }
        };
    final IdentityFiles files = IdentityFiles.claim(directory, pgdata, "c", 1, sync);
    final KnownDirectory shown = new KnownDirectory(UUID.randomUUID(), 7);
    fails[0] = true;
    assertThrows(IOException.class, () -> files.introduce(2, shown, true));
    assertThrows(IOException.class, files::becomeMember);
    Files.delete(directory.resolve("identity"));
    fails[0] = false;
    assertTrue(files.introduce(2, shown, true).isEmpty());
    files.becomeMember();

    final IdentityFiles again = claim("c", 1);
    assertTrue(again.identity().member());
    assertEquals(Map.of(2, shown), again.identity().introduced());
  }

  @Test
  void when_theServerEndsBetweenIdentityAndMarker_then_itStartsAgain() throws Exception {
    claim("c", 1);
    final byte[] marker = Files.readAllBytes(pgdata.resolve("pgraft.identity"));
    final Identity corrected = claim("d", 1).identity();
    Files.write(pgdata.resolve("pgraft.identity"), marker);

    assertEquals(corrected.directory(), claim("d", 1).identity().directory());
  }

  @Test
  void when_aMemberIsGivenTheDirectoryThatAnotherNodePrepared_then_itIsRefusedAsThat() throws Exception {
    claim("c", 1).becomeMember();
    directory = Files.createDirectory(temp.resolve("prepared.pgraft"));
    IdentityFiles.claim(directory, Files.createDirectory(temp.resolve("pgdata5")), "c", 5, DirectorySync.FSYNC);

    final EngineException refused = assertThrows(EngineException.class, () -> claim("c", 1));
    assertTrue(refused.getMessage().contains("belongs to node 5"), refused.getMessage());
  }

  @Test
  void when_aMembersDirectoryIsLost_then_theNodeDoesNotStartEmpty() throws Exception {
    claim("c", 1).becomeMember();
    Files.delete(directory.resolve("identity"));

    final EngineException refused = assertThrows(EngineException.class, () -> claim("c", 1));
    assertTrue(refused.getMessage().contains("is lost"), refused.getMessage());
    assertTrue(refused.hint().contains("pgraft_remove_node(1)"), refused.hint());
  }

  @Test
  void when_theDirectoryWasReplaced_then_itIsRefused() throws Exception {
    claim("c", 1).becomeMember();
    Files.delete(pgdata.resolve("pgraft.identity"));
    Files.move(directory.resolve("identity"), temp.resolve("kept"));
    claim("c", 1).becomeMember();
    Files.move(directory.resolve("identity"), temp.resolve("other"));
    Files.move(temp.resolve("kept"), directory.resolve("identity"));

    final EngineException refused = assertThrows(EngineException.class, () -> claim("c", 1));
    assertTrue(refused.getMessage().contains("not the one"), refused.getMessage());
  }

  @Test
  void when_pgdataIsACopyOfAnotherNodes_then_itsMarkerDoesNotCount() throws Exception {
    claim("c", 1).becomeMember();
    directory = Files.createDirectory(temp.resolve("copy.pgraft"));
    final Identity second = claim("c", 2).identity();

    assertEquals(2, second.nodeId());
    assertEquals(second.directory(), claim("c", 2).identity().directory());
  }

  @Test
  void when_theFileIsDamaged_then_theNodeSaysSo() throws Exception {
    claim("c", 1);
    Files.writeString(directory.resolve("identity"), "node_id=one\n");

    final EngineException refused = assertThrows(EngineException.class, () -> claim("c", 1));
    assertTrue(refused.getMessage().contains("is damaged"), refused.getMessage());
  }

  @Test
  void when_aMemberKnowsALaterStart_then_anOldCopyOfTheDirectoryIsRefused() throws Exception {
    final KnownDirectory mine = shown(claim("c", 1).identity(), 5);
    final Greeting knowsThisRun = greeting(new KnownDirectory(mine.directory(), mine.run()));
    final Greeting knowsAnEarlierRun = greeting(new KnownDirectory(mine.directory(), mine.run() - (1 << 20)));
    final Greeting knowsALaterRun = greeting(new KnownDirectory(mine.directory(), mine.run() + (1 << 20)));
    final Greeting knowsATwin = greeting(new KnownDirectory(mine.directory(), mine.run() + 1));

    knowsThisRun.check(1, mine);
    knowsAnEarlierRun.check(1, mine);
    for (Greeting knows : List.of(knowsALaterRun, knowsATwin)) {
      assertTrue(
          assertThrows(EngineException.class, () -> knows.check(1, mine)).getMessage().contains("old copy"));
    }
  }

  @Test
  void when_aMemberKnowsAnotherDirectoryOrARemoval_then_theNodeIsRefused() throws Exception {
    final KnownDirectory mine = shown(claim("c", 1).identity(), 5);
    final KnownDirectory other = new KnownDirectory(UUID.randomUUID(), 0);

    assertThrows(EngineException.class, () -> greeting(other).check(1, mine));
    assertThrows(
        EngineException.class, () -> greeting(new KnownDirectory(mine.directory(), 0, true)).check(1, mine));
    greeting(new KnownDirectory(other.directory(), 0, true)).check(1, mine);
    assertThrows(EngineException.class, () -> new Greeting(1, true, true, Optional.empty()).check(1, mine));
  }

  @Test
  void when_aNodeShowsAnotherDirectoryThanBefore_then_aMemberRemembersTheFirstAlsoAfterARestart() throws Exception {
    final KnownDirectory first = new KnownDirectory(UUID.randomUUID(), 7L << 20);
    final KnownDirectory second = new KnownDirectory(UUID.randomUUID(), 1L << 20);
    final KnownDirectory older = new KnownDirectory(first.directory(), 6L << 20);
    assertEquals(Optional.empty(), claim("c", 1).introduce(2, first, true));

    final IdentityFiles again = claim("c", 1);
    assertEquals(Optional.of(first), again.introduce(2, second, true));
    assertEquals(Optional.of(first), again.introduce(2, older, true));
    assertEquals(Optional.empty(), again.introduce(2, new KnownDirectory(first.directory(), 8L << 20), true));
    assertEquals(Optional.empty(), again.introduce(2, second, false), "not binding: it takes the place of the first");
    assertEquals(second, again.identity().introduced().get(2));
  }

  private static KnownDirectory shown(Identity identity, long random) {
    return new KnownDirectory(identity.directory(), identity.start() << 20 | random);
  }

  private static Greeting greeting(KnownDirectory known) {
    return new Greeting(2, true, true, Optional.of(known));
  }

  @Test
  void when_aGreetingTravels_then_itArrivesAsItWasSent() {
    final Greeting sent =
        new Greeting(3, true, false, Optional.of(new KnownDirectory(UUID.randomUUID(), 42, true)));
    assertEquals(sent, Greeting.decode(sent.encode()));
    final Greeting nothing = new Greeting(3, false, false, Optional.empty());
    assertEquals(nothing, Greeting.decode(nothing.encode()));
  }
}
