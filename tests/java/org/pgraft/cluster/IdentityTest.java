package org.pgraft.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A directory belongs to a member: one that is lost, old or another's takes no part, and says the way out. */
final class IdentityTest extends ClusterTest {
  @Test
  void when_the_directory_is_lost_then_the_node_refuses_and_can_be_replaced() throws Exception {
    TestCluster cluster = cluster(3);
    TestNode lost = cluster.follower();
    lost.put("key", "value");
    lost.stop("fast");
    lost.host().run("rm", "-rf", lost.engineData()).orFail("rm");
    lost.start();
    awaitMessage(lost, "lost");
    assertFalse(lost.leads());
    assertRefused(lost);
    assertEquals("value", cluster.leader().get("key"), "the others go on");

    // the way out: remove the member and add the server under a new id, with nothing of the old one left
    TestNode leader = cluster.leader();
    assertTrue(leader.truth("SELECT pgraft_remove_node(?)", lost.number()));
    lost.stop("fast");
    lost.host().run("rm", "-rf", lost.data() + "/pgraft.identity", lost.engineData()).orFail("rm");
    lost.unset("pgraft.initial_cluster");
    lost.unset("pgraft.name");
    lost.set("pgraft.node_id", "4");
    lost.set("pgraft.address", lost.host().address());
    lost.set("pgraft.port", Integer.toString(lost.host().raftPort()));
    lost.start();
    Await.until("it waits", () -> lost.text("SELECT pgraft_get_worker_state()").equals("WAITING"));
    assertTrue(leader.truth("SELECT pgraft_add_node(4, ?, ?)", lost.host().address(), lost.host().raftPort()));
    TestCluster.awaitLocal(lost, "key", "value");
    cluster.assertSameStores();
  }

  @Test
  @Tag("long")
  void when_an_old_copy_is_started_again_and_again_then_it_never_gets_in() throws Exception {
    TestCluster cluster = cluster(3);
    TestNode node = cluster.node(3);
    String old = node.host().directory() + "/old";
    node.stop("fast");
    node.host().run("cp", "-a", node.engineData(), old).orFail("cp");
    for (int start = 0; start < 2; start++) {
      node.start();
      node.awaitState("RUNNING");
      node.put("key", "newest");
      node.stop("fast");
    }
    // one of those who have seen it newer must be enough
    cluster.node(1).stop("fast");
    node.host().run("rm", "-rf", node.engineData()).orFail("rm");
    node.host().run("mv", old, node.engineData()).orFail("mv");
    for (int attempt = 0; attempt < 4; attempt++) {
      node.start();
      awaitMessage(node, "old copy");
      assertRefused(node);
      node.stop("fast");
    }
    cluster.node(1).start();
    assertEquals("newest", cluster.node(2).get("key"));
  }

  @Test
  void when_the_directory_is_an_old_copy_then_the_node_refuses_until_the_newest_is_back() throws Exception {
    TestCluster cluster = cluster(3);
    TestNode node = cluster.follower();
    String old = node.host().directory() + "/old";
    String newest = node.host().directory() + "/newest";
    node.put("key", "old");
    node.stop("fast");
    node.host().run("cp", "-a", node.engineData(), old).orFail("cp");
    node.start();
    node.awaitState("RUNNING");
    node.put("key", "new");
    node.stop("fast");
    node.host().run("mv", node.engineData(), newest).orFail("mv");
    node.host().run("mv", old, node.engineData()).orFail("mv");
    node.start();
    awaitMessage(node, "old copy");
    assertFalse(node.leads());
    assertRefused(node);

    node.stop("fast");
    node.host().run("rm", "-rf", node.engineData()).orFail("rm");
    node.host().run("mv", newest, node.engineData()).orFail("mv");
    node.start();
    TestCluster.awaitLocal(node, "key", "new");
    cluster.assertSameStores();
  }

  @Test
  void when_an_empty_directory_starts_before_the_others_then_it_waits_and_is_refused() throws Exception {
    TestCluster cluster = cluster(3, Map.of("pgraft.command_timeout", "2s"));
    cluster.node(1).put("key", "value");
    TestNode lost = cluster.node(3);
    stopAll(cluster);
    lost.host().run("rm", "-rf", lost.engineData(), lost.data() + "/pgraft.identity").orFail("rm");
    lost.start();
    awaitWaiting(lost, "every member of pgraft.initial_cluster");
    assertRefused(lost);

    cluster.node(1).start();
    awaitMessage(lost, "another directory");
    assertFalse(cluster.node(1).leads() || lost.leads(), "two of three run, but one of them forgot what it promised");

    cluster.node(2).start();
    assertEquals("value", TestCluster.leaderAmong(List.of(cluster.node(1), cluster.node(2))).get("key"));
    assertFalse(lost.leads());
  }

