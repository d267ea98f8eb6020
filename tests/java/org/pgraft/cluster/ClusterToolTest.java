package org.pgraft.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** {@code scripts/pgraft_cluster}, as somebody at a shell uses it, on the servers of this machine. */
@Tag("cluster")
final class ClusterToolTest {
  private static final String BINDIR = System.getProperty("pgraft.test.bindir", "");

  private Path parent;

  @BeforeEach
  void makeDirectory() throws Exception {
    Assumptions.assumeFalse(BINDIR.isEmpty(), "the servers of this run are in containers");
    parent = Files.createTempDirectory("pgraft-tool");
    // the user that runs the servers has to come through
    Command.run(List.of("chmod", "755", parent.toString())).orFail("chmod");
  }

  @AfterEach
  void destroy() {
    if (parent != null) {
      run("destroy", "--yes");
      Tool.in(parent.resolve("again")).run("destroy", "--yes");
      Command.run(List.of("rm", "-rf", parent.toString())).orFail("rm");
    }
  }

  private Output run(String... arguments) {
    return tool().run(arguments);
  }

  private Tool tool() {
    return Tool.in(parent.resolve("cluster"));
  }

  private String text(String... arguments) {
    return tool().text(arguments);
  }

  private String sql(String node, String sql) {
    return text("psql", node, "-XAtc", sql);
  }

  /** The node that status shows as the leader. */
  private String leader() {
    return text("status").lines().filter(line -> line.contains(" leader ")).map(line -> line.split(" +")[0])
        .findFirst().orElse("none");
  }

  @Test
  void when_a_cluster_is_made_with_what_cannot_be_then_nothing_is_made() {
    for (List<String> wrong : List.of(
        List.of("--port", "99999"), List.of("--nodes", "0"), List.of("--pg-config", "/usr/bin"), List.of("--nonsense"))) {
      List<String> arguments = new ArrayList<>(List.of("init"));
      arguments.addAll(wrong);
      assertNotEquals(0, run(arguments.toArray(String[]::new)).status(), () -> "init " + wrong);
      assertFalse(Files.exists(parent.resolve("cluster")), () -> "init " + wrong + " left something");
    }
  }

  @Test
  void when_nodes_are_added_replaced_and_removed_at_the_shell_then_the_cluster_is_what_was_asked_for() {
    text("init", "--nodes", "3", "--pg-config", BINDIR + "/pg_config", "--port", Integer.toString(Ports.take()),
        "--raft-port", Integer.toString(Ports.take()), "--set", "application_name=of this cluster");
    assertEquals("[\"n1\",\"n2\",\"n3\"]", tool().json("select(.leader | test(\"^n[123]$\")).started", "start"), "it tells who leads");
    assertTrue(sql("n1", "SHOW pgraft.cluster_id").matches("cluster-[0-9a-f]{6}"), "a name of its own");
    sql("n1", "CREATE EXTENSION IF NOT EXISTS pgraft");
    assertEquals("t", sql("n1", "SELECT pgraft_kv_put('key', 'value')"));

    for (String surplus : List.of("destroy", "status", "add")) {
      Output refused = run(surplus, "n2");
      assertTrue(refused.status() != 0 && refused.text().contains("does not know n2"), refused.text());
    }
    assertTrue(run("destroy", "--dir", parent + "/nowhere").text().contains("no cluster in " + parent + "/nowhere"));
    assertTrue(tool().error(2, ".hint", "destroy").contains("--yes"), "there is no terminal to ask on");
    assertEquals("value", sql("n1", "SELECT pgraft_kv_get('key')"), "nothing was done");

    assertEquals("added n4", text("add"));
    assertEquals("of this cluster", Command.run(List.of("grep", "-oP", "^application_name = '\\K[^']*",
        parent + "/cluster/n4/postgresql.conf")).orFail("grep").text().strip(), "a setting of all nodes");
    String before = leader();
    text("transfer");
    assertNotEquals(before, leader());
    assertEquals("the leader is n4", text("transfer", "n4"));

    String replaced = text("replace", "n1");
    assertTrue(replaced.startsWith("replaced n1 by n5"), replaced);
    assertTrue(text("remove", "n2").startsWith("removed n2"));
    assertEquals("3,4,5", sql("n3", "SELECT string_agg(node_id::text, ',' ORDER BY node_id) FROM pgraft_get_nodes()"));

    assertTrue(text("restart").contains("the leader is n"));
    assertTrue(text("restart", "n5").contains("stopped n5"));
    assertEquals("value", sql("n5", "SELECT pgraft_kv_get('key')"));
    assertEquals("added n6", text("add"), "the number of a node that was removed is not used again");
    assertEquals("there is no node n1 in " + parent + "/cluster", tool().error(2, ".message", "remove", "n1"));
    assertEquals(leader(), tool().json(".[] | select(.role == \"leader\") | .member", "list"));

    String file = parent + "/cluster/saved";
    assertTrue(text("snapshot", "save", file).startsWith("saved and verified " + file + ": 1 keys"));
    text("stop");
    assertEquals("no node leads", tool().error(3, ".message", "add"));
    Tool again = Tool.in(parent.resolve("again"));
    assertEquals("restored " + file + " to n1 n2 in " + parent + "/again", again.text("snapshot", "restore", file, "--nodes", "2",
        "--pg-config", BINDIR + "/pg_config", "--port", Integer.toString(Ports.take()), "--raft-port", Integer.toString(Ports.take())));
    assertEquals("value", again.text("psql", "n2", "-XAtc", "SELECT pgraft_kv_get('key')"));
    assertEquals("[1,2]", again.json("map(.id)", "list"));
  }

