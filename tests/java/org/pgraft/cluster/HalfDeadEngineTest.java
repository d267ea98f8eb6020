package org.pgraft.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.sql.SQLException;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** An engine that lacks a thread, without having failed aloud, is noticed; its worker leaves and another begins. */
@Tag("long")
final class HalfDeadEngineTest extends ClusterTest {
  @ParameterizedTest
  @CsvSource({
      "suspend, pgraft-lease, the thread that keeps the lease does nothing",
      "suspend, pgraft-router, the thread that routes writes does nothing",
      "suspend, StateMachineUpdater, committed entries are not applied",
      "suspend, SegmentedRaftLogWorker, the log does not reach the disk",
      "stop, StateMachineUpdater, the log and the store were closed after an error",
      "stop, server-workers--thread1, a thread that serves connections died"
  })
  void when_a_thread_hangs_or_dies_then_the_worker_begins_anew_and_sessions_stay(String harm, String name,
      String reason) throws Exception {
    TestCluster cluster = untilTheEnd(TestCluster.prepared(1, Map.of("pgraft.hang_timeout", "2s")));
    TestNode node = cluster.node(1);
    JvmAgent agent = JvmAgent.install(node);
    node.start();
    cluster.leader();
    node.put("before", "harm");
    long worker = node.worker();

    try (Session session = node.connect()) {
      String backend = session.text("SELECT pg_backend_pid()");
      String thread = agent.threads().stream().filter(each -> each.endsWith(name)).findFirst()
          .orElseThrow(() -> new AssertionError("no thread is called " + name));
      assertTrue(harm.equals("stop") ? agent.stop(thread) : agent.suspend(thread), "the thread was harmed");
      // entries and connections, so that there is something to be done
      Await.until("another worker runs", () -> {
        node.host().run("bash", "-c", "exec 3<>/dev/tcp/" + node.host().address() + "/" + node.host().raftPort());
        session.run("SET pgraft.command_timeout = '200ms'");
        try {
          session.run("SELECT pgraft_kv_put('during', 'harm')");
        } catch (SQLException e) {
          // the engine does not do it
        }
        return node.number("SELECT coalesce(worker_pid, 0) FROM pgraft_node_status()") > 0 && node.worker() != worker;
      });
      assertEquals(backend, session.text("SELECT pg_backend_pid()"));
    }

    String log = node.log();
    assertTrue(log.contains("the engine hangs: " + reason), log);
    assertTrue(log.contains("(PID " + worker + ") exited with exit code 1"), log);
    Await.until("it works again", () -> "harm".equals(node.get("before")));
    cluster.leader();
    node.put("after", "harm");
    assertEquals("harm", node.get("after"));
  }
}
