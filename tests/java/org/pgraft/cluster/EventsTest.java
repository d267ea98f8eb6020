package org.pgraft.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;

/** What happens on a node is told to those who wait for it: all of it, once, in order, and also of the engine's end. */
final class EventsTest extends ClusterTest {
  private static final String WAITING = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pgraft_wait_event%'"
      + " AND wait_event_type = 'Extension' AND pid <> pg_backend_pid()";
  private static final String NOTIFIER = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'pgraft notifier'";

  @Test
  void when_another_node_leads_then_who_waits_on_any_node_is_told_who_and_in_which_term() throws Exception {
    TestCluster cluster = cluster(3);
    TestNode before = cluster.leader();
    TestNode after = cluster.follower();
    List<CompletableFuture<List<String>>> told = new ArrayList<>();
    for (TestNode node : cluster.nodes()) {
      long since = node.number("SELECT max(id) FROM pgraft.events");
      told.add(CompletableFuture.supplyAsync(() -> await(node, since, "node " + after.number() + " leads in term ")));
      Await.until("a session of " + node + " waits", () -> node.number(WAITING) == 1);
    }
    assertTrue(before.truth("SELECT pgraft_transfer_leadership(?)", after.number()));
    Await.until(after + " leads", after::leads);
    long term = after.number("SELECT pgraft_get_term()");

    for (CompletableFuture<List<String>> node : told) {
      List<String> details = node.get();
      assertEquals("node " + after.number() + " leads in term " + term, details.get(details.size() - 1));
    }
    assertEquals("in term " + (term - 1), last(before, "lease_released"));
    assertEquals("in term " + term, last(after, "lease_acquired"));
    assertEquals(0, before.number("SELECT count(*) FROM pgraft.events WHERE kind = 'lease_lost'"));

    // who does not give the lease back loses it
    after.signal(after.worker(), "ABRT");
    Await.until("it is told", () -> "it ended with the worker".equals(last(after, "lease_lost")));
    assertEquals("a library of the worker aborted", last(after, "worker_died"));
    for (TestNode node : cluster.nodes()) {
      assertEquals(0, node.number("SELECT count(*) FROM pgraft.lease_history l FULL JOIN pgraft.events e"
          + " ON e.kind = 'lease_acquired' AND e.detail = 'in term ' || l.term"
          + " WHERE (e.kind = 'lease_acquired' OR e.kind IS NULL) AND (l.term IS NULL OR e.id IS NULL)"),
          node + ": the leases that were told are those that were held");
    }
  }

  @Test
  void when_the_worker_dies_or_the_server_becomes_a_primary_then_listeners_miss_nothing() throws Exception {
    TestNode node = cluster(1, Map.of("pgraft.notify_database", "events", "pgraft.notify_keys", "orders/")).node(1);
    Await.until("the log says what is wrong", () -> node.log().matches(
        "(?s).*database \"events\" does not exist.*HINT: .*pgraft.notify_database.*"));
    try (Session session = node.connect()) {
      session.run("CREATE DATABASE events");
    }

    // a standby knows no notifications, but may wait
    node.stop("fast");
    node.write(node.data() + "/standby.signal", "");
    node.startServer();
    Await.until("it leads", node::leads);
    assertTrue(node.truth("SELECT pg_is_in_recovery()"));
    assertEquals("worker_started", node.text("SELECT kind FROM pgraft_wait_event(0) LIMIT 1"));
    assertEquals(List.of(), node.rows(NOTIFIER));
    long before = node.number("SELECT max(id) FROM pgraft.events");
    assertTrue(node.truth("SELECT pg_promote()"));
    long notifier = Await.value("the notifier begins", () -> node.number(NOTIFIER), pid -> pid > 0);

    try (Session listener = node.connectTo("events"); Session other = node.connect()) {
      hearsOfKeys(listener, other);
      listener.run("LISTEN pgraft_events");
      node.signal(node.worker(), "ABRT");
      List<String> heard = new ArrayList<>();
      hear(listener, heard, "lease_acquired", 1);
      assertTrue(heard.stream().anyMatch(payload -> payload.contains("a library of the worker aborted")), heard::toString);

      // what happens while it is not there comes later
      assertTrue(other.truth("SELECT pg_terminate_backend(?::integer)", notifier));
      Await.until("it is gone", () -> other.rows(NOTIFIER).isEmpty());
      other.run("SELECT pgraft_snapshot()");
      other.run("SELECT pgraft_snapshot()");
      hear(listener, heard, "snapshot_taken", 2);
      assertEquals(
          other.rows("SELECT id, happened_at, kind, detail, run FROM pgraft_events(?) ORDER BY id", before),
          other.rows("SELECT (p->>'id')::bigint, (p->>'happened_at')::timestamptz, p->>'kind', p->>'detail',"
              + " (p->>'run')::timestamptz FROM unnest(?::json[]) WITH ORDINALITY AS t(p, n) ORDER BY n",
              other.connection().createArrayOf("json", heard.toArray())));
      assertEquals("1", other.text("SELECT (?::json)->>'node'", heard.get(heard.size() - 1)));
    }
    assertFalse(node.log().contains("terminating any other active server processes"), "other sessions were ended");
  }

