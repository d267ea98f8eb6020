package org.pgraft.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** From version 1.0 to the present one, a node after the other, and not back. */
@Tag("cluster")
@Tag("long")
@ExtendWith(LogsOnFailure.class)
public final class RollingUpgradeTest {
  /** Makes of these sources what version 1.0 was. */
  public static final Path VERSION_1_0 = Path.of("tests/older/version-1.0.patch");
  private static final String UNKNOWN_TO_A_MEMBER = "0A000";

  @Test
  void when_members_are_upgraded_one_after_the_other_then_both_versions_work_together() throws Exception {
    Assumptions.assumeFalse(
        "containers".equals(System.getProperty("pgraft.test.backend")), "containers have a build of their own");
    Build present = Build.plain();
    Build older = PatchedBuild.of(VERSION_1_0, present);
    try (TestCluster cluster = TestCluster.prepared(3, Map.of(), older)) {
      TestNode leader = cluster.found();
      List<TestNode> order = new ArrayList<>(cluster.others(leader));
      order.add(leader);
      for (TestNode node : order) {
        workTogether(cluster);
        assertEquals(UNKNOWN_TO_A_MEMBER, failure(order.get(0), "SELECT pgraft_lease_grant('1 minute')"));
        assertEquals(UNKNOWN_TO_A_MEMBER, failure(order.get(0), "SELECT pgraft_kv_enforce_grants(true)"));
        node.stop("fast");
        node.install(present);
        node.start();
        node.awaitState("RUNNING");
        Await.until(node + " has caught up", () -> node.truth("SELECT pgraft_log_sync_with_leader()"));
      }
      workTogether(cluster);
      TestNode returned = order.get(0);
      returned.stop("fast");
      Await.until("the last one is registered", () -> leader.number("SELECT pgraft_lease_grant('1 minute')") > 0);
      leader.text("SELECT pgraft_kv_put('leased', 'v', max(lease)) FROM pgraft_leases()");

      // what it passes over before it is refused it would lack for ever
      returned.install(older);
      returned.startServer();
      Await.until("the older version is refused",
          () -> returned.log().contains("runs a version of pgraft that is too old for this cluster"));
      assertFalse(returned.truth("SELECT pgraft_is_leader()"));
      returned.stop("fast");
      returned.install(present);
      returned.startServer();
      Await.until("its store is refused", () -> returned.log().contains("its store may lack what that version does not know"));
      assertFalse(returned.truth("SELECT pgraft_is_leader()"));

      assertTrue(leader.truth("SELECT pgraft_remove_node(?)", returned.number()));
      returned.stop("fast");
      returned.host().run("rm", "-rf", returned.data() + "/pgraft.identity", returned.engineData()).orFail("rm");
      returned.unset("pgraft.initial_cluster");
      returned.unset("pgraft.name");
      returned.set("pgraft.node_id", Integer.toString(returned.number()));
      returned.set("pgraft.address", returned.host().address());
      returned.set("pgraft.port", Integer.toString(returned.host().raftPort()));
      returned.start();
      returned.awaitState("WAITING");
      assertTrue(leader.truth("SELECT pgraft_add_node(?, ?, ?)", returned.number(), returned.host().address(),
          returned.host().raftPort()));
      returned.awaitState("RUNNING");
      Await.until(returned + " has caught up", () -> returned.truth("SELECT pgraft_log_sync_with_leader()"));
      TestCluster.assertSameStores(cluster.nodes());
    }
  }

  /**
   * Each node writes, also what only one of the versions could take for right: a transaction whose other branch names a lease.
   */
  private static void workTogether(TestCluster cluster) throws Exception {
    for (TestNode writer : cluster.nodes()) {
      Await.until("a write of " + writer, () -> {
        writer.put("by/" + writer, "v");
        return true;
      });
      failure(writer, "SELECT pgraft_kv_txn('[{\"key\": \"absent\", \"target\": \"version\", \"op\": \"=\", \"value\": 1}]',"
          + " '[{\"op\": \"put\", \"key\": \"a\", \"value\": \"v\", \"lease\": 1}]',"
          + " '[{\"op\": \"put\", \"key\": \"b\", \"value\": \"v\"}]')");
      for (TestNode reader : cluster.nodes()) {
        assertEquals("v", reader.text("SELECT pgraft_kv_get(?)", "by/" + writer));
      }
    }
    for (TestNode node : cluster.nodes()) {
      Await.until(node + " has caught up", () -> node.truth("SELECT pgraft_log_sync_with_leader()"));
    }
    TestCluster.assertSameStores(cluster.nodes());
  }

  private static String failure(TestNode node, String sql) {
    try {
      node.text(sql);
    } catch (SQLException e) {
      return e.getSQLState();
    }
    throw new AssertionError("it was not refused: " + sql);
  }
}
