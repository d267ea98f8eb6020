package org.pgraft.consensus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The names of the log's segments across a power cut. */
final class LogSegmentsTest {
  private final List<Path> synced = new ArrayList<>();
  private final LogSegments segments = new LogSegments(synced::add);

  @TempDir private Path log;

  @Test
  void when_aClosedSegmentHasItsOldNameBack_then_itIsClosedAgain() throws IOException {
    make("log_0-9", "log_inprogress_10", "log_inprogress_25", "raft-meta");
    segments.open(log);
    assertEquals(List.of("log_0-9", "log_10-24", "log_inprogress_25", "raft-meta"), names());
    assertEquals(List.of(log), synced);
  }

  @Test
  void when_theNextSegmentIsClosedToo_then_theOldNameEndsBeforeIt() throws IOException {
    make("log_inprogress_0", "log_7-9", "log_inprogress_10");
    segments.open(log);
    assertEquals(List.of("log_0-6", "log_7-9", "log_inprogress_10"), names());
  }

  @Test
  void when_allIsAsItShouldBe_then_noNameChanges() throws IOException {
    make("log_0-9", "log_inprogress_10");
    segments.open(log);
    assertEquals(List.of("log_0-9", "log_inprogress_10"), names());
  }

  @Test
  void when_aSegmentBegins_then_itsNameIsDurableBeforeTheFlushAndOnlyOnce() throws IOException {
    make("log_inprogress_0");
    segments.open(log);
    segments.beforeFlush();
    assertEquals(1, synced.size());
    Files.move(log.resolve("log_inprogress_0"), log.resolve("log_0-4"));
    make("log_inprogress_5");
    segments.beforeFlush();
    segments.beforeFlush();
    assertEquals(2, synced.size());
  }

  @Test
  void when_theDirectoryCannotBeSynced_then_theFlushFailsEachTime() throws IOException {
    final LogSegments failing =
        new LogSegments(
            directory -> {
              throw new IOException("no");
            });
    make("log_inprogress_0");
    assertThrows(IOException.class, () -> failing.open(log));
    assertThrows(IOException.class, failing::beforeFlush);
    assertThrows(IOException.class, failing::beforeFlush);
  }

  private void make(String... files) throws IOException {
    for (String file : files) {
      Files.writeString(log.resolve(file), file);
    }
  }

  private List<String> names() throws IOException {
    try (Stream<Path> files = Files.list(log)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }
}