  @Test
  void when_something_happens_while_a_notification_waits_for_a_lock_then_listeners_hear_of_it() throws Exception {
    TestNode node = cluster(1, Map.of("pgraft.notify_database", "postgres", "log_lock_waits", "on", "deadlock_timeout", "10ms"))
        .node(1);
    Await.until("the notifier begins", () -> !node.rows(NOTIFIER).isEmpty());
    try (Session listener = node.connect(); Session holder = node.connect(); Session other = node.connect()) {
      listener.run("LISTEN pgraft_events");
      // who notifies and waits for a standby holds the lock under which notifications come into their order
      node.set("synchronous_standby_names", "nobody");
      node.reload();
      CompletableFuture<Void> holds = CompletableFuture.runAsync(() -> notifyUntilCancelled(holder));
      long pid = Await.value("a session waits for a standby",
          () -> other.number("SELECT coalesce(max(pid), 0) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"), found -> found > 0);
      other.run("SELECT pgraft_snapshot()");
      // and has looked for a deadlock: the alarm for that would wake it afterwards
      Await.until("the notifier waits for the lock",
          () -> node.log().contains("process " + other.text(NOTIFIER) + " still waiting for AccessExclusiveLock"));
      long before = other.number("SELECT max(id) FROM pgraft.events");
      other.run("SELECT pgraft_snapshot()");
      assertTrue(other.number("SELECT count(*) FROM pgraft_wait_event(?, '1 minute')", before) > 0);
      assertTrue(other.truth("SELECT pg_cancel_backend(?::integer)", pid));
      holds.get();
      hear(listener, new ArrayList<>(), "snapshot_taken", 2);
    }
  }

  /** Commits notifications until a commit waits for a standby, and is cancelled: the standby counts a moment after the setting. */
  private static void notifyUntilCancelled(Session session) {
    try (Statement statement = session.connection().createStatement()) {
      while (statement.getWarnings() == null) {
        statement.execute("BEGIN; SELECT pg_logical_emit_message(true, 'some', 'WAL'); NOTIFY held; COMMIT");
      }
    } catch (SQLException e) {
      throw new CompletionException(e);
    }
  }

  @Test
  @Tag("long")
  void when_more_happens_than_is_kept_then_readers_miss_whole_events_and_see_that() throws Exception {
    TestNode node = cluster(1, Map.of("pgraft.command_timeout", "60s")).node(1);
    CompletableFuture<Void> writes = CompletableFuture.runAsync(() -> {
      try (Session session = node.connect()) {
        session.run("DO $$ BEGIN FOR i IN 1..1100 LOOP PERFORM pgraft_kv_put('key', i::text); PERFORM pgraft_snapshot();"
            + " END LOOP; END $$");
      } catch (SQLException e) {
        throw new CompletionException(e);
      }
    });
    Map<Long, String> all = new TreeMap<>();
    try (Session session = node.connect()) {
      while (!writes.isDone()) {
        long entry = 0;
        List<List<String>> rows = session.rows("SELECT id, detail, kind FROM pgraft_events()");
        assertTrue(rows.size() <= 512);
        for (List<String> row : rows) {
          String before = all.put(Long.parseLong(row.get(0)), row.get(1));
          assertTrue(before == null || before.equals(row.get(1)), () -> "event " + row + " was " + before);
          if (row.get(2).equals("snapshot_taken")) {
            assertTrue(row.get(1).matches("up to entry \\d+ of term \\d+"), row::toString);
            long next = Long.parseLong(row.get(1).split(" ")[3]);
            assertTrue(next > entry, "they come in the order in which it happened");
            entry = next;
          }
        }
      }
      writes.get();
      long last = session.number("SELECT max(id) FROM pgraft.events");
      assertTrue(last >= 1100);
      assertEquals(512, session.number("SELECT count(*) FROM pgraft.events"));
      assertEquals(last - 511, session.number("SELECT min(id) FROM pgraft_wait_event(1)"), "a gap behind event 1");
    }
    assertTrue(all.size() > 512, "it was read while it was written");
  }

