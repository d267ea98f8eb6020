package org.pgraft.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The JVM's death from inside: its heap, an error nobody catches, a round that never ends, an exit, a start that fails again
 * and again. The sessions of that server, their transactions and what they alone can see live on. ({@link EngineDeathTest} has
 * the signals.)
 */
final class JvmDeathTest extends ClusterTest {
  /** Not accepted, or outcome unknown. */
  private static final Set<String> HONEST = Set.of("PGR01", "08007");

  private static final String NEVER_ANSWERED = "600s";

  /** What is done to the JVM. */
  enum Harm {
    EXHAUSTED_HEAP {
      @Override
      void befall(JvmAgent agent) throws Exception {
        assertTrue(agent.exhaustHeap() > 0);
      }
    },
    UNCAUGHT_ERROR {
      @Override
      void befall(JvmAgent agent) throws Exception {
        assertTrue(agent.stop("pgraft-lease"), "there is such a thread");
      }
    },
    HANGING_ROUND {
      @Override
      void befall(JvmAgent agent) throws Exception {
        assertTrue(agent.suspend("main"), "there is such a thread");
      }
    },
    SYSTEM_EXIT {
      @Override
      void befall(JvmAgent agent) {
        agent.leave(true);
      }
    },
    HALT {
      @Override
      void befall(JvmAgent agent) {
        agent.leave(false);
      }
    };

    abstract void befall(JvmAgent agent) throws Exception;
  }

  @ParameterizedTest
  @EnumSource(Harm.class)
  void when_the_jvm_dies_then_sessions_live_on_and_waiting_calls_get_an_error(Harm harm) throws Exception {
    TestCluster cluster = untilTheEnd(TestCluster.prepared(3, Map.of(
        "pgraft.hang_timeout", "3s", "pgraft.command_timeout", NEVER_ANSWERED)));
    JvmAgent agent = JvmAgent.install(cluster.node(1));
    cluster.found();
    TestNode node = cluster.node(1);
    Await.until("it leads", () -> leads(cluster, node));
    node.put("before", "death");
    String started = node.text("SELECT pg_postmaster_start_time()");
    long worker = node.worker();

    try (Session session = node.connect()) {
      String backend = session.text("SELECT pg_backend_pid()");
      session.run("CREATE TABLE survivors (name text)");
      session.run("BEGIN");
      session.run("CREATE TEMP TABLE own (name text) ON COMMIT PRESERVE ROWS");
      session.run("INSERT INTO own VALUES ('only this session sees it')");
      session.run("INSERT INTO survivors VALUES ('the open transaction')");

      // the others are away, so that calls wait
      for (TestNode other : cluster.others(node)) {
        other.stop("fast");
      }
      Await.until("its lease is over", () -> !node.leads());
      Map<String, String> ends = waitingCalls(node, List.of(
          "SELECT pgraft_kv_put('waiting', 'write')",
          "SELECT pgraft_kv_get('waiting')",
          "SELECT count(*) FROM pgraft_kv_list('waiting')",
          "SELECT pgraft_log_commit(1000000)"), () -> harm.befall(agent));
      assertTrue(HONEST.containsAll(ends.values()), () -> "the waiting calls got " + ends);

      session.run("INSERT INTO survivors VALUES ('after the death')");
      assertEquals("only this session sees it", session.text("SELECT name FROM own"));
      session.run("COMMIT");
      assertEquals("2", session.text("SELECT count(*) FROM survivors"));
      assertEquals(backend, session.text("SELECT pg_backend_pid()"));
      assertEquals("only this session sees it", session.text("SELECT name FROM own"));
    }
    long reborn = Await.value("a new worker runs", () -> node.number("SELECT worker_pid FROM pgraft_node_status()"),
        pid -> pid > 0 && pid != worker);
    assertNotEquals(worker, reborn);
    for (TestNode other : cluster.others(node)) {
      other.start();
    }
    cluster.leader();
    TestCluster.awaitLocal(node, "before", "death");
    node.put("after", "life");
    assertEquals("life", cluster.others(node).get(0).get("after"));
    assertEquals(started, node.text("SELECT pg_postmaster_start_time()"), "the server did not restart");
    assertFalse(node.log().contains("terminating any other active server processes"), "other sessions were ended");
    cluster.assertSameStores();
    Lease.assertDisjoint(cluster.nodes());
  }

  @Test
  void when_the_jvm_takes_longer_than_hang_timeout_to_start_then_it_is_waited_for() throws Exception {
    TestCluster cluster = untilTheEnd(TestCluster.prepared(1, Map.of("pgraft.hang_timeout", "3s")));
    TestNode node = cluster.node(1);
    JvmAgent.install(node).delayStarts(8);
    cluster.startAll();
    Await.until("it leads", node::leads);
    assertTrue(node.truth("SELECT clock_timestamp() - pg_postmaster_start_time() > '8 s'"), "the start was delayed");
    assertFalse(node.log().contains("the engine hangs"), "a start was taken for a hang");
  }

