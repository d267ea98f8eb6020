package org.pgraft.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/**
 * Every function of the extension, as pg_proc lists them, called with nulls and absurd arguments. It may
 * answer or raise an error; no backend, no worker and no server may end.
 */
final class AbsurdArgumentsTest extends ClusterTest {
  private static final long SEED = 20_240_917;
  private static final int RANDOM_CALLS = 12;

  private static final Set<String> TAKES_LEASES =
      Set.of("pgraft_lease_grant", "pgraft_lock", "pgraft_campaign", "pgraft_queue_enter");

  private static final Map<String, List<String>> VALUES = Map.of(
      "int4", List.of("NULL", "0", "-1", "2147483647", "-2147483648"),
      "int8", List.of("NULL", "0", "-1", "1", "9223372036854775807", "-9223372036854775808"),
      "interval", List.of("NULL", "'0'", "'-1 second'", "'1 hour'", "'178000000 years'", "'-178000000 years'"),
      "bool", List.of("NULL", "true", "false"),
      "name", List.of("NULL", "''", "'public'", "'nobody at all'", "repeat('x', 100)"),
      "text", List.of("NULL", "''", "'a'", "repeat('x', 480)", "repeat('x', 481)", "repeat('y', 3000000)",
          "E'\\x01\\n\\t\\r'", "'%s%n%d'", "'\u00e4\uD83D\uDC18'"),
      "bytea", List.of("NULL", "''::bytea", "'\\x00'::bytea", "'\\xff'::bytea",
          "decode(repeat('ff', 2000000), 'hex')"),
      "_text", List.of("NULL", "'{}'", "'{NULL}'", "array['a', 'a']", "array[['a', 'b'], ['c', 'd']]",
          "array[repeat('x', 481)]", "(SELECT array_agg(i::text) FROM generate_series(1, 20000) i)",
          "'[5:6]={a,b}'"),
      "jsonb", List.of("NULL", "'null'", "'[]'", "'{}'", "'1e400'", "'\"x\"'", "'[[]]'", "'[{}]'",
          "'[{\"put\": null}]'", "'[{\"put\": {\"key\": 1, \"value\": []}}]'",
          "'[{\"key\": \"a\", \"target\": \"version\", \"op\": \"=\", \"value\": 1e300}]'",
          "(SELECT jsonb_agg(jsonb_build_object('put', jsonb_build_object('key', i::text, 'value', 'v')))"
              + " FROM generate_series(1, 5000) i)",
          "(repeat('[', 3000) || repeat(']', 3000))::jsonb"));

  @Test
  void when_functions_get_nulls_and_absurd_arguments_then_nothing_ends() throws Exception {
    TestCluster cluster = cluster(1, Map.of("pgraft.command_timeout", "2s"));
    TestNode node = cluster.node(1);
    List<List<String>> functions = node.rows("""
        SELECT p.oid::regproc, array_to_string(ARRAY(
            SELECT t.typname FROM unnest(p.proargtypes) WITH ORDINALITY a(type, place)
              JOIN pg_type t ON t.oid = a.type ORDER BY a.place), ',')
          FROM pg_proc p
          JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
          JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'pgraft'
         ORDER BY 1, 2
        """);
    assertTrue(functions.size() > 40, () -> "pg_proc has " + functions);
    long worker = node.worker();
    String started = node.text("SELECT pg_postmaster_start_time()");

    Session session = node.connect();
    long backend = session.number("SELECT pg_backend_pid()");
    session.run("SET statement_timeout = '30s'");
    session.run("SET max_stack_depth = '2MB'");
    int calls = 0;
    for (List<String> function : functions) {
      for (String call : calls(function.get(0), function.get(1))) {
        calls++;
        call(session, call);
        if (TAKES_LEASES.contains(function.get(0))) {
          // else the next call would wait for what this one holds
          session.run("SELECT pgraft_lease_revoke(lease) FROM pgraft_leases()");
        }
      }
      assertEquals(backend, session.number("SELECT pg_backend_pid()"), "the session after " + function);
    }
    session.close();

    System.out.println(calls + " absurd calls of " + functions.size() + " functions");
    assertEquals(started, node.text("SELECT pg_postmaster_start_time()"));
    assertEquals(worker, node.worker(), "the worker is still the same");
    assertTrue(!node.log().contains("terminated by signal"), "a process was ended by a signal");
    node.put("after", "all that");
    assertEquals("all that", node.get("after"));
  }

  /** An error is a good answer as long as the session lives. */
  private static void call(Session session, String sql) {
    try {
      session.rows(sql);
    } catch (SQLException e) {
      String state = String.valueOf(e.getSQLState());
      assertTrue(!state.startsWith("08") || state.equals("08007"), () -> sql + " ended the session: " + e.getMessage());
      assertTrue(!state.equals("XX000"), () -> sql + " gave an internal error: " + e.getMessage());
      assertTrue(!state.equals("57014"), () -> sql + " did not end by itself: " + e.getMessage());
    }
  }

  /** Calls of one function: each argument absurd in turn, all null, all alike, and some at random. */
  private static Set<String> calls(String name, String types) {
    Set<String> calls = new LinkedHashSet<>();
    if (types.isEmpty()) {
      calls.add("SELECT * FROM " + name + "()");
      return calls;
    }
    List<List<String>> choices = new ArrayList<>();
    for (String type : types.split(",")) {
      List<String> values = VALUES.get(type);
      assertTrue(values != null, () -> "no absurd values for the type " + type + " of " + name);
      choices.add(values.stream().map(value -> "(" + value + ")::" + typeName(type)).toList());
    }
    int most = choices.stream().mapToInt(List::size).max().orElseThrow();
    for (int i = 0; i < most; i++) {
      int choice = i;
      calls.add(sql(name, choices.stream().map(values -> values.get(choice % values.size())).toList()));
    }
    for (int place = 0; place < choices.size(); place++) {
      for (String value : choices.get(place)) {
        List<String> arguments = new ArrayList<>();
        for (List<String> values : choices) {
          arguments.add(values.get(Math.min(2, values.size() - 1)));
        }
        arguments.set(place, value);
        calls.add(sql(name, arguments));
      }
    }
    Random random = new Random(SEED);
    for (int i = 0; i < RANDOM_CALLS; i++) {
      calls.add(sql(name, choices.stream().map(values -> values.get(random.nextInt(values.size()))).toList()));
    }
    return calls;
  }

  private static String sql(String name, List<String> arguments) {
    return "SELECT * FROM " + name + "(" + String.join(", ", arguments) + ")";
  }

  private static String typeName(String type) {
    return type.equals("_text") ? "text[]" : type;
  }
}
