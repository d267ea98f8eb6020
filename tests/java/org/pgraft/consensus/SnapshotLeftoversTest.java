package org.pgraft.consensus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What interrupted snapshots of the leader leave in Ratis' directory. */
final class SnapshotLeftoversTest {
  private static final FileTime EARLIER = FileTime.fromMillis(1_000_000);
  private static final FileTime LATER = FileTime.fromMillis(2_000_000);

  @TempDir Path group;

  private Path file(String path, FileTime changed) throws IOException {
    final Path file = group.resolve(path);
    Files.createDirectories(file.getParent());
    Files.writeString(file, path);
    for (Path each = file; !each.equals(group); each = each.getParent()) {
      Files.setLastModifiedTime(each, changed);
    }
    return file;
  }

  private List<String> names() throws IOException {
    try (Stream<Path> found = Files.walk(group)) {
      return found.filter(Files::isRegularFile).map(path -> group.relativize(path).toString()).sorted().toList();
    }
  }

  @Test
  void when_transfersWereGivenUp_then_theyAreRemoved_andThatWhichGoesOnIsNot() throws Exception {
    file("tmp/snapshot-1/sm/snapshot.1_10", EARLIER);
    file("tmp/other", EARLIER);
    file("tmp/snapshot-2/sm/snapshot.1_10", LATER);
    SnapshotLeftovers.removeAborted(group.resolve("tmp"), LATER);

    assertEquals(List.of("tmp/other", "tmp/snapshot-2/sm/snapshot.1_10"), names());
    assertFalse(Files.exists(group.resolve("tmp/snapshot-1")));
  }

  @Test
  void when_aSnapshotWasNotPutInPlace_then_thatOfBeforeIsThereAgain() throws Exception {
    file("sm.tmp20261129_100000/snapshot.1_10", EARLIER);
    file("sm.tmp20261128_100000/snapshot.1_5", EARLIER);
    SnapshotLeftovers.putBack(group.resolve("sm"));

    assertEquals(List.of("sm/snapshot.1_10"), names());
  }

  @Test
  void when_aSnapshotWasPutInPlace_then_thatOfBeforeIsRemoved() throws Exception {
    file("sm/snapshot.1_20", EARLIER);
    file("sm.tmp20261129_100000/snapshot.1_10", EARLIER);
    SnapshotLeftovers.putBack(group.resolve("sm"));

    assertEquals(List.of("sm/snapshot.1_20"), names());
  }

  @Test
  void when_thereIsNothing_then_nothingHappens() throws Exception {
    SnapshotLeftovers.putBack(group.resolve("sm"));
    SnapshotLeftovers.removeAborted(group.resolve("tmp"), LATER);

    assertTrue(names().isEmpty());
  }
}
