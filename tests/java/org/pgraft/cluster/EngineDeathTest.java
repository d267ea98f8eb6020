package org.pgraft.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The engine's death is not the database's death: sessions and their transactions go on. */
final class EngineDeathTest extends ClusterTest {
  /** SIGSEGV is what a fatal error in the JVM is, SIGABRT an abort of a library, SIGTERM an order to end. */
  @ParameterizedTest
  @ValueSource(strings = {"SEGV", "ABRT", "TERM"})
  void when_the_worker_gets_a_signal_then_an_open_transaction_survives(String signal) throws Exception {
    TestCluster cluster = cluster(3);
    TestNode node = cluster.leader();
    node.put("before", "death");
    long worker = node.worker();
    String started = node.text("SELECT pg_postmaster_start_time()");

    try (Session session = node.connect()) {
      session.run("CREATE TABLE survivors (name text)");
      session.run("BEGIN");
      session.run("INSERT INTO survivors VALUES ('the open transaction')");
      node.signal(worker, signal);
      Await.until("another leads", () -> !node.truth("SELECT pgraft_is_leader()"));
      session.run("INSERT INTO survivors VALUES ('after the death')");
      session.run("COMMIT");
      assertEquals("2", session.text("SELECT count(*) FROM survivors"));
    }

    long reborn = Await.value("a new worker runs", () -> node.number("SELECT worker_pid FROM pgraft_node_status()"),
        pid -> pid > 0 && pid != worker);
    assertNotEquals(worker, reborn);
    Await.until("the node has caught up", () -> "death".equals(node.get("before")));
    cluster.leader();
    node.put("after", "life");
    assertEquals("life", cluster.others(node).get(0).get("after"));
    assertEquals(started, node.text("SELECT pg_postmaster_start_time()"), "the server did not restart");
    assertFalse(node.log().contains("terminating any other active server processes"), "other sessions were ended");
    cluster.assertSameStores();
    Lease.assertDisjoint(cluster.nodes());
  }

  @Test
  void when_the_worker_dies_while_a_call_waits_then_the_call_gets_a_clear_error() throws Exception {
    TestCluster cluster = cluster(3, Map.of("pgraft.command_timeout", "60s"));
    TestNode node = cluster.leader();
    for (TestNode other : cluster.others(node)) {
      other.stop("fast");
    }
    long worker = node.worker();
    Thread killer = new Thread(() -> {
      try (Session watching = node.connect()) {
        Await.until("the call waits", () -> watching.number("SELECT count(*) FROM pg_stat_activity"
            + " WHERE query LIKE '%waits%' AND state = 'active' AND pid <> pg_backend_pid()") == 1);
        node.signal(worker, "ABRT");
      } catch (Exception e) {
        throw new IllegalStateException(e);
      }
    }, "killer");
    killer.start();
    try (Session session = node.connect()) {
      session.run("CREATE TABLE kept (name text)");
      String state = session.failure("SELECT pgraft_kv_put('it', 'waits')").getSQLState();
      assertTrue(state.equals("08007") || state.equals("PGR01"), () -> "the waiting call got " + state);
      session.run("INSERT INTO kept VALUES ('the session goes on')");
    }
    killer.join();
    for (TestNode other : cluster.others(node)) {
      other.start();
    }
    cluster.leader();
    node.put("after", "life");
    assertEquals("life", node.get("after"));
  }

  @Test
  void when_the_stores_are_gone_and_numbers_begin_anew_then_an_old_session_reads_the_new_store() throws Exception {
    TestNode node = cluster(1).node(1);
    node.put("key", "old");
    try (Session session = node.connect()) {
      session.run("SET pgraft.read_consistency = local");
      assertEquals("old", session.text("SELECT pgraft_kv_get('key')"));
      long generation = session.number("SELECT store_generation FROM pgraft_node_status()");
      long worker = node.worker();
      node.signal(worker, "STOP");
      node.host().run("sh", "-c", "rm -rf \"$1\"/store/*", "sh", node.engineData()).orFail("rm");
      node.signal(worker, "ABRT");
      node.signal(worker, "CONT");
      Await.until("it leads again", node::leads);
      node.put("key", "new");
      Await.value("the session reads", () -> session.text("SELECT pgraft_kv_get('key')"), "new"::equals);
      session.run("SET pgraft.read_consistency = linearizable");
      assertEquals("new", session.text("SELECT pgraft_kv_get('key')"));
      assertEquals(generation, session.number("SELECT store_generation FROM pgraft_node_status()"),
          "the number that the store before had");
    }
  }

