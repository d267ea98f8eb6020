package org.pgraft.chaos;

import java.sql.SQLException;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.pgraft.cluster.Session;
import org.pgraft.cluster.TestNode;

/**
 * Takes one lock together with the contenders of the other nodes, keeps its lease alive, writes a key under the guard of the
 * fencing token, and gives the lock back, or forgets to. Notes for which time it held the lock for sure: a lease lives for its
 * time from the moment at which the last keep-alive that was answered was sent.
 */
final class Contender implements Runnable {
  private static final long TTL_NANOS = TimeUnit.SECONDS.toNanos(4);

  /** A lease is judged by a clock whose rate may be another by a quarter. */
  private static final long SURE_NANOS = TTL_NANOS / 4 * 3;
  private static final int STEPS = 3;
  private static final String OVER = "42704";

  private final int number;
  private final TestNode node;
  private final Keys keys;
  private final Random random;
  private final History history;
  private final BooleanSupplier rests;
  private final Queue<Hold> holds = new ConcurrentLinkedQueue<>();
  private volatile boolean stopped;

  /** @param rests asked before each step: whether it may not write at the moment */
  Contender(int number, TestNode node, Keys keys, Random random, History history, BooleanSupplier rests) {
    this.number = number;
    this.node = node;
    this.keys = keys;
    this.random = random;
    this.history = history;
    this.rests = rests;
  }

  void stop() {
    stopped = true;
  }

  List<Hold> holds() {
    return List.copyOf(holds);
  }

  @Override
  public void run() {
    while (!stopped) {
      if (!rests.getAsBoolean()) {
        try (Session session = Client.open(node)) {
          contend(session);
        } catch (SQLException e) {
          // the server does not take connections
        }
      }
      pause();
    }
  }

  private void contend(Session session) {
    try {
      List<List<String>> lock =
          session.rows("SELECT token, lease FROM pgraft_lock(?, ttl => '4 s', wait => '2 s')", keys.lock());
      if (!lock.isEmpty()) {
        new Term(session, Long.parseLong(lock.get(0).get(0)), Long.parseLong(lock.get(0).get(1))).serve();
      }
    } catch (SQLException e) {
      if (Errors.surprising(e) && !OVER.equals(e.getSQLState())) {
        history.addSurprise("contender " + number + " of " + node + ": " + Errors.describe(e));
      }
    }
  }

  /** From getting the lock to giving it back, or losing it. */
  private final class Term {
    private final Session session;
    private final long token;
    private final long lease;
    private long from;
    private long sureUntil;

    Term(Session session, long token, long lease) {
      this.session = session;
      this.token = token;
      this.lease = lease;
    }

    void serve() throws SQLException {
      keepAlive();
      from = System.nanoTime();
      long until = Long.MAX_VALUE;
      try {
        for (int i = random.nextInt(STEPS); i >= 0 && !stopped && !rests.getAsBoolean(); i--) {
          write();
          pause();
          keepAlive();
        }
        if (random.nextInt(5) > 0) {
          until = System.nanoTime();
          session.rows("SELECT pgraft_unlock(?)", lease);
        }
      } finally {
        holds.add(new Hold(number, token, from, Math.min(until, sureUntil)));
      }
    }

    private void keepAlive() throws SQLException {
      long sent = System.nanoTime();
      try {
        session.rows("SELECT pgraft_lease_keep_alive(?)", lease);
      } catch (SQLException e) {
        if (OVER.equals(e.getSQLState()) && System.nanoTime() < sureUntil) {
          history.addSurprise("the lease of contender " + number + " was over before its time: " + Errors.describe(e));
        }
        throw e;
      }
      sureUntil = sent + SURE_NANOS;
    }

    /** Writes its token where nobody with a smaller one may write any more. */
    private void write() throws SQLException {
      boolean succeeded = session.truth(
          "SELECT (pgraft_kv_txn("
              + "jsonb_build_array(jsonb_build_object('key', ?, 'target', 'create', 'op', '=', 'value', ?::bigint)),"
              + " jsonb_build_array(jsonb_build_object('op', 'put', 'key', ?, 'value', ?::text))) -> 'succeeded')::boolean",
          keys.lockKey(lease), token, keys.fenced(), Long.toString(token));
      if (!succeeded && System.nanoTime() < sureUntil) {
        history.addSurprise("contender " + number + " lost its place while its lease lived");
      }
    }
  }

  private void pause() {
    try {
      Thread.sleep(random.nextInt(20, 300));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      stopped = true;
    }
  }
}
