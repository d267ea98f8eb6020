package org.pgraft.chaos;

import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.pgraft.cluster.Build;
import org.pgraft.cluster.LogsOnFailure;
import org.pgraft.cluster.PowerSwitch;
import org.pgraft.cluster.TestCluster;
import org.pgraft.cluster.TestNode;

/** A cluster in which rounds take place, and what is remembered from one round to the next. */
final class Arena implements AutoCloseable {
  private final TestCluster cluster;
  private final Map<TestNode, PowerSwitch> switches;
  private final LeaseLedger leases = new LeaseLedger();
  private final Map<TestNode, Integer> logsRead = new HashMap<>();
  private volatile List<TestNode> members;
  private Workload workload;

  private Arena(TestCluster cluster, Map<TestNode, PowerSwitch> switches) {
    this.cluster = cluster;
    this.switches = switches;
    this.members = cluster.nodes();
  }

  /**
   * A new cluster with a leader.
   *
   * @param shortLog whether nodes keep so little of the log that one that was away needs a snapshot
   * @param power whether the nodes get power switches, which slow them down
   */
  static Arena open(int nodes, boolean shortLog, boolean power) throws Exception {
    return open(nodes, shortLog, power, Build.plain());
  }

  /** The same of servers that are built otherwise. */
  static Arena open(int nodes, boolean shortLog, boolean power, Build build) throws Exception {
    TestCluster cluster = TestCluster.prepared(nodes, shortLog
        ? Map.of("pgraft.snapshot_interval", "100", "pgraft.max_log_entries", "100") : Map.of(), build);
    try {
      Map<TestNode, PowerSwitch> switches = new LinkedHashMap<>();
      for (TestNode node : power ? cluster.nodes() : List.<TestNode>of()) {
        switches.put(node, PowerSwitch.install(node, build));
      }
      cluster.startAll();
      cluster.leader();
      return new Arena(cluster, switches);
    } catch (Exception | Error e) {
      cluster.close();
      throw e;
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

  boolean hasPower() {
    return !switches.isEmpty();
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

  void keepLogs(Path directory) throws IOException {
    LogsOnFailure.keep(cluster, directory);
  }

  @Override
  public void close() {
    cluster.close();
  }
}
