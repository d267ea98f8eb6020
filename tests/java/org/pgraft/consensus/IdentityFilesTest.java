package org.pgraft.consensus;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
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
  private static final long STEP = 1L << 20;
  private static final long RUN = 7 * STEP;

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
  void when_theSameNodeComesBack_then_itIsTheSameDirectoryAndKnowsItsLastRun() throws Exception {
    final IdentityFiles first = claim("c", 1);
    first.beginRun(RUN);

    assertEquals(first.identity(), claim("c", 1).identity());
    assertEquals(RUN, claim("c", 1).identity().run());
  }

  @Test
  void when_aDirectoryIsClaimedWithoutARun_then_itStaysAsItIs() throws Exception {
    claim("c", 1).beginRun(RUN);
    final byte[] before = Files.readAllBytes(directory.resolve("identity"));
    claim("c", 1);

    assertArrayEquals(before, Files.readAllBytes(directory.resolve("identity")), "who is refused leaves no trace");
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
    final ShownDirectory shown = new ShownDirectory(UUID.randomUUID(), 0, RUN);
    fails[0] = true;
    assertThrows(IOException.class, () -> files.introduce(2, shown, true));
    assertThrows(IOException.class, files::becomeMember);
    Files.delete(directory.resolve("identity"));
    fails[0] = false;
    assertTrue(files.introduce(2, shown, true).isEmpty());
    files.becomeMember();

    final IdentityFiles again = claim("c", 1);
    assertTrue(again.identity().member());
    assertEquals(Map.of(2, shown.known()), again.identity().introduced());
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
  void when_aMemberKnowsAnotherRunThanTheLastOfTheDirectory_then_itIsAnOldCopyHoweverOftenItComes() throws Exception {
    final ShownDirectory mine = new ShownDirectory(claim("c", 1).identity().directory(), RUN + 3, RUN + STEP + 5);
    for (long known : List.of(mine.previous(), mine.run(), RUN - STEP)) {
      greeting(new KnownDirectory(mine.directory(), known)).check(1, mine);
    }
    for (long known : List.of(RUN + 4, RUN + STEP, RUN + STEP + 6, RUN + 2 * STEP)) {
      final Greeting knows = greeting(new KnownDirectory(mine.directory(), known));
      assertTrue(
          assertThrows(EngineException.class, () -> knows.check(1, mine)).getMessage().contains("old copy"));
    }
  }

  @Test
  void when_aMemberKnowsAnotherDirectoryOrARemoval_then_theNodeIsRefused() throws Exception {
    final ShownDirectory mine = new ShownDirectory(claim("c", 1).identity().directory(), 0, RUN);
    final KnownDirectory other = new KnownDirectory(UUID.randomUUID(), 0);

    assertThrows(EngineException.class, () -> greeting(other).check(1, mine));
    assertThrows(
        EngineException.class, () -> greeting(new KnownDirectory(mine.directory(), 0, true)).check(1, mine));
    greeting(new KnownDirectory(other.directory(), 0, true)).check(1, mine);
    assertThrows(EngineException.class, () -> new Greeting(1, true, true, Optional.empty()).check(1, mine));
  }

  @Test
  void when_aNodeShowsAnotherDirectoryThanBefore_then_aMemberRemembersTheFirstAlsoAfterARestart() throws Exception {
    final ShownDirectory first = new ShownDirectory(UUID.randomUUID(), 0, RUN);
    final ShownDirectory second = new ShownDirectory(UUID.randomUUID(), 0, STEP);
    final ShownDirectory older = new ShownDirectory(first.directory(), RUN - STEP, RUN + 9);
    final ShownDirectory next = new ShownDirectory(first.directory(), RUN, RUN + STEP);
    final Optional<KnownDirectory> known = Optional.of(first.known());
    assertEquals(Optional.empty(), claim("c", 1).introduce(2, first, true));

    final IdentityFiles again = claim("c", 1);
    assertEquals(known, again.introduce(2, second, true));
    assertEquals(known, again.introduce(2, older, true));
    assertEquals(known, again.objection(2, older), "the same when it only asks");
    assertEquals(Optional.empty(), again.objection(2, next));
    assertEquals(known, again.objection(2, older), "who only asks is not noted");
    assertEquals(Optional.empty(), again.introduce(2, next, true));
    assertEquals(Optional.empty(), again.introduce(2, second, false), "not binding: it takes the place of the first");
    assertEquals(second.known(), again.identity().introduced().get(2));
  }

  @Test
  void when_aMemberCameBackWithAnotherDirectory_then_theMemberTableTakesThePlaceOfTheNote() throws Exception {
    final IdentityFiles files = claim("c", 1);
    final KnownDirectory gone = new KnownDirectory(UUID.randomUUID(), RUN);
    final KnownDirectory entered = new KnownDirectory(UUID.randomUUID(), STEP);
    files.becomeMember();
    for (int node : List.of(2, 3)) {
      files.introduce(node, new ShownDirectory(gone.directory(), 0, RUN), true);
    }
    final Map<Integer, String> members = Map.of(1, "a:1", 2, "b:1");

    files.rememberMembers(members, id -> Optional.of(new KnownDirectory(entered.directory(), STEP, true)));
    assertEquals(gone, claim("c", 1).identity().introduced().get(2), "an entry of a removed node says nothing");
    files.rememberMembers(members, id -> Optional.of(new KnownDirectory(gone.directory(), 0)));
    assertEquals(gone, claim("c", 1).identity().introduced().get(2), "the same directory in a newer run");
    files.rememberMembers(members, id -> Optional.of(entered));

    final Identity identity = claim("c", 1).identity();
    assertEquals(members, identity.members());
    assertEquals(entered, identity.introduced().get(2));
    assertEquals(gone, identity.introduced().get(3), "node 3 is not among the members");
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
