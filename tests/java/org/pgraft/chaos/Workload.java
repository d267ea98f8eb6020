package org.pgraft.chaos;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.pgraft.cluster.Await;
import org.pgraft.cluster.TestNode;

/**
 * Clients on all nodes at once, one contender for a lock on each, and one watcher: clients and contenders from its making until
 * {@link #rest}, watchers until it is closed.
 */
final class Workload implements AutoCloseable {
  private static final int CLIENTS_PER_NODE = 2;

  private final List<Client> clients = new ArrayList<>();
  private final List<Contender> contenders = new ArrayList<>();
  private final List<Watcher> watchers = new ArrayList<>();
  private final List<Thread> workers = new ArrayList<>();
  private final List<Thread> watching = new ArrayList<>();
  private volatile Set<TestNode> readOnly = Set.of();

  /** @param revision the last one before the workload */
  Workload(List<TestNode> nodes, Keys keys, Random random, History history, long revision) {
    for (int i = 0; i < nodes.size() * CLIENTS_PER_NODE; i++) {
      TestNode node = nodes.get(i % nodes.size());
      Client client = new Client(i, node, keys, new Random(random.nextLong()), history,
          () -> readOnly.contains(node));
      clients.add(client);
      workers.add(started(client, "client " + i + " of " + node));
    }
    for (TestNode node : nodes) {
      // They rest as soon as anybody has to: the end of a lock is a write of another node.
      Contender contender = new Contender(node.number(), node, keys, new Random(random.nextLong()), history,
          () -> !readOnly.isEmpty());
      contenders.add(contender);
      workers.add(started(contender, "contender of " + node));
      Watcher watcher = new Watcher(node, keys.prefix(), revision, history);
      watchers.add(watcher);
      watching.add(started(watcher, "watcher of " + node));
    }
  }

  private static Thread started(Runnable work, String name) {
    Thread thread = new Thread(work, name);
    thread.start();
    return thread;
  }

  /** Lets the clients of some nodes begin nothing but reads, and those of the others do all again. */
  void readOnly(Collection<TestNode> nodes) {
    readOnly = Set.copyOf(nodes);
  }

  /** Returns when the last call that may write has ended. */
  void rest() {
    clients.forEach(Client::stop);
    contenders.forEach(Contender::stop);
    join(workers);
  }

  List<Hold> holds() {
    return contenders.stream().flatMap(contender -> contender.holds().stream()).toList();
  }

  /** What the watchers of these nodes were told, by the name of the node, once each knows of everything up to a revision. */
  Map<String, List<Watcher.Change>> told(List<TestNode> nodes, long revision) throws InterruptedException {
    List<Watcher> asked = watchers.stream().filter(watcher -> nodes.contains(watcher.node())).toList();
    for (Watcher watcher : asked) {
      Await.until("the watcher of " + watcher.node() + " was told of all", () -> watcher.position() >= revision);
    }
    close();
    Map<String, List<Watcher.Change>> told = new LinkedHashMap<>();
    asked.forEach(watcher -> told.put(watcher.node().name(), watcher.changes()));
    return told;
  }

  @Override
  public void close() {
    rest();
    watchers.forEach(Watcher::stop);
    join(watching);
  }

  private static void join(List<Thread> threads) {
    try {
      for (Thread thread : threads) {
        thread.join();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
