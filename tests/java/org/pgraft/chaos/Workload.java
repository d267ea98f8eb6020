package org.pgraft.chaos;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.pgraft.cluster.TestNode;

/** Clients on all nodes at once, from its making until it is closed. */
final class Workload {
  private static final int CLIENTS_PER_NODE = 2;

  private final List<Client> clients = new ArrayList<>();
  private final List<Thread> threads = new ArrayList<>();
  private volatile Set<TestNode> readOnly = Set.of();

  Workload(List<TestNode> nodes, Keys keys, Random random, History history) {
    for (int i = 0; i < nodes.size() * CLIENTS_PER_NODE; i++) {
      TestNode node = nodes.get(i % nodes.size());
      Client client = new Client(i, node, keys, new Random(random.nextLong()), history,
          () -> readOnly.contains(node));
      Thread thread = new Thread(client, "client " + i + " of " + node);
      clients.add(client);
      threads.add(thread);
      thread.start();
    }
  }

  /** Lets the clients of some nodes begin nothing but reads, and those of the others do all again. */
  void readOnly(Collection<TestNode> nodes) {
    readOnly = Set.copyOf(nodes);
  }

  /** Returns when the last call has ended. */
  void close() {
    clients.forEach(Client::stop);
    try {
      for (Thread thread : threads) {
        thread.join();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
