package org.pgraft.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What is written on any node is read on every node, with the same revisions. */
final class ReplicationTest extends ClusterTest {
  private static TestCluster shared;

  @BeforeAll
  static void start() throws Exception {
    shared = TestCluster.started(3);
  }

  @AfterAll
  static void end() {
    if (shared != null) {
      shared.close();
    }
  }

  @Test
  void when_put_on_each_node_then_each_node_reads_it() throws Exception {
    for (TestNode writer : shared.nodes()) {
      for (int round = 0; round < 5; round++) {
        String value = "from " + writer + " round " + round;
        writer.put("each/" + writer, value);
        for (TestNode reader : shared.nodes()) {
          assertEquals(value, reader.get("each/" + writer), "read on " + reader);
        }
      }
    }
    for (TestNode reader : shared.nodes()) {
      assertEquals(3, reader.number("SELECT count(*) FROM pgraft_kv_list('each/')"));
    }
  }

  @Test
  void when_keys_and_values_are_as_large_as_allowed_then_each_node_reads_them() throws Exception {
    String key = "k".repeat(480);
    TestNode writer = shared.follower();
    try (Session session = writer.connect()) {
      assertTrue(session.truth("SELECT pgraft_kv_put(?, repeat('v', 1048576))", key));
    }
    for (TestNode reader : shared.nodes()) {
      assertEquals("1048576|" + "v".repeat(3), reader.text(
          "SELECT length(v) || '|' || right(v, 3) FROM pgraft_kv_get(?) v", key));
    }
  }

  @Test
  void when_text_is_not_ascii_then_it_comes_back_as_it_was() throws Exception {
    String text = "grüße, 世界, \uD83D\uDC18, a'quote, a\\backslash, a\nline";
    shared.node(2).put("unicode/ключ", text);
    assertEquals(text, shared.node(3).get("unicode/ключ"));
    assertEquals("unicode/ключ", shared.node(1).text("SELECT key FROM pgraft_kv_list('unicode/')"));
  }

  @Test
  void when_bytes_are_no_text_then_they_come_back_as_they_were() throws Exception {
    shared.node(1).rows("SELECT pgraft_kv_put('\\x00ff10'::bytea, '\\xfffe0001'::bytea)");
    for (TestNode reader : shared.nodes()) {
      assertEquals("\\xfffe0001", reader.text("SELECT pgraft_kv_get('\\x00ff10'::bytea)"));
    }
  }

  @Test
  void when_deleted_on_one_node_then_gone_on_all() throws Exception {
    shared.node(1).put("gone", "soon");
    assertTrue(shared.node(2).truth("SELECT pgraft_kv_delete('gone')"));
    for (TestNode reader : shared.nodes()) {
      assertNull(reader.get("gone"));
      assertEquals("f", reader.text("SELECT pgraft_kv_exists('gone')"));
    }
    assertEquals("f", shared.node(3).text("SELECT pgraft_kv_delete('gone')"));
  }

  @Test
  void when_many_are_put_at_once_then_all_have_one_revision_on_each_node() throws Exception {
    long revision = shared.node(3).number(
        "SELECT pgraft_kv_put_many(array['many/a', 'many/b', 'many/c'], array['1', '2', '3'])");
    for (TestNode reader : shared.nodes()) {
      assertEquals(List.of(List.of("many/a", "1", "" + revision), List.of("many/b", "2", "" + revision),
              List.of("many/c", "3", "" + revision)),
          reader.rows("SELECT key, value, mod_revision FROM pgraft_kv_list('many/')"));
    }
  }

  @Test
  @Tag("long")
  void when_a_million_keys_are_put_then_each_node_lists_them() throws Exception {
    TestCluster own = cluster(3);
    try (Session session = own.node(1).connect()) {
      session.run("SET pgraft.command_timeout = '1min'");
      for (int call = 0; call < 100; call++) {
        session.run("SELECT pgraft_kv_put_many(array_agg('m/' || to_char(?::int * 10000 + i, 'FM0000000')),"
            + " array_agg('value ' || i)) FROM generate_series(1, 10000) i", Integer.toString(call));
      }
    }
    for (TestNode reader : own.nodes()) {
      assertEquals(1_000_000, reader.number("SELECT count(*) FROM pgraft_kv_list('m/')"));
      assertEquals("value 10000", reader.get("m/1000000"));
    }
    own.assertSameStores();
  }

