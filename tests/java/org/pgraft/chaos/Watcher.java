package org.pgraft.chaos;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.pgraft.cluster.Session;
import org.pgraft.cluster.TestNode;

/** Follows the keys of a round on one node by the watch, from a revision on, going on behind the last revision it was told of. */
final class Watcher implements Runnable {
  private final TestNode node;
  private final String prefix;
  private final List<Change> changes = new ArrayList<>();
  private final History history;
  private volatile long position;
  private volatile boolean stopped;

  /**
   * What a watch told of one key.
   *
   * @param value null when it was deleted
   */
  record Change(long revision, String key, String value) {}

  /** @param revision the last one that it need not be told of */
  Watcher(TestNode node, String prefix, long revision, History history) {
    this.node = node;
    this.prefix = prefix;
    this.position = revision;
    this.history = history;
  }

  TestNode node() {
    return node;
  }

  /** Up to which revision it knows everything. */
  long position() {
    return position;
  }

  void stop() {
    stopped = true;
  }

  /** For those who have seen its thread end. */
  List<Change> changes() {
    return List.copyOf(changes);
  }

  @Override
  public void run() {
    while (!stopped) {
      try (Session session = Client.open(node)) {
        while (!stopped) {
          look(session);
        }
      } catch (SQLException e) {
        if ("PGR02".equals(e.getSQLState())) {
          history.addSurprise("the watcher of " + node + ": " + Errors.describe(e));
        }
        pause();
      }
    }
  }

  private void look(Session session) throws SQLException {
    long last = position;
    for (List<String> row : session.rows("SELECT revision, event, key, value FROM pgraft_kv_watch(?, ?, 1000)", prefix, position + 1)) {
      last = Long.parseLong(row.get(0));
      if (!row.get(1).equals("progress")) {
        changes.add(new Change(last, row.get(2), row.get(3)));
      }
    }
    position = last;
  }

  private void pause() {
    try {
      Thread.sleep(100);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      stopped = true;
    }
  }
}