  @Test
  @Tag("long")
  void when_a_file_cannot_be_restored_then_nothing_is_left_and_nothing_else_is_touched() throws Exception {
    text("init", "--nodes", "1", "--pg-config", BINDIR + "/pg_config", "--port", Integer.toString(Ports.take()),
        "--raft-port", Integer.toString(Ports.take()));
    text("start");
    String file = parent + "/cluster/saved";
    text("snapshot", "save", file);
    Command.run(List.of("truncate", "-s", "-1", file)).orFail("truncate");
    assertEquals("XX001", tool().error(1, ".sqlstate", "snapshot", "verify", file));
    Tool again = Tool.in(parent.resolve("again"));
    assertEquals("XX001", again.error(1, ".sqlstate", "snapshot", "restore", file, "--pg-config", BINDIR + "/pg_config",
        "--port", Integer.toString(Ports.take()), "--raft-port", Integer.toString(Ports.take())));
    assertFalse(Files.exists(parent.resolve("again")));
    assertEquals("1", sql("n1", "SELECT count(*) FROM pgraft_members() WHERE is_leader"));
    assertEquals(0, run("doctor").status());
  }

  @Test
  void when_a_cluster_is_made_with_tls_then_its_certificates_can_be_renewed_while_it_runs() {
    text("init", "--tls", "--nodes", "3", "--pg-config", BINDIR + "/pg_config", "--port", Integer.toString(Ports.take()),
        "--raft-port", Integer.toString(Ports.take()));
    text("start");
    assertEquals("on", sql("n1", "SHOW pgraft.tls_enabled"));
    assertEquals("t", sql("n1", "SELECT pgraft_kv_put('key', 'value')"));
    String workers = workers();
    String authority = authorities();

    assertEquals("renewed the certificates of n1 n2 n3", text("certificates"));
    assertEquals(authority, authorities());
    assertEquals("renewed the certificates of n1 n2 n3", text("certificates", "--authority"));
    assertNotEquals(authority, authorities());
    assertEquals(workers, workers(), "nothing was restarted");

    // whose connections are made by the new certificates alone
    text("restart", "n2");
    assertEquals("added n4", text("add"));
    assertEquals("value", sql("n2", "SELECT pgraft_kv_get('key')"));
    assertEquals("value", sql("n4", "SELECT pgraft_kv_get('key')"));
    assertEquals("removed n4", text("remove", "n4").replaceFirst(";.*", ""));
    assertEquals("renewed the certificates of n1 n2 n3", text("certificates", "--authority"), "n4 has none any more");
  }

  @Test
  void when_something_is_wrong_then_the_doctor_names_it_and_the_way_out() throws Exception {
    text("init", "--nodes", "3", "--pg-config", BINDIR + "/pg_config", "--port", Integer.toString(Ports.take()),
        "--raft-port", Integer.toString(Ports.take()));
    text("start");
    assertEquals("nothing wrong was found with n1 n2 n3", text("doctor"));
    assertEquals("[\"n1\",\"n2\",\"n3\"]", tool().json("map(select(.process == \"up\" and (.pid | type) == \"number\").node)", "status"));

    text("stop", "n2");
    sql("n3", "ALTER SYSTEM SET pgraft.election_timeout = '2s'");
    text("restart", "n3");
    Await.until("the leader knows that n2 is down", () -> run("doctor").text().contains("n2 is unreachable"));
    Output findings = run("doctor");
    assertNotEquals(0, findings.status());
    for (String part : List.of("n2: the server does not run", "pgraft_cluster start n2",
        "pgraft.election_timeout is 1s on n1, but 2s on n3")) {
      assertTrue(findings.text().contains(part), () -> part + " is missing in " + findings.text());
    }
    assertEquals("n2", tool().json(".[] | select(.process == \"down\" and .pid == null and .state == null).node", "status"),
        "what is not known is null");
    assertTrue(Tool.jq("[.findings[].what] | contains([\"n2: the server does not run\"])", run("doctor", "--format", "json").text())
        .equals("true"), "the same as JSON");

    text("remove", "n2");
    sql("n3", "DROP EXTENSION pgraft");
    String rest = run("doctor").text();
    assertTrue(rest.contains("n3: the extension is not installed in the database postgres"), rest);
    assertTrue(rest.contains("the cluster has 2 members"), rest);
  }

  private String workers() {
    return sql("n1", "SELECT worker_pid FROM pgraft_node_status()") + sql("n2", "SELECT worker_pid FROM pgraft_node_status()")
        + sql("n3", "SELECT worker_pid FROM pgraft_node_status()");
  }

  private String authorities() {
    return Command.run(List.of("cat", parent + "/cluster/n1/pgraft-ca.crt")).orFail("cat").text();
  }
}
