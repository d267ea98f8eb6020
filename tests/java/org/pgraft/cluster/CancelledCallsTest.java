package org.pgraft.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Sessions that stop waiting, in every way there is, and a worker that does not answer. */
final class CancelledCallsTest extends ClusterTest {
  private static final int CALLS = 10_000;
  private static final int CLIENTS = 48;
  private static final int SLOTS = 64;
  private static final int LARGE_BUFFERS = 8;
  private static final long SEED = 2718;
  private static final String CANCELLED = "57014";
  private static final String TERMINATED = "57P01";
  private static final String UNKNOWN = "08007";

  /** How calls may end on a node that has no majority: cancelled, terminated, not accepted, unknown, no slot, no connection. */
  private static final Set<String> ENDS = Set.of(CANCELLED, TERMINATED, "PGR01", UNKNOWN, "53000", "08006", "08003");

  private static final List<String> OPERATIONS = List.of(
      "SELECT pgraft_kv_put('never', 'there')",
      "SELECT pgraft_kv_put('never', repeat('x', 20000))",
      "SELECT pgraft_kv_get('never')",
      "SELECT pgraft_kv_delete('never')",
      "SELECT count(*) FROM pgraft_kv_list('never')",
      "SELECT pgraft_log_commit(1000000000)",
      "SELECT pgraft_log_sync_with_leader()");

  private final Map<String, AtomicInteger> ends = new ConcurrentHashMap<>();
  private final Queue<String> surprises = new ConcurrentLinkedQueue<>();
  private final AtomicInteger ended = new AtomicInteger();
  private final AtomicInteger warned = new AtomicInteger();

  @Test
  void when_ten_thousand_waiting_calls_were_cancelled_then_everything_still_works() throws Exception {
    TestCluster cluster = cluster(3, Map.of(
        "pgraft.max_requests", Integer.toString(SLOTS), "pgraft.large_buffers", Integer.toString(LARGE_BUFFERS)));
    TestNode node = cluster.follower();
    for (TestNode other : cluster.others(node)) {
      other.kill();
    }
    long worker = node.worker();
    long memory = ProcessUse.ofWorker(node).residentKilobytes();

    Thread canceller = new Thread(() -> cancelOthers(node), "canceller");
    canceller.start();
    TestCluster.inParallel(IntStream.range(0, CLIENTS).boxed().toList(), client -> {
      callUntilEnough(node, client);
      return null;
    });
    canceller.join();
    assertEquals(List.of(), List.copyOf(surprises));
    for (String way : List.of(CANCELLED, TERMINATED)) {
      assertTrue(ends.containsKey(way), () -> "no call ended by " + way + ": " + ends);
    }
    assertTrue(warned.get() > 0, "writes on their way were cancelled with a warning");

    // every slot and every large buffer can be in use at once, so none was lost
    List<Session> waiting = new ArrayList<>();
    List<Thread> threads = new ArrayList<>();
    Queue<String> failures = new ConcurrentLinkedQueue<>();
    Await.until("nothing waits", () -> node.number("SELECT count(*) FROM pgraft_get_queue_status()") == 0);
    for (int i = 0; i < SLOTS; i++) {
      Session session = node.connect();
      session.run("SET pgraft.command_timeout = '600s'");
      waiting.add(session);
      String value = i < LARGE_BUFFERS ? "repeat('y', 20000)" : "'y'";
      Thread thread = new Thread(waiter(session, "SELECT pgraft_kv_put('slot/" + i + "', " + value + ")", failures));
      threads.add(thread);
      thread.start();
    }
    Await.until("every slot is in use",
        () -> !failures.isEmpty() || node.number("SELECT count(*) FROM pgraft_get_queue_status()") == SLOTS);
    for (TestNode other : cluster.others(node)) {
      other.start();
    }
    for (Thread thread : threads) {
      thread.join();
    }
    for (Session session : waiting) {
      session.close();
    }
    assertEquals(List.of(), List.copyOf(failures));
    assertEquals(SLOTS, node.number("SELECT count(*) FROM pgraft_kv_list('slot/', NULL)"));
    assertEquals(worker, node.worker(), "the worker is the same");
    long grown = ProcessUse.ofWorker(node).residentKilobytes() - memory;
    assertTrue(grown < 160 << 10, () -> "the worker has grown by " + grown + " kB");
    cluster.assertSameStores();
    Lease.assertDisjoint(cluster.nodes());
  }