  @Test
  void when_the_jvm_leaves_by_itself_again_and_again_then_the_server_lives() throws Exception {
    TestNode node = cluster(1).node(1);
    // prints and ends the process, by a way that knows no hook
    node.set("pgraft.jvm_options", "-Xlog:help");
    node.restart();
    try (Session session = node.connect()) {
      String pid = session.text("SELECT pg_backend_pid()");
      Await.until("the worker gives up for a while", () -> node.log().contains("times in a row"));
      assertEquals(pid, session.text("SELECT pg_backend_pid()"));
      assertEquals("PGR01", session.failure("SELECT pgraft_kv_put('a', 'b')").getSQLState());
    }
    node.unset("pgraft.jvm_options");
    node.restart();
    Await.until("it leads again", node::leads);
  }

  @Test
  void when_the_worker_dies_while_nobody_takes_the_servers_log_then_sessions_live_on() throws Exception {
    TestNode node = cluster(1, Map.of("logging_collector", "on")).node(1);
    long collector = processNamed(node, "logger");
    long worker = node.worker();
    ExecutorService talker = Executors.newSingleThreadExecutor();
    try (Session session = node.connect()) {
      session.run("CREATE SEQUENCE lines");
      session.run("CREATE TABLE survivors (name text)");
      session.run("BEGIN");
      session.run("INSERT INTO survivors VALUES ('the open transaction')");
      node.signal(collector, "STOP");
      Future<?> talk = talker.submit(() -> {
        try (Session talking = node.connect()) {
          // lines shorter than any of the worker's, so that not one of those fits in any more
          talking.run("SET log_error_verbosity = terse");
          talking.run("SET log_min_error_statement = panic");
          talking.run("DO $$ BEGIN FOR i IN 1..5000 LOOP PERFORM nextval('lines'); RAISE LOG 'x'; END LOOP; END $$");
        }
        return null;
      });
      String lines = "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM lines";
      Await.until("the pipe to the collector is full", () -> {
        long before = session.number(lines);
        Thread.sleep(500);
        return before > 0 && before == session.number(lines);
      });
      assertFalse(talk.isDone(), "all that was to be said fitted in");
      node.signal(worker, "ABRT");
      long said = session.number(lines);
      Await.until("the worker is gone", () -> node.host().run("test", "-d", "/proc/" + worker).status() != 0);
      assertEquals(said, session.number(lines), "nobody took anything meanwhile");
      node.signal(collector, "CONT");
      talk.get();
      session.run("COMMIT");
      assertEquals("1", session.text("SELECT count(*) FROM survivors"));
    } finally {
      talker.shutdownNow();
      node.signal(collector, "CONT");
    }
    Await.until("another worker leads", () -> node.worker() != worker && node.leads());
  }

  private static long processNamed(TestNode node, String name) {
    return node.processes().stream()
        .filter(pid -> node.host().run("cat", "/proc/" + pid + "/cmdline").text().contains(name))
        .findFirst().orElseThrow();
  }

  @Test
  void when_the_worker_is_killed_by_force_then_the_server_restarts_its_sessions_and_nothing_is_lost()
      throws Exception {
    // SIGKILL of any child is a crash restart to PostgreSQL; the documentation says so
    TestCluster cluster = cluster(3);
    TestNode node = cluster.leader();
    node.put("before", "force");
    node.signal(node.worker(), "KILL");
    // the server may still be answering when the signal has been sent
    Await.until("a leader has it", () -> "force".equals(cluster.leader().get("before")));
    Await.until("the node is back", () -> "force".equals(node.localGet("before")));
    cluster.leader().put("after", "force");
    TestCluster.awaitLocal(node, "after", "force");
    cluster.assertSameStores();
    Lease.assertDisjoint(cluster.others(node));
  }
}
