package org.pgraft.chaos;

import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.OptionalDouble;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.pgraft.cluster.Session;
import org.pgraft.cluster.TestNode;

/** How long a cluster needs until it works again. */
final class Recovery {
  /** How long the nodes are asked, so that the report can tell how late they were. */
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private static final long PAUSE_MILLIS = 50;

  private Recovery() {}

  /** Seconds from now until a majority of the nodes has accepted a write each; empty if that took too long to wait. */
  static OptionalDouble measure(List<TestNode> nodes, Keys keys) throws InterruptedException {
    long begin = System.nanoTime();
    CountDownLatch majority = new CountDownLatch(nodes.size() / 2 + 1);
    List<Thread> threads = nodes.stream().map(node -> new Thread(() -> {
      if (writes(node, keys, begin)) {
        majority.countDown();
      }
    }, "recovery of " + node)).toList();
    threads.forEach(Thread::start);
    boolean recovered = majority.await(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    double seconds = (System.nanoTime() - begin) / 1e9;
    // so that what they write is there before the stores are compared
    for (Thread thread : threads) {
      thread.join();
    }
    return recovered ? OptionalDouble.of(seconds) : OptionalDouble.empty();
  }

  /** Tries until a write is accepted; whether one was before the patience ended. */
  private static boolean writes(TestNode node, Keys keys, long begin) {
    while (System.nanoTime() - begin < PATIENCE.toNanos()) {
      try (Session session = Client.open(node)) {
        session.run("SELECT pgraft_kv_put(?, 'yes')", keys.alive(node.number()));
        return true;
      } catch (SQLException e) {
        try {
          Thread.sleep(PAUSE_MILLIS);
        } catch (InterruptedException interrupted) {
          return false;
        }
      }
    }
    return false;
  }
}
