package org.pgraft.chaos;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.pgraft.cluster.Build;
import java.util.Set;
import org.pgraft.cluster.JvmAgent;
import org.pgraft.cluster.LogsOnFailure;
import org.pgraft.cluster.NodeClock;
import org.pgraft.cluster.PowerSwitch;
import org.pgraft.cluster.SlowLink;
import org.pgraft.cluster.TestCluster;
import org.pgraft.cluster.TestNode;

/** A cluster in which rounds take place, and what is remembered from one round to the next. */
final class Arena implements AutoCloseable {
  private final TestCluster cluster;
  private final Set<Equipment> equipment;
  private final Map<TestNode, PowerSwitch> switches = new HashMap<>();
  private final Map<TestNode, JvmAgent> agents = new HashMap<>();
  private final Map<TestNode, NodeClock> clocks = new HashMap<>();
  private final Map<TestNode, SlowLink> links = new HashMap<>();
  private final LeaseLedger leases = new LeaseLedger();
  private final Map<TestNode, Integer> logsRead = new HashMap<>();
  private volatile List<TestNode> members;
  private Workload workload;

  private Arena(TestCluster cluster, Set<Equipment> equipment) {
    this.cluster = cluster;
    this.members = cluster.nodes();
    this.equipment = equipment;
  }

  /**
   * A new cluster with a leader.
   *
   * @param shortLog whether nodes keep so little of the log that one that was away needs a snapshot
   * @param equipment what each node gets beside what it always has; it slows nodes down or changes them, so that
   *     no fault is given a cluster with more than it needs
   */
  static Arena open(int nodes, boolean shortLog, Set<Equipment> equipment) throws Exception {
    return open(nodes, shortLog, equipment, Build.plain());
  }

  /** The same of servers that are built otherwise. */
  static Arena open(int nodes, boolean shortLog, Set<Equipment> equipment, Build build) throws Exception {
    TestCluster cluster = TestCluster.prepared(nodes, shortLog
        ? Map.of("pgraft.snapshot_interval", "100", "pgraft.max_log_entries", "100") : Map.of(), build);
    try {
      Arena arena = new Arena(cluster, equipment);
      for (TestNode node : cluster.nodes()) {
        arena.equip(node, build);
      }
      cluster.found();
      return arena;
    } catch (Exception | Error e) {
      cluster.close();
      throw e;
    }
  }

  private void equip(TestNode node, Build build) throws Exception {
    for (Equipment each : equipment) {
      switch (each) {
        case POWER_SWITCH -> switches.put(node, PowerSwitch.install(node, build));
        case JVM_AGENT -> {
          // so that a hang is over soon; still far more than a busy machine lets a thread wait
          node.set("pgraft.hang_timeout", "5s");
          agents.put(node, JvmAgent.install(node));
        }
        case CLOCK -> clocks.put(node, NodeClock.install(node));
        case SLOW_LINK -> {
          if (SlowLink.whyNot(node.host()).isEmpty()) {
            links.put(node, SlowLink.install(node));
          }
        }
        default -> throw new IllegalStateException("no such equipment: " + each);
      }
    }
  }

  TestCluster cluster() {
    return cluster;
  }

  /** The nodes that are members now. */
  List<TestNode> nodes() {
    return members;
  }

  /** The members but one. */
  List<TestNode> others(TestNode without) {
    return members.stream().filter(node -> !node.equals(without)).toList();
  }

  /** A member has gone and a node has come in its place. */
  void exchange(TestNode gone, TestNode come) {
    List<TestNode> now = new ArrayList<>(others(gone));
    now.add(come);
    members = List.copyOf(now);
  }

  LeaseLedger leases() {
    return leases;
  }

  Set<Equipment> equipment() {
    return equipment;
  }

  PowerSwitch power(TestNode node) {
    return switches.get(node);
  }

  /** The clients that work at present. */
  Workload workload() {
    return workload;
  }

  void setWorkload(Workload clients) {
    workload = clients;
  }

  JvmAgent agent(TestNode node) {
    return agents.get(node);
  }

  NodeClock clock(TestNode node) {
    return clocks.get(node);
  }

  /** What the one true clock showed when the boot clock of a node showed that, in nanoseconds. */
  long trueTime(TestNode node, long shown) {
    NodeClock clock = clocks.get(node);
    return clock == null ? shown : clock.trueAt(shown);
  }

  SlowLink link(TestNode node) {
    return links.get(node);
  }

  TestNode leader() throws InterruptedException {
    return cluster.leader();
  }

  TestNode anyFollower(Random random) throws InterruptedException {
    return pick(others(leader()), random);
  }

  /** Any node, in half of all cases the leader. */
  TestNode anyNode(Random random) throws InterruptedException {
    return random.nextBoolean() ? leader() : pick(nodes(), random);
  }

  private static TestNode pick(List<TestNode> nodes, Random random) {
    return nodes.get(random.nextInt(nodes.size()));
  }

  /** The highest term that any node tells. */
  long term() throws SQLException {
    long highest = 0;
    for (TestNode node : nodes()) {
      highest = Math.max(highest, node.number("SELECT coalesce(pgraft_get_term(), 0)"));
    }
    return highest;
  }

  /** What is wrong in the part of the logs that this has not yet looked at. */
  List<Violation> checkLogs(boolean crashes) {
    List<Violation> violations = new ArrayList<>();
    for (TestNode node : nodes()) {
      String log = node.log();
      violations.addAll(LogChecker.check(node.name(), log.substring(logsRead.getOrDefault(node, 0)), crashes));
      logsRead.put(node, log.length());
    }
    return violations;
  }

  /** Writes what is left of a round that failed into a directory: the servers' logs and what the nodes say now. */
  void keep(Path directory) throws IOException {
    LogsOnFailure.keep(cluster, directory);
    StringBuilder status = new StringBuilder();
    for (TestNode node : nodes()) {
      status.append(node).append(": ").append(describe(node)).append('\n');
    }
    Files.writeString(directory.resolve("status.txt"), status);
  }

  private static String describe(TestNode node) {
    try {
      return node.text("SELECT to_jsonb(status) FROM pgraft_node_status() status");
    } catch (SQLException e) {
      return e.toString();
    }
  }

  @Override
  public void close() {
    cluster.close();
  }
}
