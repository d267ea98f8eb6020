package org.pgraft.consensus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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
    claim("c", 1);
    final EngineException refused = assertThrows(EngineException.class, () -> claim("c", 2));
    assertTrue(refused.getMessage().contains("belongs to node 1"), refused.getMessage());
  }

  @Test
  void when_theDirectoryBelongsToAnotherCluster_then_itIsRefused() throws Exception {
    claim("c", 1);
    final EngineException refused = assertThrows(EngineException.class, () -> claim("d", 1));
    assertTrue(refused.getMessage().contains("belongs to cluster \"c\""), refused.getMessage());
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
    final Identity mine = claim("c", 1).identity();
    final Greeting knowsLater =
        new Greeting(2, true, true, Optional.of(new Greeting.KnownDirectory(mine.directory(), mine.start(), false)));
    final Greeting knowsEarlier =
        new Greeting(2, true, true, Optional.of(new Greeting.KnownDirectory(mine.directory(), mine.start() - 1, false)));

    assertTrue(
        assertThrows(EngineException.class, () -> knowsLater.check(mine)).getMessage().contains("old copy"));
    knowsEarlier.check(mine);
  }

  @Test
  void when_aMemberKnowsAnotherDirectoryOrARemoval_then_theNodeIsRefused() throws Exception {
    final Identity mine = claim("c", 1).identity();
    final UUID other = UUID.randomUUID();
    assertNotEquals(other, mine.directory());

    assertThrows(
        EngineException.class,
        () ->
            new Greeting(2, true, true, Optional.of(new Greeting.KnownDirectory(other, 0, false))).check(mine));
    assertThrows(
        EngineException.class,
        () ->
            new Greeting(2, true, false, Optional.of(new Greeting.KnownDirectory(mine.directory(), 0, true)))
                .check(mine));
    assertThrows(
        EngineException.class, () -> new Greeting(1, true, true, Optional.empty()).check(mine));
  }

  @Test
  void when_aGreetingTravels_then_itArrivesAsItWasSent() {
    final Greeting sent =
        new Greeting(3, true, false, Optional.of(new Greeting.KnownDirectory(UUID.randomUUID(), 42, true)));
    assertEquals(sent, Greeting.decode(sent.encode()));
    final Greeting nothing = new Greeting(3, false, false, Optional.empty());
    assertEquals(nothing, Greeting.decode(nothing.encode()));
  }
}
