package org.pgraft.chaos;

import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.BooleanSupplier;
import org.pgraft.cluster.Session;
import org.pgraft.cluster.TestNode;

/**
 * One client of one node: reads and writes the keys it shares with all others, connects anew when its session
 * ends, and records every call. It goes slowly, so that the history of a key stays short enough to be judged.
 */
final class Client implements Runnable {
  private static final int CONNECT_SECONDS = 2;
  // longer than any call takes by itself: command_timeout and the grace that a session gives the worker
  private static final int ANSWER_SECONDS = 15;
  private static final int PAUSE_MIN_MILLIS = 20;
  private static final int PAUSE_MAX_MILLIS = 110;

  private final int number;
  private final TestNode node;
  private final Keys keys;
  private final Random random;
  private final History history;
  private final BooleanSupplier readsOnly;
  private final Map<String, String> lastSeen = new HashMap<>();
  private int count;
  private volatile boolean stopped;

  /** A call of SQL that gives one value. */
  @FunctionalInterface
  private interface Call {
    String answer() throws SQLException;
  }

  /**
   * Makes a client, which begins when it is run.
   *
   * @param readsOnly asked before each step: whether it has to be a read
   */
  Client(int number, TestNode node, Keys keys, Random random, History history, BooleanSupplier readsOnly) {
    this.number = number;
    this.node = node;
    this.keys = keys;
    this.random = random;
    this.history = history;
    this.readsOnly = readsOnly;
  }

  void stop() {
    stopped = true;
  }

  @Override
  public void run() {
    while (!stopped) {
      try (Session session = open(node)) {
        while (!stopped && goesOn(session)) {
          pause();
        }
      } catch (SQLException e) {
        // the server does not take connections
        pause();
      }
    }
  }

  /** A session whose calls end soon. */
  static Session open(TestNode node) throws SQLException {
    Session session = node.connect("postgres", CONNECT_SECONDS, ANSWER_SECONDS);
    try {
      session.run("SET pgraft.command_timeout = '3s'");
      return session;
    } catch (SQLException e) {
      session.close();
      throw e;
    }
  }

  /** Reads a key through a node and records it, for the end of a round. */
  static String read(int number, TestNode node, Session session, String key, History history) throws SQLException {
    return new Client(number, node, null, null, history, () -> true).get(session, key);
  }

  /** Makes one step; whether the session is good for another. */
  private boolean goesOn(Session session) {
    try {
      step(session);
      return true;
    } catch (SQLException e) {
      return Errors.sessionGoesOn(e);
    }
  }

  private void step(Session session) throws SQLException {
    List<String> registers = keys.registers();
    String register = registers.get(random.nextInt(registers.size()));
    int draw = random.nextInt(100);
    if (draw < 35 || readsOnly.getAsBoolean()) {
      get(session, register);
    } else if (draw < 58) {
      put(session, register);
    } else if (draw < 75) {
      compareAndSet(session, register, lastSeen.get(register), value());
    } else if (draw < 80) {
      delete(session, register);
    } else if (draw < 92) {
      count++;
      put(session, keys.once(number, count));
    } else {
      String seen = get(session, keys.counter());
      compareAndSet(session, keys.counter(), seen, Long.toString(seen == null ? 1 : Long.parseLong(seen) + 1));
    }
  }

  private String get(Session session, String key) throws SQLException {
    String seen = record(Operation.Kind.GET, key, null, null, () -> session.text("SELECT pgraft_kv_get(?)", key));
    lastSeen.put(key, seen);
    return seen;
  }

  private void put(Session session, String key) throws SQLException {
    String value = value();
    record(Operation.Kind.PUT, key, null, value,
        () -> session.text("SELECT pgraft_kv_put_revision(?, ?)", key, value));
    lastSeen.put(key, value);
  }

  private void compareAndSet(Session session, String key, String expected, String value) throws SQLException {
    record(Operation.Kind.COMPARE_AND_SET, key, expected, value,
        () -> session.text("SELECT pgraft_kv_compare_and_set(?, ?, ?)", key, expected, value));
  }

  private void delete(Session session, String key) throws SQLException {
    record(Operation.Kind.DELETE, key, null, null, () -> session.text("SELECT pgraft_kv_delete(?)", key));
    lastSeen.remove(key);
  }

  /** Calls and records what became of it. */
  private String record(Operation.Kind kind, String key, String expected, String value, Call call)
      throws SQLException {
    long invoked = System.nanoTime();
    try {
      String result = call.answer();
      history.add(new Operation(number, node.number(), kind, key, expected, value, invoked, System.nanoTime(),
          Operation.Outcome.OK, result));
      return result;
    } catch (SQLException e) {
      history.add(new Operation(number, node.number(), kind, key, expected, value, invoked, System.nanoTime(),
          Errors.outcome(e), Errors.describe(e)));
      if (Errors.surprising(e)) {
        history.addSurprise("client " + number + " of " + node + ": " + Errors.describe(e));
      }
      throw e;
    }
  }

  private String value() {
    count++;
    return "v" + number + "." + count;
  }

  private void pause() {
    try {
      Thread.sleep(random.nextInt(PAUSE_MIN_MILLIS, PAUSE_MAX_MILLIS));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      stopped = true;
    }
  }
}
