package org.pgraft.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is refused is refused with the right SQLSTATE, and nothing has changed. */
final class ErrorPathsTest extends ClusterTest {
  private static TestCluster shared;

  @BeforeAll
  static void start() throws Exception {
    shared = TestCluster.started(3, Map.of("pgraft.command_timeout", "3s"));
  }

  @AfterAll
  static void end() {
    if (shared != null) {
      shared.close();
    }
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', value = {
      "SELECT pgraft_kv_put('', 'v')                                          | 22023",
      "SELECT pgraft_kv_put(repeat('k', 481), 'v')                            | 54000",
      "SELECT pgraft_kv_put('k', repeat('v', 1048577))                        | 54000",
      "SELECT pgraft_kv_put(NULL, 'v')                                        | 22004",
      "SELECT pgraft_kv_put('k', NULL)                                        | 22004",
      "SELECT pgraft_kv_put_many(array['a'], array['1', '2'])                 | 2202E",
      "SELECT * FROM pgraft_kv_get_entry('k', 999999999)                      | PGR02",
      "SELECT pgraft_log_get_entry(999999999)                                 | 22023",
      "SELECT pgraft_log_append(0, 'no term')                                 | 22023",
      "SELECT pgraft_log_append(999999, 'another term')                       | 55000",
      "SELECT pgraft_kv_txn('[{\"target\": \"nonsense\"}]', '[]')             | 22023",
      "SELECT pgraft_transfer_leadership(99)                                  | 55000",
  })
  void when_a_call_is_wrong_then_the_error_says_which_kind_on_every_node(String sql, String state) throws Exception {
    long before = shared.leader().number("SELECT pgraft_kv_revision()");
    for (TestNode node : shared.nodes()) {
      try (Session session = node.connect()) {
        SQLException error = session.failure(sql);
        assertEquals(state, error.getSQLState(), () -> sql + " on " + node + ": " + error.getMessage());
      }
    }
    assertEquals(before, shared.leader().number("SELECT pgraft_kv_revision()"), "nothing has changed");
  }

  @Test
  void when_the_transaction_is_read_only_then_writes_are_refused_and_reads_work() throws Exception {
    shared.node(1).put("readable", "yes");
    try (Session session = shared.node(1).connect()) {
      session.run("BEGIN READ ONLY");
      assertEquals("yes", session.text("SELECT pgraft_kv_get('readable')"));
      assertEquals("25006", session.failure("SELECT pgraft_kv_put('readable', 'no')").getSQLState());
      session.run("ROLLBACK");
    }
    assertEquals("yes", shared.node(1).get("readable"));
  }

  @Test
  void when_a_user_has_no_privilege_then_only_the_leader_may_be_asked_for() throws Exception {
    TestNode node = shared.node(1);
    node.put("secret", "value");
    node.rows("CREATE ROLE nobody LOGIN");
    node.rows("CREATE ROLE watcher LOGIN IN ROLE pg_monitor");
    try (Session session = node.connect("nobody")) {
      session.truth("SELECT pgraft_is_leader()");
      for (String sql : List.of("SELECT pgraft_kv_get('secret')", "SELECT pgraft_kv_put('secret', 'mine')",
          "SELECT * FROM pgraft_kv_list()", "SELECT pgraft_kv_reset()", "SELECT * FROM pgraft_node_status()",
          "SELECT pgraft_remove_node(2)", "SELECT * FROM pgraft.kv")) {
        assertEquals("42501", session.failure(sql).getSQLState(), sql);
      }
    }
    try (Session session = node.connect("watcher")) {
      assertEquals(3, session.number("SELECT count(*) FROM pgraft.member_list"));
      assertEquals("42501", session.failure("SELECT pgraft_kv_get('secret')").getSQLState());
      assertEquals("42501", session.failure("SELECT * FROM pgraft.kv").getSQLState());
    }
    assertEquals("value", node.get("secret"));
  }

  @Test
  void when_a_revision_is_compacted_then_reading_it_is_an_error_and_the_present_stays() throws Exception {
    TestNode node = shared.node(2);
    long first = node.number("SELECT pgraft_kv_put_revision('compacted', 'one')");
    node.put("compacted", "two");
    assertEquals("one", node.text("SELECT value FROM pgraft_kv_get_entry('compacted', ?)", first));
    assertTrue(node.truth("SELECT pgraft_kv_compact()"));
    for (TestNode reader : shared.nodes()) {
      try (Session session = reader.connect()) {
        assertTrue(session.truth("SELECT pgraft_log_sync_with_leader()"));
        assertEquals("PGR02", session.failure("SELECT value FROM pgraft_kv_get_entry('compacted', ?)", first)
            .getSQLState());
        assertEquals("two", session.text("SELECT pgraft_kv_get('compacted')"));
      }
    }
  }

  @Test
  void when_the_library_is_not_preloaded_then_the_extension_says_so_and_the_server_lives() throws Exception {
    TestCluster cluster = untilTheEnd(TestCluster.withoutPreload());
    try (Session session = cluster.node(1).connect()) {
      SQLException error = session.failure("CREATE EXTENSION pgraft");
      assertEquals("55000", error.getSQLState());
      assertTrue(error.getMessage().contains("shared_preload_libraries"), error.getMessage());
      // the functions of an extension that was created before say it, too
      session.run("CREATE FUNCTION kv_put(text, text) RETURNS boolean AS '$libdir/pgraft', 'pgraft_kv_put'"
          + " LANGUAGE C");
      session.run("CREATE FUNCTION is_leader() RETURNS boolean AS '$libdir/pgraft', 'pgraft_is_leader' LANGUAGE C");
      assertEquals("55000", session.failure("SELECT kv_put('a', 'b')").getSQLState());
      assertEquals("55000", session.failure("SELECT is_leader()").getSQLState());
      assertEquals("1", session.text("SELECT 1"));
    }
  }

  @Test
  void when_the_preload_is_taken_away_then_every_function_says_so_and_none_ends_its_session() throws Exception {
    TestNode node = cluster(1).node(1);
    node.stop("fast");
    node.set("shared_preload_libraries", "");
    node.start();
    try (Session session = node.connect()) {
      String pid = session.text("SELECT pg_backend_pid()");
      // a call of every function of the library, with arguments that its own checks let through
      List<List<String>> calls = session.rows("""
          SELECT format('SELECT %s(%s)', p.oid::regproc,
                        (SELECT string_agg(CASE t WHEN 'text'::regtype
                                                         THEN quote_literal(CASE p.proargnames[n] WHEN 'consistency' THEN 'local'
                                                                                                  WHEN 'rights' THEN 'read' WHEN 'right' THEN 'read'
                                                                                                  ELSE '/a' END) || '::text'
                                                  WHEN 'bytea'::regtype THEN quote_literal('a') || '::bytea'
                                                  WHEN 'jsonb'::regtype THEN quote_literal('[]') || '::jsonb'
                                                  WHEN 'text[]'::regtype THEN 'ARRAY[' || quote_literal('a') || ']'
                                                  WHEN 'boolean'::regtype THEN 'true'
                                                  WHEN 'interval'::regtype THEN quote_literal('2 s') || '::interval'
                                                  WHEN 'name'::regtype THEN quote_literal('public') || '::name'
                                                  ELSE n || '::' || t::regtype END, ', ' ORDER BY n)
                           FROM unnest(p.proargtypes) WITH ORDINALITY a(t, n)))
            FROM pg_proc p
            JOIN pg_depend d ON d.objid = p.oid AND d.classid = 'pg_proc'::regclass AND d.deptype = 'e'
            JOIN pg_extension e ON e.oid = d.refobjid
           WHERE e.extname = 'pgraft' AND p.prolang = (SELECT oid FROM pg_language WHERE lanname = 'c')""");
      assertTrue(calls.size() > 50, "all functions");
      for (List<String> call : calls) {
        SQLException error = session.failure(call.get(0));
        assertEquals("55000", error.getSQLState(), () -> call + ": " + error.getMessage());
      }
      assertEquals(pid, session.text("SELECT pg_backend_pid()"), "the same session");
    }
  }

  @Test
  void when_there_is_no_majority_then_a_request_waits_and_then_says_that_it_was_not_accepted() throws Exception {
    TestCluster cluster = cluster(3, Map.of("pgraft.command_timeout", "2s"));
    TestNode alone = cluster.follower();
    alone.put("key", "value");
    TestCluster.awaitLocal(alone, "key", "value");
    for (TestNode other : cluster.others(alone)) {
      other.stop("immediate");
    }
    Await.until("the worker has noticed", () -> alone.number("SELECT pgraft_get_leader()") == 0);
    try (Session session = alone.connect()) {
      SQLException error = session.failure("SELECT pgraft_kv_put('key', 'newer')");
      assertEquals("PGR01", error.getSQLState(), error.getMessage());
      assertEquals("PGR01", session.failure("SELECT pgraft_kv_get('key')").getSQLState());
      session.run("SET pgraft.read_consistency = local");
      assertEquals("value", session.text("SELECT pgraft_kv_get('key')"));
    }
    for (TestNode other : cluster.others(alone)) {
      other.start();
    }
    cluster.leader();
    assertEquals("value", alone.get("key"));
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', value = {
      "pgraft.initial_cluster | n1:7001",
      "pgraft.initial_cluster | n2=127.0.0.1:7001",
      "pgraft.initial_cluster | n1=127.0.0.1:7001,n1=127.0.0.1:7002",
      "pgraft.node_id         | 2",
      "pgraft.heartbeat_interval | 0",
      "pgraft.nonsense        | 1",
  })
  void when_a_setting_is_wrong_then_it_is_refused_in_words(String name, String value) throws Exception {
    TestCluster cluster = untilTheEnd(TestCluster.prepared(1, Map.of()));
    TestNode node = cluster.node(1);
    node.set(name, value);
    if (name.equals("pgraft.nonsense")) {
      // an unknown name in the reserved prefix is a warning to PostgreSQL, and is not kept
      node.startServer();
      assertTrue(node.log().contains("invalid configuration parameter name \"pgraft.nonsense\""), node.log());
      return;
    }
    Output output = node.tryStart();
    if (output.status() == 0) {
      Await.until("the log tells", () -> node.log().contains(name));
      try (Session session = node.connect()) {
        assertNotEquals("RUNNING", session.text("SELECT state FROM (SELECT 'x' AS state) s"));
      }
    } else {
      assertTrue(node.log().contains(name), node.log());
    }
    assertFalse(node.log().contains("terminated by signal"));
  }
}
