package org.pgraft.chaos;

import java.sql.SQLException;
import org.pgraft.cluster.Await;
import org.pgraft.cluster.Session;
import org.pgraft.cluster.TestCluster;
import org.pgraft.cluster.TestNode;

/**
 * What has to come of harm inside the JVM of a node: its worker leaves with status 1 and another begins, alone; or
 * the node does all that a member does. A node that is only half alive is neither. A session that was open before is
 * open afterwards.
 */
final class Survival {
  private final Arena arena;
  private final TestNode node;
  private final long worker;
  private final Session witness;
  private final String backend;

  private Survival(Arena arena, TestNode node, long worker, Session witness) throws SQLException {
    this.arena = arena;
    this.node = node;
    this.worker = worker;
    this.witness = witness;
    this.backend = witness.text("SELECT pg_backend_pid()");
  }

  /** To be called before the harm is done. */
  static Survival begin(Arena arena, TestNode node) throws SQLException, InterruptedException {
    return new Survival(arena, node, node.worker(), node.connect());
  }

  /** Whether another worker runs. */
  boolean reborn() throws SQLException {
    long now = node.number("SELECT coalesce(worker_pid, 0) FROM pgraft_node_status()");
    return now > 0 && now != worker;
  }

  /** Waits until another worker runs. */
  void awaitRebirth() throws InterruptedException {
    Await.until("another worker runs on " + node, this::reborn);
  }

  /** What came of it, once the cluster works again; fails if that is not what has to. */
  String judge() throws Exception {
    try (witness) {
      if (!backend.equals(witness.text("SELECT pg_backend_pid()"))) {
        throw new AssertionError("a session of " + node + " became another");
      }
      if (!reborn()) {
        exercise();
      }
      // a node may also notice within pgraft.hang_timeout, while it is asked to work
      if (reborn()) {
        String left = "(PID " + worker + ") exited with exit code 1";
        Await.until("the log of " + node + " tells of the worker's end by status 1", () -> node.log().contains(left));
        return "its worker left with status 1 and was replaced alone";
      }
      return "it went on working";
    }
  }

  /** Lets the node lead, take and answer requests of all, make connections, and follow. */
  private void exercise() throws Exception {
    TestCluster cluster = arena.cluster();
    Await.until(node + " leads", () -> {
      TestNode leader = cluster.leader();
      return leader == node || leader.truth("SELECT pgraft_transfer_leadership(?)", node.number()) && node.leads();
    });
    putThroughEach();
    // the worker of another node begins anew, and connects to this one
    TestNode other = cluster.others(node).get(0);
    long before = other.worker();
    other.signal(before, "TERM");
    Await.until("another worker runs on " + other, () -> other.worker() != before);
    putThroughEach();
    Await.until(node + " takes a snapshot", () -> node.number("SELECT pgraft_snapshot()") > 0);
    Await.until(node + " hands over", () -> cluster.leader() != node
        || node.truth("SELECT pgraft_transfer_leadership()"));
    putThroughEach();
  }

  private void putThroughEach() throws InterruptedException {
    for (TestNode each : arena.nodes()) {
      Await.until("a write through " + each, () -> {
        each.put("survival", each.name());
        return true;
      });
      TestNode reader = node;
      Await.until("a read through " + reader, () -> each.name().equals(reader.get("survival")));
    }
  }
}
