package org.pgraft.chaos;

import java.sql.SQLException;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.pgraft.cluster.Await;
import org.pgraft.cluster.Session;
import org.pgraft.cluster.TestNode;

/**
 * A node comes in and a member goes, sometimes the leader, sometimes a dead one, and the leadership moves in between. The
 * member that went stays outside, stopped: its id is not used again.
 */
record ChangeMembers(String name) implements Fault {
  private static final String TIMEOUT = "20s";
  private static final int REPLACING_MILLIS = 400;

  /** The order of things. */
  private enum Way {
    ADD_THEN_REMOVE, REPLACE, REPLACE_DEAD, REPLACE_WHILE_THE_LEADER_DIES
  }

  /** There is one change of the members at a time. */
  @Override
  public Set<Administration.Act> meanwhile() {
    return Set.of(Administration.Act.SNAPSHOT, Administration.Act.TRANSFER);
  }

  @Override
  public Injection inject(Arena arena, Random random) throws Exception {
    List<Integer> before = members(arena.leader());
    Way way = Way.values()[random.nextInt(Way.values().length)];
    TestNode leader = arena.leader();
    TestNode leaving =
        way == Way.REPLACE_DEAD || way == Way.REPLACE_WHILE_THE_LEADER_DIES
            ? arena.anyFollower(random)
            : arena.anyNode(random);
    boolean leads = leaving.equals(leader);
    TestNode coming = arena.cluster().oneMoreWaiting();
    List<TestNode> askable =
        arena.others(leaving).stream()
            .filter(node -> way != Way.REPLACE_WHILE_THE_LEADER_DIES || !node.equals(leader))
            .toList();
    TestNode asked = askable.get(random.nextInt(askable.size()));
    String at = coming.number() + ", '" + coming.host().address() + "', " + coming.host().raftPort();
    if (way == Way.REPLACE_DEAD) {
      leaving.kill();
    }
    String replacement = "SELECT pgraft_replace_node(" + leaving.number() + ", " + at + ")";
    switch (way) {
      case ADD_THEN_REMOVE -> change(asked, "SELECT pgraft_add_node(" + at + ")");
      case REPLACE, REPLACE_DEAD -> change(asked, replacement);
      case REPLACE_WHILE_THE_LEADER_DIES -> {
        ExecutorService operator = Executors.newSingleThreadExecutor();
        try {
          Future<?> changing = operator.submit(() -> {
            change(asked, replacement);
            return null;
          });
          Thread.sleep(random.nextInt(REPLACING_MILLIS));
          leader.kill();
          leader.start();
          changing.get();
        } finally {
          operator.shutdownNow();
        }
      }
    }
    return new Injection() {
      @Override
      public void heal() throws Exception {
        if (way == Way.ADD_THEN_REMOVE) {
          // the newcomer takes the lead before the other goes
          transfer(arena, coming);
          change(coming, "SELECT pgraft_remove_node(" + leaving.number() + ")");
        }
        arena.exchange(leaving, coming);
        if (leaving.running()) {
          leaving.stop("fast");
        }
      }

      @Override
      public String bite() throws Exception {
        List<Integer> after = members(arena.leader());
        List<Integer> wanted = arena.nodes().stream().map(TestNode::number).sorted().toList();
        Injection.demand(after.equals(wanted) && !after.equals(before), "members " + before + " became " + after);
        return way.name().toLowerCase(Locale.ROOT) + ", " + (leads ? "the leader " : "") + leaving + " went: members "
            + before + " became " + after;
      }
    };
  }

  private static List<Integer> members(TestNode node) throws SQLException {
    return node.rows("SELECT node_id FROM pgraft_get_nodes() ORDER BY 1").stream()
        .map(row -> Integer.valueOf(row.get(0))).toList();
  }

  /** What an operator does: again until it is so. */
  private static void change(TestNode on, String sql) throws InterruptedException {
    Await.until(sql + " on " + on, () -> {
      try (Session session = on.connect()) {
        session.run("SET pgraft.command_timeout = '" + TIMEOUT + "'");
        return session.truth(sql);
      }
    });
  }

  private static void transfer(Arena arena, TestNode to) throws InterruptedException {
    Await.until(to + " leads", () -> {
      TestNode leader = arena.leader();
      return leader.equals(to) || leader.truth("SELECT pgraft_transfer_leadership(?)", to.number());
    });
  }
}
