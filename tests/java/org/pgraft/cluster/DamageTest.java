package org.pgraft.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Files of the engine are damaged. A node either refuses to start its engine, names the file and the way out, or it has
 * the same as the others in the end; never anything else, and neither a session nor the server dies of it.
 */
@Tag("long")
final class DamageTest extends ClusterTest {
  private static final String LOG = "raft/*/current/";
  private static final String SNAPSHOTS = "raft/*/sm/";

  // Snapshots and closed segments are of entries with at least two digits, which tells them from their checksums.

  // What a node makes of each damage that its file has when it starts. Of vote and configuration it keeps a copy for when they
  // are empty, which is what Ratis makes of them when it cannot write.
  private static final String AFTER_A_CLEAN_STOP = """
      file                          TRUNCATED  FLIPPED   ZEROED    EMPTIED   DELETED
      identity                      refuses    refuses   -         refuses   refuses
      current/raft-meta             refuses    -         -         recovers  refuses
      current/raft-meta.conf        refuses    refuses   -         recovers  refuses
      current/log_inprogress_*      refuses    refuses   refuses   refuses   refuses
      current/log_*-*               refuses    refuses   -         refuses   refuses
      sm/snapshot.*_*[0-9][0-9]     refuses    refuses   -         refuses   recovers
      sm/snapshot.*.md5             refuses    refuses   -         refuses   recovers
      store/[0-9]*/data.mdb         refuses    refuses   refuses   refuses   recovers
      store/[0-9]*/lock.mdb         recovers   -         recovers  -         recovers
      store/mark                    recovers   -         -         recovers  recovers
      """;

  // The same after kill -9, when the log was not closed.
  private static final String AFTER_A_CRASH = """
      file                          FLIPPED    ZEROED
      current/log_inprogress_*      refuses    refuses
      """;

