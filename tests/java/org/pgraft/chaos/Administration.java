package org.pgraft.chaos;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;
import org.pgraft.cluster.Await;
import org.pgraft.cluster.Session;
import org.pgraft.cluster.TestNode;

/**
 * What an operator does who does not notice the fault: hands the leadership over, has snapshots taken, and in some rounds
 * lets one more node in and out again. While the fault lasts, nothing of it has to succeed, and nothing may do harm; a node
 * that was to come and go has done so in the end.
 *
 * <p>One thread of its own between {@link #begin} and {@link #end}; the other methods are for the round's.
 */
final class Administration {
  private static final int LONGEST_PAUSE_MILLIS = 800;
  private static final int CONNECT_SECONDS = 1;
  private static final int ANSWER_SECONDS = 10;
  private static final String TIMEOUT = "2s";

  /** In one of so many rounds a node comes and goes. */
  private static final int MEMBERSHIP_IN = 3;

  /** What may be done. */
  enum Act {
    TRANSFER("SELECT pgraft_transfer_leadership()"),
    SNAPSHOT("SELECT pgraft_snapshot() > 0"),
    MEMBERSHIP("");

    private final String sql;

    Act(String sql) {
      this.sql = sql;
    }
  }

  private final Arena arena;
  private final Random random;
  private final List<Act> acts;
  private final TestNode visitor;
  private final Map<Act, Integer> succeeded = new EnumMap<>(Act.class);
  private final List<Violation> violations = new CopyOnWriteArrayList<>();
  private final Thread thread = new Thread(this::work, "administration");
  private volatile boolean ended;
  private volatile boolean came;
  private volatile boolean went;

  private Administration(Arena arena, Random random, List<Act> acts, TestNode visitor) {
    this.arena = arena;
    this.random = random;
    this.acts = acts;
    this.visitor = visitor;
  }

  /** Makes ready what is needed, before the fault. */
  static Administration prepare(Arena arena, Set<Act> allowed, Random random) throws Exception {
    Random own = new Random(random.nextLong());
    List<Act> acts = new ArrayList<>(allowed.stream().sorted().toList());
    if (own.nextInt(MEMBERSHIP_IN) > 0) {
      acts.remove(Act.MEMBERSHIP);
    }
    TestNode visitor = acts.contains(Act.MEMBERSHIP) ? arena.cluster().oneMoreWaiting() : null;
    return new Administration(arena, own, acts, visitor);
  }

  void begin() {
    thread.setUncaughtExceptionHandler((dead, thrown) -> violations.add(
        new Violation("unexpected error", dead.getName() + " ended: " + thrown)));
    thread.start();
  }

  /** The node that is to come and go, in rounds that have one. */
  Optional<TestNode> visitor() {
    return Optional.ofNullable(visitor);
  }

  /** The fault is over; nothing new is begun. */
  void end() throws InterruptedException {
    ended = true;
    thread.join();
  }

  /** Waits until a node that was to come and go has done so, and stops it. */
  void settle() throws InterruptedException {
    if (visitor == null) {
      return;
    }
    Await.until(visitor + " has come and gone", () -> {
      TestNode on = arena.leader().equals(visitor) ? arena.nodes().get(0) : arena.leader();
      attempt(Act.MEMBERSHIP, on);
      return went;
    });
    visitor.stop("fast");
  }

  List<Violation> violations() {
    return violations;
  }

  /** What succeeded, in words. */
  @Override
  public String toString() {
    String done = succeeded.entrySet().stream()
        .map(act -> act.getValue() + " × " + act.getKey().name().toLowerCase(Locale.ROOT))
        .collect(Collectors.joining(", "));
    return done.isEmpty() ? "" : "; meanwhile " + done;
  }

  private void work() {
    while (!ended) {
      try {
        Thread.sleep(random.nextInt(LONGEST_PAUSE_MILLIS));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
      List<TestNode> nodes = arena.nodes();
      attempt(acts.get(random.nextInt(acts.size())), nodes.get(random.nextInt(nodes.size())));
    }
  }

  private void attempt(Act act, TestNode on) {
    if (act == Act.MEMBERSHIP && went) {
      return;
    }
    try (Session session = on.connect("postgres", CONNECT_SECONDS, ANSWER_SECONDS)) {
      session.run("SET pgraft.command_timeout = '" + TIMEOUT + "'");
      if (act == Act.MEMBERSHIP) {
        comeOrGo(session);
      } else if (session.truth(act.sql)) {
        succeeded.merge(act, 1, Integer::sum);
      }
    } catch (SQLException e) {
      if (Errors.surprisesOperator(e)) {
        violations.add(new Violation("unexpected error", act + " on " + on + ": " + Errors.describe(e)));
      }
    }
  }

  private void comeOrGo(Session session) throws SQLException {
    if (!came) {
      came = session.truth("SELECT pgraft_add_node(?, ?, ?)", visitor.number(), visitor.host().address(),
          visitor.host().raftPort());
    } else {
      went = session.truth("SELECT pgraft_remove_node(?)", visitor.number());
      if (went) {
        succeeded.merge(Act.MEMBERSHIP, 1, Integer::sum);
      }
    }
  }
}