  @Test
  void when_an_old_copy_starts_before_the_others_then_it_waits_and_is_refused() throws Exception {
    TestCluster cluster = cluster(3, Map.of("pgraft.command_timeout", "5s"));
    TestNode node = cluster.node(3);
    String old = node.host().directory() + "/old";
    node.stop("fast");
    node.host().run("cp", "-a", node.engineData(), old).orFail("cp");
    node.start();
    node.awaitState("RUNNING");
    node.put("key", "value");
    stopAll(cluster);
    node.host().run("rm", "-rf", node.engineData()).orFail("rm");
    node.host().run("mv", old, node.engineData()).orFail("mv");
    node.start();
    awaitWaiting(node, "a majority of the members");
    assertRefused(node);

    cluster.node(1).start();
    awaitMessage(node, "old copy");
    cluster.node(2).start();
    assertEquals("value", TestCluster.leaderAmong(List.of(cluster.node(1), cluster.node(2))).get("key"));
    assertFalse(node.leads());
  }

  @Test
  void when_one_member_is_not_there_yet_then_no_cluster_is_founded_without_it() throws Exception {
    TestCluster cluster = untilTheEnd(TestCluster.prepared(3, Map.of("pgraft.command_timeout", "2s")));
    cluster.node(1).start();
    cluster.node(2).start();
    awaitWaiting(cluster.node(1), "node 3 at " + cluster.node(3).host().address());
    awaitWaiting(cluster.node(2), "node 3 at " + cluster.node(3).host().address());
    assertRefused(cluster.node(1));

    cluster.node(3).start();
    cluster.leader().put("key", "value");
    assertEquals("value", cluster.node(3).get("key"));
  }

  @Test
  void when_a_directory_belongs_to_another_node_then_the_engine_refuses_and_the_server_lives() throws Exception {
    TestCluster cluster = cluster(3);
    TestNode node = cluster.follower();
    node.stop("fast");
    node.set("pgraft.name", "n" + (node.number() % 3 + 1));
    node.start();
    awaitMessage(node, "belongs to node");
    assertEquals("1", node.text("SELECT 1"));
    assertRefused(node);
    cluster.leader().put("others", "go on");
  }

  @Test
  void when_others_may_write_into_the_directory_then_the_node_refuses_until_they_may_not() throws Exception {
    TestNode node = cluster(1).node(1);
    node.put("key", "value");
    node.stop("fast");
    node.host().run("chmod", "777", node.engineData()).orFail("chmod");
    node.start();
    awaitMessage(node, "invalid permissions");
    assertRefused(node);

    node.host().run("chmod", "750", node.engineData()).orFail("chmod");
    Await.until("it leads", node::leads);
    assertEquals("value", node.get("key"));
  }

  @Test
  void when_initial_cluster_names_a_cluster_that_exists_then_no_second_one_is_founded() throws Exception {
    TestCluster cluster = cluster(3);
    cluster.node(1).put("key", "value");
    TestNode stranger = cluster.oneMoreWaiting();
    stranger.stop("fast");
    for (String name : List.of("pgraft.node_id", "pgraft.address", "pgraft.port")) {
      stranger.unset(name);
    }
    // it believes in a cluster of itself and one member that is in another already
    stranger.set("pgraft.name", "n2");
    stranger.set("pgraft.initial_cluster", cluster.node(1).member() + ",n2=" + stranger.host().address() + ":"
        + stranger.host().raftPort());
    stranger.host().run("rm", "-rf", stranger.engineData(), stranger.data() + "/pgraft.identity").orFail("rm");
    stranger.start();
    Await.until("the stranger gives up or waits", () -> List.of("ERROR", "WAITING").contains(
        stranger.text("SELECT pgraft_get_worker_state()")));
    assertFalse(stranger.leads());
    assertEquals(3, cluster.leader().number("SELECT num_nodes FROM pgraft_get_cluster_status()"));
    assertEquals("value", cluster.node(2).get("key"));
  }

  private static void stopAll(TestCluster cluster) {
    for (TestNode node : cluster.nodes()) {
      node.stop("immediate");
    }
  }

  private static void awaitWaiting(TestNode node, String whom) throws InterruptedException {
    Await.value(node + " waits for " + whom,
        () -> node.text("SELECT worker_state || ': ' || message FROM pgraft_node_status()"),
        message -> message.startsWith("WAITING") && message.contains(whom));
  }

  private static void awaitMessage(TestNode node, String part) throws InterruptedException {
    Await.value(node + " says \"" + part + "\"",
        () -> node.text("SELECT worker_state || ': ' || message FROM pgraft_node_status()"),
        message -> message.startsWith("ERROR") && message.contains(part));
  }

  private static void assertRefused(TestNode node) throws Exception {
    try (Session session = node.connect()) {
      String state = session.failure("SELECT pgraft_kv_put('refused', 'yes')").getSQLState();
      assertTrue(List.of("55000", "PGR01").contains(state), () -> node + " answered with " + state);
    }
  }
}
