package org.pgraft.cluster;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;

/** Some nodes and what is done with them together. Closing it ends and removes them. */
public final class TestCluster implements AutoCloseable {
  /** SQLSTATEs of a server that is down, starting or stopping. */
  private static final Set<String> NO_CONNECTION = Set.of("08001", "08006", "57P01", "57P03");

  private static boolean told;

  private final Site site;
  private final List<TestNode> nodes = Collections.synchronizedList(new ArrayList<>());

  private TestCluster(Site site) {
    this.site = site;
    tell(site);
    OpenClusters.add(this);
  }

  private static synchronized void tell(Site site) {
    if (!told) {
      told = true;
      System.out.println("nodes are " + site.describe());
    }
  }

  /** A cluster that formed by itself from initial_cluster and has a leader. */
  public static TestCluster started(int size) throws Exception {
    return started(size, Map.of());
  }

  /** The same with settings of PostgreSQL or pgraft for every node. */
  public static TestCluster started(int size, Map<String, String> settings) throws Exception {
    TestCluster cluster = prepared(size, settings);
    try {
      cluster.found();
      return cluster;
    } catch (Exception | Error e) {
      cluster.giveUp(e);
      throw e;
    }
  }

  /** A cluster of nodes that name each other in initial_cluster, not started yet. */
  public static TestCluster prepared(int size, Map<String, String> settings) throws Exception {
    return prepared(size, settings, Build.plain());
  }

  /** The same of servers that are built otherwise. */
  public static TestCluster prepared(int size, Map<String, String> settings, Build build) throws Exception {
    TestCluster cluster = new TestCluster(Site.open(build));
    try {
      cluster.make(size);
      String members = cluster.nodes.stream().map(TestNode::member).collect(Collectors.joining(","));
      inParallel(cluster.nodes(), node -> {
        node.set("pgraft.name", node.name());
        node.set("pgraft.listen_address", node.host().address());
        node.set("pgraft.initial_cluster", members);
        settings.forEach(node::set);
        return null;
      });
      return cluster;
    } catch (Exception | Error e) {
      cluster.giveUp(e);
      throw e;
    }
  }

  /** Nodes that know nothing of each other: each has an id, an address and a port, and waits. */
  public static TestCluster waiting(int size) throws Exception {
    TestCluster cluster = new TestCluster(Site.open(Build.plain()));
    try {
      cluster.addWaiting(size);
      cluster.startAll();
      return cluster;
    } catch (Exception | Error e) {
      cluster.giveUp(e);
      throw e;
    }
  }

  /** One more node that waits to be added, started. */
  public TestNode oneMoreWaiting() throws Exception {
    return oneMoreWaiting(Map.of());
  }

  /** The same with settings. */
  public TestNode oneMoreWaiting(Map<String, String> settings) throws Exception {
    TestNode node = addWaiting(1).get(0);
    settings.forEach(node::set);
    node.start();
    node.awaitState("WAITING");
    return node;
  }

  /** A server without the library in shared_preload_libraries, started. */
  public static TestCluster withoutPreload() throws Exception {
    TestCluster cluster = new TestCluster(Site.open(Build.plain()));
    try {
      TestNode node = cluster.make(1).get(0);
      node.unset("shared_preload_libraries");
      node.startServer();
      return cluster;
    } catch (Exception | Error e) {
      cluster.giveUp(e);
      throw e;
    }
  }

  private List<TestNode> addWaiting(int count) throws Exception {
    List<TestNode> made = make(count);
    inParallel(made, node -> {
      node.set("pgraft.node_id", Integer.toString(node.number()));
      node.set("pgraft.listen_address", node.host().address());
      node.set("pgraft.address", node.host().address());
      node.set("pgraft.port", Integer.toString(node.host().raftPort()));
      return null;
    });
    return made;
  }

  private List<TestNode> make(int count) throws Exception {
    List<Integer> numbers = new ArrayList<>();
    for (int i = 1; i <= count; i++) {
      numbers.add(nodes.size() + i);
    }
    List<TestNode> made = inParallel(numbers, number -> {
      TestNode node = new TestNode(number, site.host("n" + number));
      node.init();
      return node;
    });
    nodes.addAll(made);
    return made;
  }

  private void giveUp(Throwable cause) {
    cause.addSuppressed(new IllegalStateException("the servers' logs:\n" + logs(60)));
    close();
  }

  /** Starts every node, all at once. */
  public void startAll() throws Exception {
    inParallel(nodes(), node -> {
      node.start();
      return null;
    });
  }

  /**
   * Starts every node for the first time, and waits until the cluster can lose any of them: the vote of a member that never
   * got an entry does not count, see docs/reliability.md.
   *
   * @return the leader
   */
  public TestNode found() throws Exception {
    startAll();
    TestNode leader = leader();
    for (TestNode node : nodes()) {
      node.awaitState("RUNNING");
      Await.until(node + " has its first entries", () -> node.number("SELECT pgraft_get_applied_index()") > 0);
    }
    return leader;
  }

