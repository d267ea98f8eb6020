package org.pgraft.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Leases of keys and what is built on them, on clusters whose leader goes away. */
final class KeyLeaseTest extends ClusterTest {
  private static final String MISSING = "42704";

  @Test
  void when_the_leader_dies_then_leases_begin_anew_and_those_that_nobody_keeps_alive_end_everywhere() throws Exception {
    TestCluster cluster = cluster(3);
    TestNode leader = cluster.leader();
    TestNode witness = cluster.others(leader).get(0);
    long kept = witness.number("SELECT pgraft_lease_grant('4 s')");
    long left = witness.number("SELECT pgraft_lease_grant('4 s')");
    witness.text("SELECT pgraft_kv_put('kept', 'v', " + kept + ")");
    witness.text("SELECT pgraft_kv_put('left', 'v', " + left + ")");
    leader.kill();

    // Who is elected gives the whole time anew, so both keys have outlived the change of the leader.
    Await.until("another leads", () -> "v".equals(witness.text("SELECT pgraft_kv_get('left')")));
    Await.until("the lease that nobody keeps alive is over", () -> {
      witness.text("SELECT pgraft_lease_keep_alive(" + kept + ")");
      return witness.text("SELECT pgraft_kv_get('left')") == null;
    });
    assertEquals("v", witness.text("SELECT pgraft_kv_get('kept')"));
    SQLException over =
        assertThrows(SQLException.class, () -> witness.text("SELECT pgraft_lease_keep_alive(" + left + ")"));
    assertEquals(MISSING, over.getSQLState());

    leader.start();
    Await.until("it is over on the node that was away, too",
        () -> {
          witness.text("SELECT pgraft_lease_keep_alive(" + kept + ")");
          return "kept".equals(leader.text("SELECT string_agg(key, ' ') FROM pgraft_kv_list(consistency => 'local')"));
        });
    Await.until("the other one ends as well", () -> leader.number("SELECT count(*) FROM pgraft_leases()") == 0);
    assertEquals(0, leader.number("SELECT count(*) FROM pgraft_kv_list()"));
  }

  @Test
  void when_who_holds_a_lock_vanishes_then_the_next_in_the_queue_gets_it_with_a_greater_token() throws Exception {
    TestCluster cluster = cluster(3);
    TestNode first = cluster.node(1);
    long token = first.number("SELECT token FROM pgraft_lock('job', ttl => '3 s')");
    List<CompletableFuture<Long>> waiting = new ArrayList<>();
    for (int i = 2; i <= 3; i++) {
      TestNode node = cluster.node(i);
      waiting.add(CompletableFuture.supplyAsync(() -> lockAndGiveBack(node)));
      int places = i;
      Await.until("node " + i + " is in the queue", () -> first.number("SELECT count(*) FROM pgraft.locks") == places);
    }
    assertEquals("t", first.text("SELECT pgraft_lock_holds('job', " + token + ")"));

    long second = waiting.get(0).get();
    long third = waiting.get(1).get();
    assertTrue(token < second && second < third, token + " " + second + " " + third);
    assertEquals("f", first.text("SELECT pgraft_lock_holds('job', " + token + ")"));
    assertEquals(0, first.number("SELECT count(*) FROM pgraft.locks"));
  }

  private static long lockAndGiveBack(TestNode node) {
    try (Session session = node.connect()) {
      List<String> row = session.rows("SELECT token, lease FROM pgraft_lock('job', ttl => '30 s')").get(0);
      session.rows("SELECT pgraft_unlock(?)", Long.parseLong(row.get(1)));
      return Long.parseLong(row.get(0));
    } catch (SQLException e) {
      throw new CompletionException(e);
    }
  }

  @Test
  @Tag("long")
  void when_leaders_die_while_many_increment_under_a_lock_then_no_increment_is_lost() throws Exception {
    final int rounds = 15;
    final int each = 6;
    TestCluster cluster = cluster(3);
    cluster.node(1).put("count", "0");
    List<CompletableFuture<Void>> workers = new ArrayList<>();
    for (int i = 0; i < each; i++) {
      TestNode node = cluster.node(i % 3 + 1);
      String share = "share/" + i;
      workers.add(CompletableFuture.runAsync(() -> increment(node, share, rounds)));
    }
    for (int i = 0; i < 4; i++) {
      TestNode leader = cluster.leader();
      leader.kill();
      leader.start();
      leader.awaitState("RUNNING");
    }
    for (CompletableFuture<Void> worker : workers) {
      worker.get();
    }
    assertEquals(each * rounds, cluster.node(1).number("SELECT pgraft_kv_get('count')"));
  }

  /**
   * Reads, then writes, under the lock: the write compares the key of the lock, so that one that comes late changes nothing, and
   * notes this worker's share, so that one whose outcome is unknown is not repeated.
   */
  private static void increment(TestNode node, String share, int rounds) {
    long done = 0;
    while (done < rounds) {
      try (Session session = node.connect()) {
        List<String> lock = session.rows("SELECT token, lease FROM pgraft_lock('count', ttl => '3 s')").get(0);
        for (int i = 0; i < 3; i++) {
          long count = session.number("SELECT pgraft_kv_get('count')");
          done = session.number("SELECT coalesce(pgraft_kv_get(?), '0')", share);
          if (done < rounds) {
            session.rows(
                "SELECT pgraft_kv_txn("
                    + "jsonb_build_array(jsonb_build_object('key', ?, 'target', 'create', 'op', '=', 'value', ?::bigint)),"
                    + " jsonb_build_array(jsonb_build_object('op', 'put', 'key', 'count', 'value', ?::text),"
                    + " jsonb_build_object('op', 'put', 'key', ?, 'value', ?::text)))",
                "/pgraft/lock/count/" + String.format("%016x", Long.parseLong(lock.get(1))), Long.parseLong(lock.get(0)),
                Long.toString(count + 1), share, Long.toString(done + 1));
          }
        }
        session.rows("SELECT pgraft_unlock(?)", Long.parseLong(lock.get(1)));
      } catch (SQLException e) {
        // The server is down, nobody leads, or the outcome is unknown; anything else is a defect.
        if (!e.getSQLState().matches("08...|57...|PGR01|55000")) {
          throw new CompletionException(e);
        }
      }
    }
  }
}
