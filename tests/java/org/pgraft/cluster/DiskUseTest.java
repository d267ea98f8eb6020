package org.pgraft.cluster;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** However much is written, the engine's directory stays within what the settings say. The run is drawn as a curve. */
final class DiskUseTest extends ClusterTest {
  private static final int KEYS = 10;
  private static final int VALUE_BYTES = 10_000;
  private static final int ENTRY_BYTES = KEYS * VALUE_BYTES;
  private static final int INTERVAL = 100;
  private static final int KEPT_ENTRIES = 50;
  private static final int KEPT_REVISIONS = 100;
  private static final int ENTRIES = 2_500;
  private static final int SEGMENT_BYTES = 4 << 20;

  /** A snapshot is written beside the log and history is dropped once a second; so much may be written meanwhile. */
  private static final int SLACK_ENTRIES = 200;

  private static final long LOG_MAX = (long) (INTERVAL + KEPT_ENTRIES + SLACK_ENTRIES) * ENTRY_BYTES + 2 * SEGMENT_BYTES;

  /** Pages of LMDB are not filled to the last byte. */
  private static final long STORE_MAX = (long) (KEPT_REVISIONS + SLACK_ENTRIES) * ENTRY_BYTES * 3 / 2;

  /** Two that are kept and one that is being made. */
  private static final long SNAPSHOTS_MAX = 3 * STORE_MAX;

  /** The sizes of one node's directories, in bytes, when so many entries were written. */
  record Sample(int entries, long log, long store, long snapshots) {}

  @Test
  void when_far_more_is_written_than_is_kept_then_disk_use_stays_bounded() throws Exception {
    TestCluster cluster = cluster(3, Map.of("pgraft.snapshot_interval", "" + INTERVAL,
        "pgraft.max_log_entries", "" + KEPT_ENTRIES, "pgraft.compaction_threshold", "" + KEPT_REVISIONS,
        "pgraft.command_timeout", "30s"));
    TestNode leader = cluster.leader();
    TestNode follower = cluster.follower();
    List<Sample> curve = new ArrayList<>();
    AtomicInteger written = new AtomicInteger();
    try (Session session = leader.connect()) {
      while (written.get() < ENTRIES) {
        session.run("SELECT pgraft_kv_put_many(array_agg('k' || i), array_agg(repeat('v', ?))) "
            + "FROM generate_series(1, ?) i", VALUE_BYTES, KEYS);
        if (written.incrementAndGet() % 50 == 0) {
          curve.add(check(leader, written.get()));
          check(follower, written.get());
        }
      }
    }
    Path drawing = Path.of(System.getProperty("pgraft.test.logs", "target/cluster-logs")).resolveSibling("disk-use.svg");
    Files.writeString(drawing, Curve.draw(curve, ENTRY_BYTES));
    Sample most = curve.stream().reduce((a, b) -> total(a) > total(b) ? a : b).orElseThrow();
    System.out.println("the leader's directory at its largest: " + most + "; the curve is in " + drawing);
    assertTrue(total(most) < (long) ENTRIES * ENTRY_BYTES, "more was written than there ever was");
    cluster.assertSameStores();
  }

  private static long total(Sample sample) {
    return sample.log() + sample.store() + sample.snapshots();
  }

  private static Sample check(TestNode node, int entries) {
    String engine = node.engineData();
    Sample sample = new Sample(entries, bytes(node, engine + "/raft/*/current"), bytes(node, engine + "/store"),
        bytes(node, engine + "/raft/*/sm " + engine + "/snapshot"));
    assertTrue(sample.log() <= LOG_MAX, () -> node + ": the log exceeds " + LOG_MAX + " bytes: " + sample);
    assertTrue(sample.store() <= STORE_MAX, () -> node + ": the store exceeds " + STORE_MAX + " bytes: " + sample);
    assertTrue(sample.snapshots() <= SNAPSHOTS_MAX,
        () -> node + ": the snapshots exceed " + SNAPSHOTS_MAX + " bytes: " + sample);
    return sample;
  }

  /** The bytes of all files in some directories; files that go while this looks are not counted. */
  private static long bytes(TestNode node, String directories) {
    return node.host().run("sh", "-c", "find " + directories + " -type f -printf '%s\\n' 2>/dev/null; true").text().lines()
        .mapToLong(Long::parseLong).sum();
  }
}
