package org.pgraft.chaos;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.pgraft.cluster.Lease;
import org.pgraft.cluster.NodeClock;
import org.pgraft.cluster.Session;
import org.pgraft.cluster.TestNode;

/** Asks every node again and again what it says of itself, from its making until it is closed. */
final class Watch implements AutoCloseable {
  private static final long PAUSE_MILLIS = 250;
  private static final int CONNECT_SECONDS = 2;
  private static final int ANSWER_SECONDS = 5;

  private final Queue<Sample> samples = new ConcurrentLinkedQueue<>();
  private final Arena arena;
  private final List<Thread> threads = new ArrayList<>();
  private volatile boolean stopped;

  Watch(Arena arena) {
    this.arena = arena;
    arena.nodes().forEach(this::include);
  }

  /** One more node; for the thread that made this. */
  void include(TestNode node) {
    Thread thread = new Thread(() -> watch(node), "watch of " + node);
    threads.add(thread);
    thread.start();
  }

  List<Sample> samples() {
    return List.copyOf(samples);
  }

  @Override
  public void close() {
    stopped = true;
    try {
      for (Thread thread : threads) {
        thread.join();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void watch(TestNode node) {
    while (!stopped) {
      try (Session session = node.connect("postgres", CONNECT_SECONDS, ANSWER_SECONDS)) {
        while (!stopped) {
          ask(node, session);
          pause();
        }
      } catch (SQLException e) {
        // a fault has it
        pause();
      }
    }
  }

  private void ask(TestNode node, Session session) throws SQLException {
    long asked = NodeClock.trueNanos();
    for (List<String> row : session.rows(
        "SELECT node_id, term, from_ns, until_ns, ended FROM pgraft_lease_history()")) {
      Lease lease = new Lease(Integer.parseInt(row.get(0)), Long.parseLong(row.get(1)),
          arena.trueTime(node, Long.parseLong(row.get(2))), arena.trueTime(node, Long.parseLong(row.get(3))));
      arena.leases().add(lease, "running".equals(row.get(4)), asked);
    }
    List<String> status = session.rows("SELECT pg_postmaster_start_time(), worker_pid, current_term, revision"
        + " FROM pgraft_node_status()").get(0);
    // what a worker that starts or hangs does not know is null
    if (!status.contains(null)) {
      samples.add(new Sample(node.number(), status.get(0) + " " + status.get(1), System.nanoTime(),
          Long.parseLong(status.get(2)), Long.parseLong(status.get(3))));
    }
  }

  private static void pause() {
    try {
      Thread.sleep(PAUSE_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
