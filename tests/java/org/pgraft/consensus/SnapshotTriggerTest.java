package org.pgraft.consensus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** When snapshots are taken, and that the log is purged behind them, on an engine of its own. */
final class SnapshotTriggerTest {
  private static final int COMPACT = 5;
  private static final String MEGABYTE = "v".repeat(1_000_000);
  private static final long NEVER = -1;

  @TempDir Path temp;
  private TestEngine engine;

  @AfterEach
  void stop() {
    engine.stop();
  }

  private void start(String... settings) throws Exception {
    final String[] all = java.util.Arrays.copyOf(settings, settings.length + 2);
    all[settings.length] = "node_id=1";
    all[settings.length + 1] = "port=" + TestEngine.freePorts(1)[0];
    engine = new TestEngine(temp, 1, all).start();
    engine.init();
    TestEngine.await("the lease", engine::holdsLease);
  }

  private long snapshot() {
    return engine.engine().status().snapshot().index();
  }

  private long firstLogIndex() {
    return engine.engine().status().firstLogIndex();
  }

  @Test
  void when_as_many_entries_as_the_interval_were_applied_then_a_snapshot_is_taken_and_the_log_purged() throws Exception {
    start("snapshot_interval=100", "max_log_entries=10");
    for (int i = 0; i < 80; i++) {
      engine.put("k", "v" + i);
    }
    assertEquals(NEVER, snapshot(), "before the interval is over");
    for (int i = 0; i < 40; i++) {
      engine.put("k", "v" + i);
    }
    TestEngine.await("a snapshot", () -> snapshot() >= 90);
    // whole segments are purged, and the entries of one that is still written stay
    for (int i = 0; i < 24; i++) {
      engine.put("large", MEGABYTE);
    }
    engine.snapshot();
    TestEngine.await("a purged log", () -> firstLogIndex() > 80 && firstLogIndex() <= snapshot());
  }

  @Test
  void when_the_log_outgrows_64_megabytes_and_the_store_then_a_snapshot_is_taken() throws Exception {
    start("snapshot_interval=1000000", "compaction_threshold=1000000");
    long written = 0;
    while (snapshot() == NEVER && written < 150) {
      final long revision = engine.put("k", MEGABYTE);
      written++;
      if (written % 10 == 0) {
        // what is overwritten goes, so that the store stays small while the log grows
        engine.call(TestEngine.request(COMPACT).i64(revision));
      }
      if (written == 60) {
        assertEquals(NEVER, snapshot(), "a log of less than 64 MB needs none");
      }
    }
    TestEngine.await("a snapshot", () -> snapshot() != NEVER);
    assertTrue(written > 60, "a snapshot after " + written + " MB");
    assertTrue(engine.engine().status().store().fileBytes() < 64L << 20, "the store was to stay small");
  }

  @Test
  void when_a_snapshot_is_asked_for_then_it_holds_all_that_was_applied() throws Exception {
    start("snapshot_interval=1000000");
    engine.put("a", "1");
    final long applied = engine.engine().status().appliedIndex();
    final long index = engine.snapshot();
    assertTrue(index >= applied, "a snapshot at " + index + " of what was applied up to " + applied);
    assertEquals(index, snapshot());
  }
}
