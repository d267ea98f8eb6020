package org.pgraft.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** Grants on keys: given on one node, and true on every other from that moment on. */
final class KeyGrantTest extends ClusterTest {
  private static final String DENIED = "42501";

  @Test
  void when_a_grant_is_changed_on_one_node_then_every_other_obeys_at_once_and_no_late_write_is_applied() throws Exception {
    TestCluster cluster = cluster(3);
    List<TestNode> nodes = List.of(cluster.node(1), cluster.node(2), cluster.node(3));
    List<Session> app = new ArrayList<>();
    try {
      for (TestNode node : nodes) {
        node.rows("CREATE ROLE app");
        node.rows(
            "GRANT EXECUTE ON FUNCTION pgraft_kv_get(text, text), pgraft_kv_list(text, bigint, text, bigint, text),"
                + " pgraft_kv_put_revision(text, text), pgraft_kv_revision(text),"
                + " pgraft_kv_watch(text, bigint, integer, integer) TO app");
        Session session = node.connect();
        session.run("SET ROLE app");
        app.add(session);
      }
      nodes.get(0).put("app/k", "v");
      nodes.get(1).text("SELECT pgraft_kv_enforce_grants(true)");
      for (Session session : app) {
        denied(session);
      }

      for (TestNode node : nodes) {
        node.text("SELECT pgraft_kv_grant('app', 'app/', 'read, write')");
        for (Session session : app) {
          assertEquals("v", session.text("SELECT pgraft_kv_get('app/k')"));
          assertEquals("1", session.text("SELECT count(*) FROM pgraft_kv_list('app/k')"));
          session.text("SELECT pgraft_kv_put_revision('app/k', 'v')");
        }
        node.text("SELECT pgraft_kv_revoke('app', 'app/')");
        for (Session session : app) {
          denied(session);
        }
      }
      nodes.get(2).text("SELECT pgraft_kv_grant('app', 'app/', 'read, write')");
      watchEnds(nodes.get(2), app.get(2), nodes.get(0));
      noLateWrite(cluster, app);
    } finally {
      for (Session session : app) {
        session.close();
      }
    }
  }

  @Test
  void when_a_right_is_revoked_while_a_node_cannot_hear_of_it_then_a_write_which_that_node_allows_is_refused()
      throws Exception {
    TestCluster cluster = cluster(3);
    TestNode leader = cluster.leader();
    TestNode deaf = cluster.others(leader).get(0);
    deaf.rows("CREATE ROLE app");
    deaf.rows("GRANT EXECUTE ON FUNCTION pgraft_kv_get(text, text), pgraft_kv_put(text, text) TO app");
    deaf.text("SELECT pgraft_kv_grant('app', 'app/', 'read, write')");
    deaf.text("SELECT pgraft_kv_enforce_grants(true)");
    try (Session app = deaf.connect()) {
      app.run("SET pgraft.command_timeout = '1h'");
      app.run("SET ROLE app");
      assertTrue(app.truth("SELECT pgraft_kv_put('app/k', 'in time')"));
      CompletableFuture<SQLException> late;
      long worker = deaf.worker();
      deaf.signal(worker, "STOP");
      try {
        assertTrue(leader.truth("SELECT pgraft_kv_revoke('app', 'app/', 'write')"));
        late = CompletableFuture.supplyAsync(() -> app.failure("SELECT pgraft_kv_put('app/k', 'late')"));
        // Its session found nothing against it: what is denied is never offered.
        Await.until("the write is offered", () -> deaf.number(
            "SELECT count(*) FROM pgraft_get_queue_status() WHERE log_data LIKE '%app/k%'") == 1);
      } finally {
        deaf.signal(worker, "CONT");
      }
      assertEquals(DENIED, late.get().getSQLState(), late.get().getMessage());
      assertEquals("in time", app.text("SELECT pgraft_kv_get('app/k')"));
      assertEquals("in time", leader.get("app/k"));
    }
  }

  private static void denied(Session app) throws SQLException {
    long past = app.number("SELECT pgraft_kv_revision('local')");
    for (String read :
        List.of(
            "SELECT pgraft_kv_get('app/k')",
            "SELECT * FROM pgraft_kv_list('app/')",
            "SELECT * FROM pgraft_kv_list('app/', at_revision => " + past + ")",
            "SELECT pgraft_kv_put_revision('app/k', 'late')")) {
      SQLException failure = app.failure(read);
      assertEquals(DENIED, failure.getSQLState(), failure.getMessage());
    }
  }

  /** A watch that waits on one node when the right to read is revoked on another. */
  private static void watchEnds(TestNode node, Session app, TestNode other) throws Exception {
    CompletableFuture<SQLException> ended =
        CompletableFuture.supplyAsync(() -> app.failure("SELECT * FROM pgraft_kv_watch('app/', 0, 600000)"));
    Await.until(
        "it waits",
        () ->
            node.number(
                    "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%kv_watch%' AND wait_event_type = 'Extension'"
                        + " AND pid <> pg_backend_pid()")
                == 1);
    other.text("SELECT pgraft_kv_revoke('app', 'app/', 'read')");
    assertEquals(DENIED, ended.get().getSQLState());
  }

  /** While sessions on all nodes write without a pause, the right is revoked: no write is newer than that. */
  private static void noLateWrite(TestCluster cluster, List<Session> app) throws Exception {
    AtomicLong newest = new AtomicLong();
    AtomicBoolean revoked = new AtomicBoolean();
    List<CompletableFuture<Void>> writers = new ArrayList<>();
    for (Session session : app) {
      writers.add(CompletableFuture.runAsync(() -> writeUntilDenied(session, newest, revoked)));
    }
    Await.until("they write", () -> newest.get() > 0);
    TestNode follower = cluster.others(cluster.leader()).get(0);
    follower.text("SELECT pgraft_kv_revoke('app', 'app/', 'write')");
    long last = follower.number("SELECT pgraft_kv_revision('linearizable')");
    revoked.set(true);
    for (CompletableFuture<Void> writer : writers) {
      writer.get();
    }
    assertTrue(newest.get() <= last, newest + " was written after " + last);
    assertEquals(last, follower.number("SELECT pgraft_kv_revision('linearizable')"));
  }

  private static void writeUntilDenied(Session session, AtomicLong newest, AtomicBoolean revoked) {
    for (int i = 0; ; i++) {
      try {
        long revision = session.number("SELECT pgraft_kv_put_revision('app/k', ?)", "v" + i);
        newest.accumulateAndGet(revision, Math::max);
      } catch (SQLException e) {
        if (DENIED.equals(e.getSQLState())) {
          return;
        }
        throw new CompletionException(e);
      }
      if (revoked.get() && i > 10_000) {
        throw new CompletionException(new AssertionError("it was never denied"));
      }
    }
  }
}
