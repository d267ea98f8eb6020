package org.pgraft.cluster;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Clients that write while nodes die. Each writes keys of its own, each key once, and one register again and
 * again; it remembers what was acknowledged, goes on after errors, and connects anew when its session ends.
 */
final class Load {
  /** What these SQLSTATEs say is allowed while nodes die; anything else is a failure of the test. */
  private static final Set<String> ALLOWED = Set.of(
      "PGR01", // not accepted
      "08007", // outcome unknown
      "57P01", "57P02", "57P03", // the server stops, restarted after a crash, is starting
      "08001", "08006", "08003"); // no connection

  private final Map<String, String> acknowledged = new ConcurrentHashMap<>();
  private final Map<Integer, Integer> registers = new ConcurrentHashMap<>();
  private final Queue<String> surprises = new ConcurrentLinkedQueue<>();
  private final AtomicInteger errors = new AtomicInteger();
  private final List<Thread> threads = new ArrayList<>();
  private volatile boolean stopped;

  private Load() {}

  /** What happens while the clients write. */
  @FunctionalInterface
  interface Events {
    void happen(Load load) throws Exception;
  }

  /** Lets clients write, spread over the nodes, while things happen; when this returns they have ended. */
  static Load during(List<TestNode> nodes, int clients, Events events) throws Exception {
    Load load = new Load();
    for (int i = 0; i < clients; i++) {
      int client = i;
      TestNode node = nodes.get(i % nodes.size());
      Thread thread = new Thread(() -> load.write(client, node), "client " + client + " of " + node);
      load.threads.add(thread);
      thread.start();
    }
    try {
      events.happen(load);
    } finally {
      load.stopped = true;
      for (Thread thread : load.threads) {
        thread.join();
      }
    }
    return load;
  }

  private void write(int client, TestNode node) {
    int count = 0;
    while (!stopped) {
      try (Session session = node.connect()) {
        session.run("SET pgraft.command_timeout = '10s'");
        while (!stopped) {
          count++;
          String key = "load/" + client + "/" + count;
          String value = "value " + count + " of client " + client;
          if (session.truth("SELECT pgraft_kv_put(?, ?)", key, value)) {
            acknowledged.put(key, value);
          }
          if (session.truth("SELECT pgraft_kv_put(?, ?)", "register/" + client, Integer.toString(count))) {
            registers.put(client, count);
          }
        }
      } catch (SQLException e) {
        errors.incrementAndGet();
        if (!ALLOWED.contains(String.valueOf(e.getSQLState()))) {
          surprises.add(e.getSQLState() + " on " + node + ": " + e.getMessage());
        }
        pause();
      }
    }
  }

  private static void pause() {
    try {
      Thread.sleep(50);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** How many writes were acknowledged so far. */
  int count() {
    return acknowledged.size();
  }

  /** How many calls failed so far. */
  int errors() {
    return errors.get();
  }

  /** Waits until that many more writes were acknowledged than now. */
  void awaitMore(int more) throws InterruptedException {
    int wanted = count() + more;
    Await.until(more + " more writes are acknowledged", () -> count() >= wanted);
  }

  /** Asserts that nodes have, each in its own store, all that was acknowledged. Call it when the clients have ended. */
  void assertKept(List<TestNode> nodes) throws Exception {
    if (!surprises.isEmpty()) {
      throw new AssertionError("errors that are none of the allowed: " + surprises);
    }
    for (TestNode node : nodes) {
      try (Session session = node.connect()) {
        if (!session.truth("SELECT pgraft_log_sync_with_leader()")) {
          throw new AssertionError(node + " did not catch up");
        }
        session.run("SET pgraft.read_consistency = local");
        Map<String, String> found = new ConcurrentHashMap<>();
        for (List<String> row : session.rows("SELECT key, value FROM pgraft_kv_list('load/', NULL)")) {
          found.put(row.get(0), row.get(1));
        }
        Set<String> lost = new TreeSet<>();
        acknowledged.forEach((key, value) -> {
          if (!value.equals(found.get(key))) {
            lost.add(key + " is " + found.get(key));
          }
        });
        if (!lost.isEmpty()) {
          throw new AssertionError(node + " lost " + lost.size() + " of " + acknowledged.size()
              + " acknowledged writes: " + lost.stream().limit(10).toList());
        }
        for (Map.Entry<Integer, Integer> register : registers.entrySet()) {
          long value = session.number("SELECT pgraft_kv_get(?)::bigint", "register/" + register.getKey());
          if (value < register.getValue()) {
            throw new AssertionError(node + " has " + value + " in register " + register.getKey()
                + " where " + register.getValue() + " was acknowledged");
          }
        }
      }
    }
  }
}