  @Test
  void when_the_worker_can_open_nothing_for_a_time_then_the_cluster_serves_and_it_takes_part_again() throws Exception {
    TestCluster cluster = untilTheEnd(TestCluster.prepared(3, Map.of("pgraft.snapshot_interval", "100")));
    JvmAgent agent = JvmAgent.install(cluster.node(1));
    cluster.found();
    TestNode node = cluster.node(1);
    Await.until("it leads", () -> leads(cluster, node));
    String started = node.text("SELECT pg_postmaster_start_time()");

    Load load = Load.during(cluster.nodes(), 6, running -> {
      agent.exhaustDescriptors(20);
      Await.until("it shows", () -> node.log().contains("Too many open files"));
      running.awaitMore(300);
    });
    // where it could not write a new term, its engine has to begin anew first
    Await.until("it takes part again", () -> {
      node.put("after", "life");
      return true;
    });
    assertEquals("life", node.get("after"));
    assertEquals(started, node.text("SELECT pg_postmaster_start_time()"), "the server did not restart");
    load.assertKept(cluster.nodes());
    cluster.assertSameStores();
    Lease.assertDisjoint(cluster.nodes());
  }

  private static boolean leads(TestCluster cluster, TestNode node) throws Exception {
    TestNode leader = cluster.leader();
    return leader == node || leader.truth("SELECT pgraft_transfer_leadership(?)", node.number()) && node.leads();
  }

  /** Something to do that may fail. */
  @FunctionalInterface
  private interface Action {
    void run() throws Exception;
  }

  /** Lets each call wait in a session of its own, does something, and gives the SQLSTATE with which each call failed. */
  private static Map<String, String> waitingCalls(TestNode node, List<String> calls, Action meanwhile)
      throws Exception {
    Map<String, String> ends = new ConcurrentHashMap<>();
    ExecutorService threads = Executors.newFixedThreadPool(calls.size());
    try {
      List<Future<?>> futures = new ArrayList<>();
      for (String call : calls) {
        futures.add(threads.submit(() -> {
          try (Session session = node.connect()) {
            ends.put(call, session.failure(call).getSQLState());
            assertEquals("1", session.text("SELECT 1"), "the session goes on");
          }
          return null;
        }));
      }
      Await.until("the calls wait",
          () -> node.number("SELECT count(*) FROM pgraft_get_queue_status()") == calls.size());
      meanwhile.run();
      for (Future<?> future : futures) {
        future.get();
      }
    } finally {
      threads.shutdown();
    }
    return ends;
  }

  @Test
  @Tag("long")
  void when_the_jvm_dies_at_each_start_then_the_worker_backs_off_says_why_and_comes_back_by_itself()
      throws Exception {
    TestCluster cluster = untilTheEnd(TestCluster.prepared(1, Map.of()));
    TestNode node = cluster.node(1);
    // options that can be changed while the server runs
    String options = node.host().directory() + "/jvm.options";
    node.write(options, "-Xmx64m\n");
    node.set("pgraft.jvm_options", "-XX:VMOptionsFile=" + options);
    cluster.startAll();
    Await.until("it leads", node::leads);
    node.put("kept", "through it all");
    String started = node.text("SELECT pg_postmaster_start_time()");

    try (Session session = node.connect()) {
      String backend = session.text("SELECT pg_backend_pid()");
      session.run("CREATE TEMP TABLE own (name text)");
      session.run("BEGIN");
      session.run("INSERT INTO own VALUES ('uncommitted')");
      // far below what the engine needs
      node.write(options, "-Xms2m\n-Xmx5m\n");
      node.signal(node.worker(), "ABRT");
      Await.until("the worker backs off", () -> node.log().contains("times in a row; the next start is in 5 s"));
      assertEquals("ERROR", node.text("SELECT pgraft_get_worker_state()"));
      String message = node.text("SELECT message FROM pgraft_node_status()");
      assertTrue(message.contains("memory") || message.contains("OutOfMemoryError"), message);
      try (Session refused = node.connect()) {
        assertEquals("PGR01", refused.failure("SELECT pgraft_kv_put('a', 'b')").getSQLState());
      }
      Await.until("the pauses grow", () -> node.log().contains("times in a row; the next start is in 10 s"));

      node.write(options, "-Xmx64m\n");
      Await.until("it leads again", node::leads);
      assertEquals("", node.text("SELECT coalesce(message, '') FROM pgraft_node_status()"));
      assertEquals("through it all", node.get("kept"));
      assertEquals("uncommitted", session.text("SELECT name FROM own"));
      session.run("COMMIT");
      assertEquals("uncommitted", session.text("SELECT name FROM own"));
      assertEquals(backend, session.text("SELECT pg_backend_pid()"));
    }
    Await.until("the deaths are forgotten",
        () -> node.host().run("test", "-e", node.engineData() + "/boot.marker").status() != 0);
    assertEquals(started, node.text("SELECT pg_postmaster_start_time()"), "the server did not restart");
  }
}