  public List<TestNode> nodes() {
    synchronized (nodes) {
      return List.copyOf(nodes);
    }
  }

  /** The node with that id, from 1. */
  public TestNode node(int number) {
    return nodes.get(number - 1);
  }

  /** All nodes but those given. */
  public List<TestNode> others(TestNode... without) {
    return nodes().stream().filter(node -> !Arrays.asList(without).contains(node)).toList();
  }

  /** Waits until exactly one node leads, and gives it. */
  public TestNode leader() throws InterruptedException {
    return leaderAmong(nodes());
  }

  /** Waits until exactly one of these nodes leads, and gives it. */
  public static TestNode leaderAmong(List<TestNode> candidates) throws InterruptedException {
    return Await.value("one leader among " + candidates, () -> {
      List<TestNode> leaders = new ArrayList<>();
      for (TestNode node : candidates) {
        if (saysItLeads(node)) {
          leaders.add(node);
        }
      }
      return leaders.size() == 1 ? leaders.get(0) : null;
    }, node -> true);
  }

  /** Whether a node says that it leads; a server that takes no connections says nothing. */
  private static boolean saysItLeads(TestNode node) throws SQLException {
    try {
      return node.leads();
    } catch (SQLException e) {
      if (NO_CONNECTION.contains(e.getSQLState())) {
        return false;
      }
      throw e;
    }
  }

  /** A node that does not lead. */
  public TestNode follower() throws InterruptedException {
    return others(leader()).get(0);
  }

  /** Waits until a node's own store has a value. */
  public static void awaitLocal(TestNode node, String key, String value) throws InterruptedException {
    Await.until(node + " has " + key + " = " + value, () -> value.equals(node.localGet(key)));
  }

  /** Waits until every node names the same leader, and gives its id. */
  public int agreedLeader() throws InterruptedException {
    return Await.value("all nodes name the same leader", () -> {
      List<Long> named = new ArrayList<>();
      for (TestNode node : nodes()) {
        named.add(node.number("SELECT pgraft_get_leader()"));
      }
      return named.stream().distinct().count() == 1 ? named.get(0).intValue() : 0;
    }, id -> id != 0);
  }

  /** Why nodes of this cluster cannot be cut off; empty if they can. */
  public Optional<String> whyNotCut() {
    return nodes.get(0).host().whyNotCut();
  }

  /** Cuts a node off from all others, both ways; clients still reach it. */
  public void cutOff(TestNode node) {
    node.host().cutFrom(others(node).stream().map(TestNode::host).toList());
  }

  /** Undoes every cut. */
  public void heal() {
    nodes().forEach(node -> node.host().heal());
  }

  /** Asserts that every node's own store has the same content once it has caught up, by the hash of a revision. */
  public void assertSameStores() throws Exception {
    assertSameStores(nodes());
  }

  /** The same of these nodes, of which one leads. */
  public static void assertSameStores(List<TestNode> members) throws Exception {
    TestNode leader = leaderAmong(members);
    // the test's own pgraft.command_timeout may be short
    Await.until("a last write", () -> {
      leader.put("same-stores", "checked");
      return true;
    });
    long revision = leader.number("SELECT pgraft_kv_revision()");
    List<String> hashes = inParallel(members, node -> {
      Await.until(node + " has caught up", () -> node.truth("SELECT pgraft_log_sync_with_leader()"));
      return node.text("SELECT hash FROM pgraft_kv_hash(?)", revision);
    });
    if (hashes.stream().distinct().count() != 1) {
      throw new AssertionError("the stores differ at revision " + revision + ", hashes: " + hashes);
    }
  }

  /** The end of every server's log. */
  public String logs(int lines) {
    StringBuilder text = new StringBuilder();
    for (TestNode node : nodes()) {
      text.append("---- ").append(node.name()).append(" ----\n").append(node.logTail(lines)).append('\n');
    }
    return text.toString();
  }

  @Override
  public void close() {
    OpenClusters.remove(this);
    site.close();
  }

  /** Something to do with each of several things. */
  @FunctionalInterface
  public interface Task<A, B> {
    B apply(A argument) throws Exception;
  }

  /** Does something with each, all at once, and gives the results in the order of the arguments. */
  public static <A, B> List<B> inParallel(List<A> arguments, Task<A, B> task) throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(Math.max(1, arguments.size()));
    try {
      List<Callable<B>> calls = new ArrayList<>();
      for (A argument : arguments) {
        calls.add(() -> task.apply(argument));
      }
      List<B> results = new ArrayList<>();
      for (Future<B> future : threads.invokeAll(calls)) {
        results.add(future.get());
      }
      return results;
    } catch (ExecutionException e) {
      if (e.getCause() instanceof Exception cause) {
        throw cause;
      }
      throw e;
    } finally {
      threads.shutdown();
    }
  }
}
