package org.pgraft.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** {@code pgraft_cluster --dsn}: a cluster whose servers somebody else made, through any of its members. */
final class ToolThroughServersTest extends ClusterTest {
  @Test
  @Tag("long")
  void when_the_tool_is_given_a_server_then_it_shows_changes_and_saves_the_cluster_of_that_server() throws Exception {
    TestCluster cluster = cluster(3);
    TestNode first = cluster.node(1);
    Tool tool = Tool.through(cluster.follower());
    first.put("key", "value");

    assertEquals("[1,2,3]", tool.json("map(.id)", "list"));
    Await.until("every member is heard of", () -> tool.json("all(.state == \"healthy\" and .lag == 0)", "list").equals("true"));
    assertEquals(Integer.toString(cluster.agreedLeader()), tool.json(".[] | select(.role == \"leader\") | .id", "list"));
    assertEquals(first.host().address() + ":" + first.host().raftPort(), tool.json(".[0].host", "list"));
    assertTrue(tool.text("list").lines().findFirst().orElse("").matches(" *member +\\| id +\\|.* role .*lag.*"), tool.text("list"));

    TestNode fourth = cluster.oneMoreWaiting(Map.of("pgraft.cluster_id", first.text("SHOW pgraft.cluster_id")));
    assertEquals("n4", tool.json(".added", "add", "4", fourth.host().address(), Integer.toString(fourth.host().raftPort())));
    assertEquals("the leader is n4", tool.text("transfer", "n4"));
    assertTrue(fourth.leads());

    Tool ofFourth = Tool.through(fourth);
    String file = fourth.host().directory() + "/saved";
    assertEquals("1 " + file, ofFourth.json(".backup | \"\\(.keys) \\(.file)\"", "snapshot", "save", file));
    assertEquals("58P02", ofFourth.error(1, ".sqlstate", "snapshot", "save", file));
    assertTrue(ofFourth.text("snapshot", "verify", file).startsWith("verified " + file + ": 1 keys"));
    ofFourth.text("snapshot");
    assertFalse(fourth.rows("SELECT FROM pgraft.snapshot_status").isEmpty());

    assertTrue(tool.text("remove", "4").startsWith("removed n4; stop its server"));
    Await.until("it is not listed any more", () -> tool.json("map(.id)", "list").equals("[1,2,3]"));
    cluster.leader();
    assertTrue(tool.error(2, ".message", "remove", "4").contains("is no member"));

    // a server that belongs to nobody begins with what was saved
    fourth.stop("fast");
    fourth.host().run("rm", "-rf", fourth.engineData(), fourth.data() + "/pgraft.identity").orFail("rm");
    fourth.set("pgraft.cluster_id", "restored");
    fourth.start();
    fourth.awaitState("WAITING");
    assertTrue(ofFourth.error(3, ".message", "list").contains("a member of no cluster"));
    assertEquals("[\"n4\"]", ofFourth.json(".nodes", "snapshot", "restore", file));
    assertEquals("value", fourth.get("key"));
    assertEquals("55000", tool.error(1, ".sqlstate", "snapshot", "restore", file), "a member is not founded anew");
  }

  @Test
  void when_the_doctor_is_given_several_servers_then_it_asks_each_and_names_those_that_do_not_answer() throws Exception {
    TestCluster cluster = cluster(3);
    Tool all = Tool.throughEach(cluster.nodes());
    Await.until("every member is heard of", () -> all.run("doctor").text().strip().equals("nothing wrong was found with n1 n2 n3"));
    cluster.node(2).set("pgraft.election_timeout", "2s");
    cluster.node(2).restart();
    cluster.node(2).awaitState("RUNNING");
    cluster.leader();
    assertTrue(all.run("doctor").text().contains("pgraft.election_timeout is 1s on n1, but 2s on n2"), all.run("doctor")::text);

    cluster.node(2).stop("immediate");
    cluster.node(3).stop("immediate");
    Await.until("nobody leads", () -> all.run("doctor").text().contains("no node leads"));
    String findings = all.run("doctor").text();
    for (TestNode node : List.of(cluster.node(2), cluster.node(3))) {
      assertTrue(findings.contains("the server of --dsn number " + node.number() + " does not answer"), findings);
    }
    assertTrue(findings.contains("Connection refused"), findings);
    assertFalse(findings.contains("n1 "), findings);
    String byOne = Tool.through(cluster.node(1)).run("doctor").text();
    for (TestNode node : List.of(cluster.node(2), cluster.node(3))) {
      assertTrue(byOne.contains(node + " does not answer at " + node.host().address() + ":" + node.host().raftPort()), byOne);
    }
  }

  @Test
  void when_a_server_of_somebody_else_is_asked_then_it_is_done_or_the_status_says_how_it_ended() throws Exception {
    TestCluster cluster = cluster(1);
    TestNode node = cluster.node(1);
    Tool tool = Tool.through(node);
    assertEquals("n1 leader healthy", tool.json(".[] | \"\\(.member) \\(.role) \\(.state)\"", "list"));
    assertEquals("[]", tool.json(".findings", "doctor"));
    String file = node.host().directory() + "/saved";
    assertEquals(file, tool.json(".backup.file", "snapshot", "save", file));
    assertEquals("58P02", tool.error(1, ".sqlstate", "snapshot", "save", file), "the server's own error");

    // nobody is there to be added
    assertTrue(tool.error(1, ".detail", "add", "9", node.host().address(), "1", "--timeout", "1").contains("It was not added"));
    CompletableFuture<String> lost = CompletableFuture.supplyAsync(() -> tool.error(4, ".sqlstate", "add", "9", node.host().address(), "1"));
    Await.until("its session was ended while it waited", () -> !node.rows("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        + " WHERE query LIKE '%SELECT pgraft_add_node(%' AND pid <> pg_backend_pid()").isEmpty());
    assertEquals("57P01", lost.get(), "what became of it is unknown");
    assertTrue(tool.error(1, ".message", "transfer").length() > 0, "there is nobody else to lead");
    assertTrue(tool.error(2, ".hint", "start").contains("list, watch, doctor"));
    assertTrue(tool.error(2, ".message", "snapshot", "save", "relative").contains("no absolute path"));

    node.rows("DROP EXTENSION pgraft");
    assertTrue(tool.error(1, ".hint", "list").contains("CREATE EXTENSION pgraft"));
    node.rows("CREATE SCHEMA pgraft");
    node.rows("CREATE EXTENSION pgraft SCHEMA pgraft");
    assertEquals("[\"leader\"]", tool.json("map(.role)", "list"), "whatever the schema");

    node.stop("fast");
    assertTrue(tool.error(3, ".message", "list").contains("connection"));
  }
}