  @Test
  @Timeout(value = 20, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void when_a_file_is_damaged_then_the_node_refuses_and_names_it_or_recovers() throws Exception {
    TestCluster cluster = cluster(3, Map.of("pgraft.snapshot_interval", "150", "pgraft.max_log_entries", "100"));
    fill(cluster);
    List<String> wrong = new ArrayList<>();
    for (Case one : cases(AFTER_A_CLEAN_STOP)) {
      check(cluster, one, false, wrong);
    }
    for (Case one : cases(AFTER_A_CRASH)) {
      check(cluster, one, true, wrong);
    }
    assertTrue(wrong.isEmpty(), () -> String.join("\n", wrong));
    cluster.assertSameStores();
  }

  /** A line and a column of a table. */
  private record Case(String file, Damage.Kind kind, boolean refuses) {}

  private static List<Case> cases(String table) {
    List<Case> cases = new ArrayList<>();
    List<String> lines = table.lines().toList();
    String[] damages = lines.get(0).split(" +");
    for (String line : lines.subList(1, lines.size())) {
      String[] ends = line.split(" +");
      for (int i = 1; i < ends.length; i++) {
        if (ends[i].equals("-")) {
          continue;
        }
        cases.add(new Case(ends[0], Damage.Kind.valueOf(damages[i]), ends[i].equals("refuses")));
      }
    }
    return cases;
  }

  /** Logs and snapshots with something in them: terms change, so that there are closed segments, too. */
  private static void fill(TestCluster cluster) throws Exception {
    for (int i = 0; i < 3; i++) {
      TestNode leader = cluster.leader();
      for (int j = 0; j < 60; j++) {
        leader.put("key/" + i + "/" + j, "v".repeat(300) + j);
      }
      if (i > 0) {
        leader.rows("SELECT pgraft_transfer_leadership()");
      }
    }
  }

  private static void check(TestCluster cluster, Case one, boolean crash, List<String> wrong) throws Exception {
    TestNode leader = cluster.leader();
    TestNode node = cluster.others(leader).get(0);
    node.put("before", one.toString());
    if (one.file().startsWith("sm/")) {
      // two of them, so that there is another one when one is gone
      for (int i = 0; i < 2; i++) {
        node.put("snapshot", one.toString() + i);
        Await.until("a snapshot of it", () -> node.number("SELECT pgraft_snapshot()") > 0);
      }
    }
    if (crash) {
      node.kill();
    } else {
      node.stop("fast");
    }
    Damage damage = Damage.to(node, one.file().replace("current/", LOG).replace("sm/", SNAPSHOTS), one.kind());
    node.start();
    boolean refuses;
    try {
      refuses = Await.value(node + " refuses or recovers", () -> end(node, leader, damage), end -> true);
      if (refuses) {
        assertRefused(node, leader);
      }
      if (refuses != one.refuses()) {
        wrong.add(one + " after " + (crash ? "a crash" : "a clean stop") + ": refuses=" + refuses);
      }
    } catch (AssertionError e) {
      wrong.add(one + ": " + e.getMessage());
      refuses = true;
    }
    if (refuses) {
      node.stop("fast");
      damage.putBack();
      node.start();
    }
    Await.until(node + " has the same again", () -> Boolean.FALSE.equals(end(node, leader, damage)));
  }

  /** Whether the node has refused, true, or recovered, false; null as long as it has done neither. */
  private static Boolean end(TestNode node, TestNode leader, Damage damage) throws SQLException {
    if (damage.isRefused()) {
      return true;
    }
    if (!node.text("SELECT pgraft_get_worker_state()").equals("RUNNING")
        || !node.truth("SELECT pgraft_log_sync_with_leader()")) {
      return null;
    }
    long revision = leader.number("SELECT pgraft_kv_revision()");
    String hash = "SELECT hash FROM pgraft_kv_hash(?)";
    assertEquals(leader.text(hash, revision), node.text(hash, revision), () -> node + " has something else");
    return false;
  }

  private static void assertRefused(TestNode node, TestNode leader) throws SQLException {
    assertFalse(node.leads());
    String message = node.text("SELECT message FROM pgraft_node_status()");
    assertTrue(message.contains("emove"), () -> "no way out in: " + message);
    try (Session session = node.connect()) {
      String state = session.failure("SELECT pgraft_kv_put('refused', 'yes')").getSQLState();
      assertTrue(List.of("55000", "PGR01").contains(state), () -> node + " answered with " + state);
    }
    leader.put("others", "go on");
  }

  @Test
  void when_the_store_is_truncated_under_64_readers_then_none_dies_and_it_is_made_anew() throws Exception {
    damageUnderReaders("truncate -s 8192 \"$1\"");
  }

  @Test
  void when_the_store_is_overwritten_under_64_readers_then_none_dies_and_it_is_made_anew() throws Exception {
    // all but the two pages by which LMDB begins
    damageUnderReaders("size=$(stat -c %s \"$1\"); dd if=/dev/urandom of=\"$1\" bs=4096 seek=2"
        + " count=$((size / 4096 - 2)) conv=notrunc status=none");
  }

  private void damageUnderReaders(String damage) throws Exception {
    TestCluster cluster = cluster(3);
    fill(cluster);
    TestNode node = cluster.follower();
    try (Session session = node.connect()) {
      session.run("SET pgraft.read_consistency = local");
      Await.until("it has all keys", () -> session.number(Readers.COUNT_KEYS) == Readers.KEYS);
    }
    String started = node.text("SELECT pg_postmaster_start_time()");
    Readers readers = new Readers(node);
    try {
      Await.until("all read", () -> readers.reading() == Readers.COUNT);
      node.host().run("sh", "-c", damage, "sh", node.host().run("sh", "-c", "ls -d $1", "sh",
          node.engineData() + "/store/[0-9]*/data.mdb").orFail("ls").text().trim()).orFail("damaging the store");
      Await.until("readers meet the damage", () -> readers.damageSeen() > 0);
      int reads = readers.reads();
      Await.until("the store is made anew and read again", () -> readers.reads() > reads + 20 * Readers.COUNT);
    } finally {
      readers.close();
    }
    assertEquals(List.of(), readers.surprises().stream().distinct().toList());
    assertEquals(started, node.text("SELECT pg_postmaster_start_time()"));
    node.awaitState("RUNNING");
    cluster.assertSameStores();
  }

  @Test
  void when_keys_or_changes_are_in_a_wrong_order_then_that_is_damage() throws Exception {
    TestNode node = cluster(1).node(1);
    // until a revision whose bytes mean nothing to sed
    while (node.number("SELECT pgraft_kv_revision()") < 0x60) {
      node.put("filler", "v");
    }
    assertEquals(0x61, node.number("SELECT (pgraft_kv_txn('[]', jsonb_agg(jsonb_build_object('op', 'put', 'key', 'order/' || n,"
        + " 'value', 'v'))) ->> 'revision')::bigint FROM generate_series(1, 3) n"));
    String position = "\\x00".repeat(7) + "\\x61" + "\\x00".repeat(3);
    // a key and its record, so that nothing but the order is wrong
    assertOrderMatters(node, "SELECT key FROM pgraft_kv_list('order/', NULL, NULL, 0, 'local')", "s|order/2|order/4|g");
    assertOrderMatters(node, "SELECT key FROM pgraft_kv_watch('order/', 97, 0)",
        "s|" + position + "\\x02|" + position + "\\x00|g");
  }

  private static void assertOrderMatters(TestNode node, String read, String damage) throws Exception {
    List<List<String>> all = node.rows(read);
    assertEquals(3, all.size());
    node.host().run("sh", "-ec", """
        file=$(ls -d "$1"/store/[0-9]*/data.mdb)
        LC_ALL=C sed "$2" "$file" > "$1.damaged"
        cat "$1.damaged" 1<> "$file"
        """, "sh", node.engineData(), damage).orFail("damaging the store");
    try (Session session = node.connect()) {
      assertEquals("XX001", session.failure(read).getSQLState());
    }
    Await.until("the store is made anew", () -> node.rows(read).equals(all));
  }

  /** Sessions that read a node's own store all the time, each in one connection from the beginning to the end. */
  private static final class Readers {
    static final int COUNT = 64;
    static final String COUNT_KEYS = "SELECT count(value) FROM pgraft_kv_list('key/')";
    static final long KEYS = 180;

    private static final String DATA_CORRUPTED = "XX001";
    private static final List<String> ALLOWED = List.of(DATA_CORRUPTED, "55000", "PGR01");

    private final List<Thread> threads = new ArrayList<>();
    private final Queue<String> surprises = new ConcurrentLinkedQueue<>();
    private final AtomicInteger reading = new AtomicInteger();
    private final AtomicInteger reads = new AtomicInteger();
    private final AtomicInteger damageSeen = new AtomicInteger();
    private volatile boolean stopped;

    Readers(TestNode node) {
      for (int i = 0; i < COUNT; i++) {
        Thread thread = new Thread(() -> read(node), "reader " + i);
        threads.add(thread);
        thread.start();
      }
    }

    private void read(TestNode node) {
      try (Session session = node.connect()) {
        session.run("SET pgraft.read_consistency = local");
        session.run(COUNT_KEYS);
        reading.incrementAndGet();
        while (!stopped) {
          once(session);
        }
      } catch (SQLException e) {
        surprises.add(e.getSQLState() + ": " + e.getMessage());
      }
    }

    private void once(Session session) throws SQLException {
      try {
        long found = session.number(COUNT_KEYS);
        if (found == KEYS) {
          reads.incrementAndGet();
        } else {
          surprises.add(found + " keys instead of " + KEYS);
        }
      } catch (SQLException e) {
        if (!ALLOWED.contains(String.valueOf(e.getSQLState()))) {
          throw e;
        }
        if (DATA_CORRUPTED.equals(e.getSQLState())) {
          damageSeen.incrementAndGet();
        }
      }
    }

    int reading() {
      return reading.get();
    }

    int reads() {
      return reads.get();
    }

    int damageSeen() {
      return damageSeen.get();
    }

    List<String> surprises() {
      return List.copyOf(surprises);
    }

    void close() throws InterruptedException {
      stopped = true;
      for (Thread thread : threads) {
        thread.join();
      }
    }
  }
}
