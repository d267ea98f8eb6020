package org.pgraft.consensus;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.apache.ratis.server.protocol.TermIndex;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The log's segments across a power cut, a purge that did not finish, and damage. */
final class LogSegmentsTest {
  private static final long NO_SNAPSHOT = -1;

  private final List<Path> synced = new ArrayList<>();
  private final LogSegments segments = new LogSegments(synced::add);

  @TempDir private Path log;

  @Test
  void when_aClosedSegmentHasItsOldNameBack_then_itIsClosedAgain() throws IOException {
    make("log_0-9", 0, 9);
    make("log_inprogress_10", 10, 24);
    make("log_inprogress_25", 25, 26);
    Files.writeString(log.resolve("raft-meta"), "");
    assertEquals(TermIndex.valueOf(1, 26), segments.open(log, NO_SNAPSHOT));
    assertEquals(List.of("log_0-9", "log_10-24", "log_inprogress_25", "raft-meta"), names());
    assertEquals(List.of(log), synced);
  }

  @Test
  void when_theNextSegmentIsClosedToo_then_theOldNameEndsBeforeIt() throws IOException {
    make("log_inprogress_0", 0, 6);
    make("log_7-9", 7, 9);
    make("log_inprogress_10", 10, 10);
    segments.open(log, NO_SNAPSHOT);
    assertEquals(List.of("log_0-6", "log_7-9", "log_inprogress_10"), names());
  }

  @Test
  void when_allIsAsItShouldBe_then_noNameChanges() throws IOException {
    make("log_0-9", 0, 9);
    make("log_inprogress_10", 10, 12);
    segments.open(log, NO_SNAPSHOT);
    assertEquals(List.of("log_0-9", "log_inprogress_10"), names());
  }

  @Test
  void when_theLogIsOpened_then_theOpenSegmentIsANewFileWithTheSameEntries() throws IOException {
    // what the kernel could not write to the old file it may have forgotten
    make("log_inprogress_0", 0, 5);
    final byte[] before = Files.readAllBytes(log.resolve("log_inprogress_0"));
    final Object inode = Files.getAttribute(log.resolve("log_inprogress_0"), "unix:ino");
    segments.open(log, NO_SNAPSHOT);
    assertArrayEquals(before, Files.readAllBytes(log.resolve("log_inprogress_0")));
    assertNotEquals(inode, Files.getAttribute(log.resolve("log_inprogress_0"), "unix:ino"));
  }

  @Test
  void when_theLastWriteDidNotFinish_then_itIsCutOff() throws IOException {
    final Path open = make("log_inprogress_0", 0, 5);
    final int whole = Segments.of(0, 4).length;
    final int size = Segments.of(0, 5).length;
    for (int cut = whole + 1; cut < size; cut++) {
      Files.write(open, Arrays.copyOf(Segments.of(0, 5), cut));
      assertEquals(TermIndex.valueOf(1, 4), segments.open(log, NO_SNAPSHOT), "at byte " + cut);
      Files.write(open, Arrays.copyOf(Arrays.copyOf(Segments.of(0, 5), cut), 65536));
      assertEquals(TermIndex.valueOf(1, 4), segments.open(log, NO_SNAPSHOT), "at byte " + cut + ", with zeros behind");
    }
    assertEquals(whole, Files.size(open));
  }

  @Test
  void when_aSectorOfTheLastWriteIsMissing_then_itIsCutOff() throws IOException {
    final byte[] bytes = Arrays.copyOf(Segments.of(0, 5), 65536);
    final int begin = Segments.of(0, 4).length;
    final int sector = (begin / 512 + 1) * 512;
    assertTrue(Segments.of(0, 5).length > sector + 512, "the last entry has a whole sector");
    Arrays.fill(bytes, sector, sector + 512, (byte) 0);
    Files.write(log.resolve("log_inprogress_0"), bytes);
    assertEquals(TermIndex.valueOf(1, 4), segments.open(log, NO_SNAPSHOT));
  }

  @Test
  void when_anyByteOfTheOpenSegmentIsAnother_then_noEntryIsDropped() throws IOException {
    final byte[] whole = Arrays.copyOf(Segments.of(0, 3), Segments.of(0, 3).length + 100);
    final Path open = log.resolve("log_inprogress_0");
    for (int at = 0; at < Segments.of(0, 3).length; at++) {
      final byte[] flipped = whole.clone();
      flipped[at] ^= (byte) (1 << at % 8);
      Files.write(open, flipped);
      final DamagedFileException damaged =
          assertThrows(DamagedFileException.class, () -> segments.open(log, NO_SNAPSHOT), "byte " + at);
      assertTrue(damaged.getMessage().contains(open.toString()), damaged.getMessage());
    }
  }