  private static Runnable waiter(Session session, String sql, Queue<String> failures) {
    return () -> {
      try {
        if (!session.truth(sql)) {
          failures.add("false from " + sql);
        }
      } catch (SQLException e) {
        failures.add(e.getSQLState() + " " + e.getMessage());
      }
    };
  }

  private void callUntilEnough(TestNode node, int client) {
    Random random = new Random(SEED + client);
    while (ended.get() < CALLS) {
      try (Session session = node.connect()) {
        session.run("SET pgraft.command_timeout = '150ms'");
        while (ended.get() < CALLS) {
          session.run("SET statement_timeout = '" + (1 + random.nextInt(40)) + "ms'");
          call(session, OPERATIONS.get(random.nextInt(OPERATIONS.size())));
          if (random.nextInt(200) == 0) {
            goAway(session);
          }
        }
      } catch (SQLException e) {
        if (!ENDS.contains(String.valueOf(e.getSQLState()))) {
          surprises.add(e.getSQLState() + ": " + e.getMessage());
        }
      }
    }
  }

  private void call(Session session, String sql) throws SQLException {
    try (Statement statement = session.connection().createStatement()) {
      try {
        statement.execute(sql);
        surprises.add("no error from " + sql);
      } catch (SQLException e) {
        String state = String.valueOf(e.getSQLState());
        ends.computeIfAbsent(state, unseen -> new AtomicInteger()).incrementAndGet();
        ended.incrementAndGet();
        note(sql, state, e, statement);
        if (state.equals(TERMINATED) || state.startsWith("08") && !state.equals(UNKNOWN)) {
          throw e;
        }
      }
    }
  }

  private void note(String sql, String state, SQLException error, Statement statement) throws SQLException {
    if (!ENDS.contains(state)) {
      surprises.add(state + " from " + sql + ": " + error.getMessage());
    }
    for (SQLWarning warning = statement.getWarnings(); warning != null; warning = warning.getNextWarning()) {
      boolean write = sql.contains("put") || sql.contains("delete");
      if (UNKNOWN.equals(warning.getSQLState()) && write) {
        warned.incrementAndGet();
      } else {
        surprises.add("a warning " + warning.getSQLState() + " from " + sql + ": " + warning.getMessage());
      }
    }
  }