  /** Changes of the keys that begin as the setting says come in the order of revisions, others do not. */
  private static void hearsOfKeys(Session listener, Session other) throws Exception {
    listener.run("LISTEN pgraft_keys");
    List<String> expected = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      String key = "orders/" + i % 7;
      expected.add(other.text("SELECT pgraft_kv_put_revision(?, 'v')", key) + " put " + key);
      other.run("SELECT pgraft_kv_put('elsewhere', 'v')");
    }
    other.run("SELECT pgraft_kv_delete('orders/3')");
    expected.add(other.text("SELECT pgraft_kv_revision()") + " delete orders/3");
    expected.add(other.text("SELECT pgraft_kv_put_revision('orders/'::bytea || '\\xff'::bytea, 'v')") + " put b3JkZXJzL/8=");

    List<String> heard = new ArrayList<>();
    hear(listener, "pgraft_keys", heard, "put", 21);
    assertEquals(expected, other.rows(
        "SELECT format('%s %s %s', p->>'revision', p->>'event', coalesce(p->>'key', p->>'key_base64'))"
            + " FROM unnest(?::json[]) WITH ORDINALITY AS t(p, n) ORDER BY n",
        other.connection().createArrayOf("json", heard.toArray())).stream().map(row -> row.get(0)).toList());
    listener.run("UNLISTEN pgraft_keys");
  }

  private static void hear(Session listener, List<String> heard, String kind, int count) throws Exception {
    hear(listener, "pgraft_events", heard, kind, count);
  }

  /** Adds what a listener is told on a channel, until there are so many of that kind. */
  private static void hear(Session listener, String channel, List<String> heard, String kind, int count) throws Exception {
    PGConnection connection = listener.connection().unwrap(PGConnection.class);
    Await.until("a listener hears " + kind, () -> {
      PGNotification[] notifications = connection.getNotifications(100);
      for (PGNotification notification : notifications == null ? new PGNotification[0] : notifications) {
        assertEquals(channel, notification.getName());
        heard.add(notification.getParameter());
      }
      return heard.stream().filter(payload -> payload.contains("\"" + kind + "\"")).count() == count;
    });
  }

  private static String last(TestNode node, String kind) throws SQLException {
    List<List<String>> rows = node.rows("SELECT detail FROM pgraft.events WHERE kind = ? ORDER BY id DESC LIMIT 1", kind);
    return rows.isEmpty() ? null : rows.get(0).get(0);
  }

  /** What an application does: goes on behind what it has seen, until it has seen what it waits for. */
  private static List<String> await(TestNode node, long since, String awaited) {
    List<String> details = new ArrayList<>();
    long seen = since;
    try (Session session = node.connect()) {
      while (details.stream().noneMatch(detail -> detail.startsWith(awaited))) {
        List<List<String>> rows = session.rows("SELECT id, detail FROM pgraft_wait_event(?, '1 hour')", seen);
        assertFalse(rows.isEmpty(), "who is not woken waits for an hour, which is more than this test is given");
        for (List<String> row : rows) {
          assertEquals(++seen, Long.parseLong(row.get(0)), "ids grow by one");
          details.add(row.get(1));
          if (row.get(1).startsWith(awaited)) {
            return details;
          }
        }
      }
    } catch (SQLException e) {
      throw new CompletionException(e);
    }
    return details;
  }
}
