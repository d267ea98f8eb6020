package org.pgraft.consensus;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** However much is written, the engines' directories stay within what the settings say. The run is drawn as a curve. */
final class DiskUseTest extends EngineFixture {
  private static final int NODES = 3;
  private static final int KEYS = 10;
  private static final int ENTRY_BYTES = 100_000;
  private static final int INTERVAL = 100;
  private static final int KEPT_ENTRIES = 50;
  private static final int KEPT_REVISIONS = 100;
  private static final int ENTRIES = 2_000;
  private static final int ENTRIES_PER_SAMPLE = 20;
  private static final int SEGMENT_BYTES = 4 << 20;

  /** A snapshot is written beside the log and history is dropped once a second; so much may be written meanwhile. */
  private static final int SLACK_ENTRIES = 200;

  private static final long LOG_MAX = (long) (INTERVAL + KEPT_ENTRIES + SLACK_ENTRIES) * ENTRY_BYTES + 2 * SEGMENT_BYTES;

  /** History is dropped in portions of what is kept, and pages of LMDB are not filled to the last byte. */
  private static final long STORE_MAX = (long) (2 * KEPT_REVISIONS + SLACK_ENTRIES) * ENTRY_BYTES * 3 / 2;

  /** Two that are kept and one that is being made. */
  private static final long SNAPSHOTS_MAX = 3 * STORE_MAX;

  /** The sizes of one node's directories, in bytes, when so many entries were written. */
  record Sample(int entries, long log, long store, long snapshots) {
    private long total() {
      return log + store + snapshots;
    }
  }

  @Test
  void when_far_more_is_written_than_is_kept_then_disk_use_stays_bounded() throws Exception {
    start();
    final TestEngine writer = engines.get(0);
    final String padding = "v".repeat(ENTRY_BYTES);
    final List<Sample> curve = new ArrayList<>();
    for (int written = 1; written <= ENTRIES; written++) {
      writer.put("k" + written % KEYS, written + padding);
      if (written % ENTRIES_PER_SAMPLE == 0) {
        curve.add(check(1, written));
        check(2, written);
        check(3, written);
      }
    }
    final Sample most = curve.stream().reduce((a, b) -> a.total() > b.total() ? a : b).orElseThrow();
    final Path drawing = Path.of("target", "disk-use.svg");
    Files.writeString(drawing, DiskUseCurve.draw(curve, ENTRY_BYTES));
    System.out.println("node 1's directory at its largest: " + most + "; the curve is in " + drawing);
    assertTrue(most.total() < (long) ENTRIES * ENTRY_BYTES, "there was as much as was written: " + most);
  }

  private void start() throws Exception {
    final int[] ports = TestEngine.freePorts(NODES);
    final StringBuilder members = new StringBuilder();
    for (int node = 1; node <= NODES; node++) {
      members.append(node > 1 ? "," : "").append("n").append(node).append("=127.0.0.1:").append(ports[node - 1]);
    }
    for (int node = 1; node <= NODES; node++) {
      engines.add(
          new TestEngine(
                  temp, node, "name=n" + node, "initial_cluster=" + members, "snapshot_interval=" + INTERVAL,
                  "max_log_entries=" + KEPT_ENTRIES, "compaction_threshold=" + KEPT_REVISIONS)
              .start());
    }
    TestEngine.await("a lease holder", () -> engines.stream().anyMatch(TestEngine::holdsLease));
  }

  private Sample check(int node, int entries) {
    final File directory = temp.resolve("pgdata" + node + ".pgraft").toFile();
    long log = 0;
    long snapshots = bytes(new File(directory, "snapshot"));
    for (File group : list(new File(directory, "raft"))) {
      log += bytes(new File(group, "current"));
      snapshots += bytes(new File(group, "sm"));
    }
    final Sample sample = new Sample(entries, log, bytes(new File(directory, "store")), snapshots);
    final String seen = "node " + node + ": " + sample;
    assertTrue(sample.log() > 0 && sample.store() > 0, seen);
    assertTrue(sample.log() <= LOG_MAX, () -> "the log exceeds " + LOG_MAX + " bytes, " + seen);
    assertTrue(sample.store() <= STORE_MAX, () -> "the store exceeds " + STORE_MAX + " bytes, " + seen);
    assertTrue(sample.snapshots() <= SNAPSHOTS_MAX, () -> "the snapshots exceed " + SNAPSHOTS_MAX + " bytes, " + seen);
    return sample;
  }

  /** The bytes of all files below; what goes while this looks counts nothing. */
  private static long bytes(File directory) {
    long sum = 0;
    for (File file : list(directory)) {
      sum += file.isDirectory() ? bytes(file) : file.length();
    }
    return sum;
  }

  private static File[] list(File directory) {
    final File[] files = directory.listFiles();
    return files == null ? new File[0] : files;
  }
}