  /** Breaks the connection off while a call waits. */
  private void goAway(Session session) throws SQLException {
    Thread caller = new Thread(() -> {
      try (Statement statement = session.connection().createStatement()) {
        statement.execute(OPERATIONS.get(0));
        surprises.add("no error from a connection that was broken off");
      } catch (SQLException e) {
        ended.incrementAndGet();
      }
    });
    caller.start();
    session.connection().abort(Runnable::run);
    try {
      caller.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    throw new SQLException("went away", "08003");
  }

  private void cancelOthers(TestNode node) {
    while (ended.get() < CALLS) {
      try (Session session = node.connect()) {
        while (ended.get() < CALLS) {
          session.rows("SELECT CASE WHEN random() < 0.05 THEN pg_terminate_backend(pid) ELSE pg_cancel_backend(pid) END"
              + " FROM pg_stat_activity WHERE query LIKE '%never%' AND state = 'active' AND pid <> pg_backend_pid()"
              + " AND random() < 0.2");
        }
      } catch (SQLException e) {
        surprises.add("the canceller: " + e.getSQLState() + " " + e.getMessage());
        return;
      }
    }
  }

  @Test
  void when_the_transaction_takes_too_long_then_a_write_that_may_still_happen_is_said_to() throws Exception {
    TestCluster cluster = cluster(3);
    TestNode node = cluster.follower();
    assumeTrue(node.number("SELECT current_setting('server_version_num')") >= 170000, "it has transaction_timeout");
    for (TestNode other : cluster.others(node)) {
      other.kill();
    }
    try (Session session = node.connect(); Statement statement = session.connection().createStatement()) {
      statement.execute("SET transaction_timeout = '2s'");
      SQLException end = assertThrows(SQLException.class, () -> statement.execute("SELECT pgraft_kv_put('a', 'b')"));
      assertEquals("25P04", end.getSQLState());
      assertEquals(UNKNOWN, statement.getWarnings().getSQLState());
    }
  }

  @Test
  void when_the_client_vanishes_then_the_log_says_that_its_write_may_still_happen() throws Exception {
    TestCluster cluster = cluster(3);
    TestNode node = cluster.follower();
    for (TestNode other : cluster.others(node)) {
      other.kill();
    }
    try (Session session = node.connect()) {
      session.run("SET client_connection_check_interval = '100ms'");
      session.run("SET pgraft.command_timeout = '3600s'");
      Thread caller = new Thread(() -> session.failure("SELECT pgraft_kv_put('a', 'b')"));
      caller.start();
      Await.until("the engine has the write", () -> node.number(
          "SELECT count(*) FROM pgraft_get_queue_status() WHERE log_data LIKE 'put, being carried out%'") == 1);
      session.connection().abort(Runnable::run);
      caller.join();
    }
    Await.until("the session has ended", () -> node.log().contains("connection to client lost"));
    Await.until("its slot is free for others", () -> node.number("SELECT count(*) FROM pgraft_get_queue_status()") == 0);
    assertTrue(node.log().contains("WARNING:  canceling the wait for a pgraft request: put"), () -> node.logTail(20));
  }

  @Test
  void when_the_worker_is_frozen_then_calls_end_by_their_timeout_and_by_a_cancel() throws Exception {
    TestCluster cluster = cluster(3);
    TestNode node = cluster.follower();
    long worker = node.worker();
    Map<String, AtomicInteger> states = new ConcurrentHashMap<>();
    node.signal(worker, "STOP");
    try {
      TestCluster.inParallel(IntStream.range(0, 64).boxed().toList(), client -> {
        try (Session session = node.connect()) {
          session.run("SET pgraft.command_timeout = '2s'");
          String state = session.failure(client % 2 == 0
              ? "SELECT pgraft_kv_put('frozen', 'never')" : "SELECT pgraft_kv_get('frozen')").getSQLState();
          states.computeIfAbsent(state, unseen -> new AtomicInteger()).incrementAndGet();
          session.run("SELECT 1");
        }
        return null;
      });
      assertEquals(Set.of("PGR01"), states.keySet(), "a frozen worker has taken nothing");

      // a call with all the time of the world is cancelled, another terminated
      for (String end : List.of(CANCELLED, TERMINATED)) {
        assertEndsBy(node, end);
      }
    } finally {
      node.signal(worker, "CONT");
    }
    Await.until("it works again", () -> node.truth("SELECT pgraft_kv_put('frozen', 'not any more')"));
    assertEquals("not any more", cluster.leader().get("frozen"));
    cluster.assertSameStores();
    Lease.assertDisjoint(cluster.nodes());
  }

  private static void assertEndsBy(TestNode node, String end) throws Exception {
    Queue<String> states = new ConcurrentLinkedQueue<>();
    try (Session session = node.connect()) {
      session.run("SET pgraft.command_timeout = '3600s'");
      long pid = session.number("SELECT pg_backend_pid()");
      Thread caller = new Thread(() -> states.add(session.failure("SELECT pgraft_kv_get('frozen')").getSQLState()));
      caller.start();
      Await.until("the call waits",
          () -> node.number("SELECT count(*) FROM pgraft_get_queue_status()") == 1);
      node.rows(end.equals(CANCELLED) ? "SELECT pg_cancel_backend(?::int)" : "SELECT pg_terminate_backend(?::int)", pid);
      caller.join();
      assertEquals(List.of(end), List.copyOf(states));
      Await.until("its slot is free", () -> node.number("SELECT count(*) FROM pgraft_get_queue_status()") == 0);
    }
  }
}
