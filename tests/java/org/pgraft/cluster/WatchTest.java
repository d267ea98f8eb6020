package org.pgraft.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

/** Changes reach those who wait for them: each once, in order, on every node, whatever happens to the leader. */
final class WatchTest extends ClusterTest {
  private static final int WRITES = 200;

  @Test
  void when_a_key_changes_then_who_waits_on_any_node_is_told_at_once() throws Exception {
    TestCluster cluster = cluster(3);
    for (TestNode node : cluster.nodes()) {
      CompletableFuture<List<List<String>>> told = CompletableFuture.supplyAsync(() -> watch(node, "door/" + node, 0, 60_000));
      Await.until("a session of " + node + " waits", () -> node.number(
          "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pgraft_kv_watch%' AND wait_event_type = 'Extension'"
              + " AND pid <> pg_backend_pid()") == 1);
      // a look of its own comes once a second only, and the wait would be over after a minute
      cluster.leader().put("window/" + node, "open");
      cluster.leader().put("door/" + node, "open");
      List<String> row = told.get().get(0);
      assertEquals(List.of("put", "door/" + node, "open"), row.subList(1, 4));
    }
  }

  @Test
  void when_leaders_die_and_history_goes_by_snapshots_then_nobody_misses_or_doubles_a_change() throws Exception {
    TestCluster cluster = cluster(3, Map.of("pgraft.command_timeout", "30s", "pgraft.snapshot_interval", "100"));
    TestNode writer = cluster.node(1);
    long start = writer.number("SELECT pgraft_kv_revision()") + 1;
    AtomicBoolean over = new AtomicBoolean();
    List<CompletableFuture<List<String>>> watchers = new ArrayList<>();
    for (TestNode node : cluster.nodes()) {
      watchers.add(CompletableFuture.supplyAsync(() -> follow(node, start, over)));
    }
    for (int i = 0; i < WRITES; i++) {
      if (i % 50 == 25) {
        TestNode leader = cluster.leader();
        if (!leader.equals(writer)) {
          leader.kill();
          leader.start();
        }
      }
      writer.put("count", Integer.toString(i));
      writer.put("noise", Integer.toString(i));
    }
    over.set(true);
    List<String> expected = new ArrayList<>();
    for (int i = 0; i < WRITES; i++) {
      expected.add(Integer.toString(i));
    }
    for (CompletableFuture<List<String>> watcher : watchers) {
      assertEquals(expected, watcher.get());
    }
  }

  @Test
  void when_many_wait_and_the_worker_dies_then_all_are_told_of_the_next_change() throws Exception {
    TestNode node = cluster(1).node(1);
    List<CompletableFuture<List<List<String>>>> told = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      told.add(CompletableFuture.supplyAsync(() -> watch(node, "bell", 0, 90_000)));
    }
    Await.until("all wait", () -> node.number(
        "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pgraft_kv_watch%' AND wait_event_type = 'Extension'"
            + " AND pid <> pg_backend_pid()") == 40);
    node.signal(node.worker(), "ABRT");
    Await.until("it writes again", () -> {
      node.put("bell", "rings");
      return true;
    });
    for (CompletableFuture<List<List<String>>> waiting : told) {
      assertEquals("rings", waiting.get().get(0).get(3));
    }
  }

  /** What an application does: goes on behind what it has seen, on whatever node, until the last write has come. */
  private static List<String> follow(TestNode node, long start, AtomicBoolean over) {
    List<String> seen = new ArrayList<>();
    long from = start;
    while (!(over.get() && seen.contains(Integer.toString(WRITES - 1)))) {
      try (Session session = node.connect()) {
        for (List<String> row : session.rows("SELECT * FROM pgraft_kv_watch('count', ?, 2000)", from)) {
          if (!row.get(1).equals("progress")) {
            seen.add(row.get(3));
          }
          from = Long.parseLong(row.get(0)) + 1;
        }
      } catch (SQLException e) {
        pause();
      }
    }
    return seen;
  }

  private static void pause() {
    try {
      Thread.sleep(100);
    } catch (InterruptedException e) {
      throw new CompletionException(e);
    }
  }

  private static List<List<String>> watch(TestNode node, String prefix, long from, int timeout) {
    try (Session session = node.connect()) {
      List<List<String>> rows = session.rows("SELECT * FROM pgraft_kv_watch(?, ?, ?)", prefix, from, timeout);
      assertTrue(rows.size() > 0);
      return rows;
    } catch (SQLException e) {
      throw new CompletionException(e);
    }
  }
}