  @Test
  void when_anyBitOfTheLastLengthIsAnother_then_theEntryIsNotTakenForUnfinished() throws IOException {
    final byte[] whole = Arrays.copyOf(Segments.of(0, 3), 65536);
    final int length = Segments.of(0, 2).length;
    for (int bit = 0; bit < 16; bit++) {
      final byte[] flipped = whole.clone();
      flipped[length + bit / 8] ^= (byte) (1 << bit % 8);
      Files.write(log.resolve("log_inprogress_0"), flipped);
      assertThrows(DamagedFileException.class, () -> segments.open(log, NO_SNAPSHOT), "bit " + bit);
    }
  }

  @Test
  void when_aBlockInTheMiddleIsZero_then_thatIsDamage() throws IOException {
    final byte[] bytes = Segments.of(0, 9);
    Arrays.fill(bytes, bytes.length / 2, bytes.length / 2 + 512, (byte) 0);
    Files.write(log.resolve("log_inprogress_0"), bytes);
    assertThrows(DamagedFileException.class, () -> segments.open(log, NO_SNAPSHOT));
  }

  @Test
  void when_whatWasCutOffIsBackAfterAPowerCut_then_itIsCutOffAgain() throws IOException {
    // entry 10 was an earlier leader's; the segment was cut to 9, closed, and the log went on with another entry 10
    make("log_inprogress_0", 0, 10);
    make("log_inprogress_10", 10, 11);
    assertEquals(TermIndex.valueOf(1, 11), segments.open(log, NO_SNAPSHOT));
    assertArrayEquals(Segments.of(0, 9), Files.readAllBytes(log.resolve("log_0-9")));

    make("log_0-9", 0, 10);
    assertEquals(TermIndex.valueOf(1, 11), segments.open(log, NO_SNAPSHOT));
    assertArrayEquals(Segments.of(0, 9), Files.readAllBytes(log.resolve("log_0-9")));
  }

  @Test
  void when_aClosedSegmentIsShorterThanItsName_then_thatIsDamage() throws IOException {
    make("log_0-9", 0, 8);
    make("log_inprogress_10", 10, 12);
    assertThrows(DamagedFileException.class, () -> segments.open(log, NO_SNAPSHOT));
    Files.write(log.resolve("log_0-9"), new byte[0]);
    assertThrows(DamagedFileException.class, () -> segments.open(log, NO_SNAPSHOT));
    assertTrue(Files.exists(log.resolve("log_0-9")), "it is left as it is");
  }

  @Test
  void when_aSegmentIsMissing_then_thatIsDamageUnlessTheSnapshotHasWhatWasBeforeIt() throws IOException {
    make("log_0-9", 0, 9);
    make("log_inprogress_15", 15, 16);
    assertThrows(DamagedFileException.class, () -> segments.open(log, NO_SNAPSHOT));
    assertThrows(DamagedFileException.class, () -> segments.open(log, 13));
    assertEquals(List.of("log_0-9", "log_inprogress_15"), names());
    assertEquals(TermIndex.valueOf(1, 16), segments.open(log, 14));
    assertEquals(List.of("log_inprogress_15"), names());
  }

  @Test
  void when_aSegmentBegins_then_itsNameIsDurableBeforeTheFlushAndOnlyOnce() throws IOException {
    make("log_inprogress_0", 0, 4);
    segments.open(log, NO_SNAPSHOT);
    segments.beforeFlush();
    segments.beforeFlush();
    assertEquals(2, synced.size(), "at the opening, and before the first flush");
    Files.move(log.resolve("log_inprogress_0"), log.resolve("log_0-4"));
    make("log_inprogress_5", 5, 5);
    segments.beforeFlush();
    segments.beforeFlush();
    assertEquals(3, synced.size());
  }

  @Test
  void when_theLogIsCutOffAndBeginsAgainUnderTheSameName_then_thatIsMadeDurable() throws IOException {
    make("log_inprogress_5", 5, 9);
    segments.open(log, 4);
    segments.beforeFlush();
    assertEquals(2, synced.size());
    Files.delete(log.resolve("log_inprogress_5"));
    make("log_inprogress_5", 5, 5);
    segments.beforeFlush();
    segments.beforeFlush();
    assertEquals(3, synced.size());
    segments.close();
  }

  @Test
  void when_theDirectoryCannotBeSynced_then_theFlushFailsEachTime() throws IOException {
    final LogSegments failing =
        new LogSegments(
            directory -> {
              throw new IOException("no");
            });
    make("log_inprogress_0", 0, 0);
    assertThrows(IOException.class, () -> failing.open(log, NO_SNAPSHOT));
    assertThrows(IOException.class, failing::beforeFlush);
    assertThrows(IOException.class, failing::beforeFlush);
  }

  private Path make(String name, long first, long last) throws IOException {
    return Files.write(log.resolve(name), Segments.of(first, last));
  }

  private List<String> names() throws IOException {
    try (Stream<Path> files = Files.list(log)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }
}