  @Test
  void when_nodes_count_by_compare_and_set_then_no_count_is_lost() throws Exception {
    int each = 40;
    shared.node(1).put("counter", "0");
    TestCluster.inParallel(shared.nodes(), node -> {
      try (Session session = node.connect()) {
        for (int done = 0; done < each; ) {
          String now = session.text("SELECT pgraft_kv_get('counter')");
          if (session.truth("SELECT pgraft_kv_compare_and_set('counter', ?, ?)", now,
              Integer.toString(Integer.parseInt(now) + 1))) {
            done++;
          }
        }
      }
      return null;
    });
    for (TestNode reader : shared.nodes()) {
      assertEquals(Integer.toString(3 * each), reader.get("counter"));
    }
  }

  @Test
  void when_a_transaction_compares_then_one_branch_is_done_on_all_nodes() throws Exception {
    shared.node(1).put("txn/lock", "free");
    String transaction = "SELECT pgraft_kv_txn("
        + "'[{\"key\": \"txn/lock\", \"target\": \"value\", \"op\": \"=\", \"value\": \"free\"}]',"
        + " '[{\"op\": \"put\", \"key\": \"txn/lock\", \"value\": \"taken\"}]',"
        + " '[{\"op\": \"get\", \"key\": \"txn/lock\"}]') ->> 'succeeded'";
    assertEquals("true", shared.node(2).text(transaction));
    assertEquals("false", shared.node(3).text(transaction));
    for (TestNode reader : shared.nodes()) {
      assertEquals("taken", reader.get("txn/lock"));
    }
  }

  @Test
  void when_nodes_applied_the_same_then_their_stores_have_the_same_hash() throws Exception {
    shared.node(1).put("hashed", "value");
    shared.assertSameStores();
  }

  @Test
  void when_a_session_reads_locally_then_what_it_sees_only_goes_forward() throws Exception {
    TestNode reader = shared.follower();
    try (Session session = reader.connect(); Session writer = shared.leader().connect()) {
      session.run("SET pgraft.read_consistency = local");
      int last = 0;
      for (int i = 1; i <= 50; i++) {
        writer.run("SELECT pgraft_kv_put('forward', ?)", Integer.toString(i));
        String seen = session.text("SELECT pgraft_kv_get('forward')");
        int now = seen == null ? 0 : Integer.parseInt(seen);
        assertTrue(now >= last && now <= i, "saw " + now + " after " + last);
        last = now;
      }
    }
    TestCluster.awaitLocal(reader, "forward", "50");
  }

  @Test
  void when_a_statement_runs_in_a_transaction_that_rolls_back_then_the_put_stays() throws Exception {
    // writes are not transactional with PostgreSQL, and the reference says so
    try (Session session = shared.node(1).connect()) {
      session.run("BEGIN");
      session.run("SELECT pgraft_kv_put('rolled', 'back')");
      session.run("ROLLBACK");
    }
    for (TestNode reader : shared.nodes()) {
      assertEquals("back", reader.get("rolled"));
    }
  }

  @Test
  void when_schema_is_chosen_then_functions_live_there() throws Exception {
    TestCluster own = cluster(1, Map.of());
    try (Session session = own.node(1).connect()) {
      session.run("DROP EXTENSION pgraft");
      session.run("CREATE SCHEMA elsewhere");
      session.run("CREATE EXTENSION pgraft SCHEMA elsewhere");
      assertTrue(session.truth("SELECT elsewhere.pgraft_kv_put('a', 'b')"));
      assertEquals("b", session.text("SELECT value FROM pgraft.kv WHERE key = 'a'"));
      session.run("DROP EXTENSION pgraft");
      session.run("CREATE SCHEMA pgraft");
      session.run("CREATE EXTENSION pgraft SCHEMA pgraft");
      assertEquals("b", session.text("SELECT pgraft.pgraft_kv_get('a')"));
    }
  }
}
