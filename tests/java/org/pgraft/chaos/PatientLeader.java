package org.pgraft.chaos;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.pgraft.cluster.Await;
import org.pgraft.cluster.TestCluster;
import org.pgraft.cluster.TestNode;

/**
 * A leader is cut off whose election timeout, and with it its lease, is longer than that of the others, as it is while
 * the setting is changed node by node. The others elect another long before the lease is over, and that one writes
 * before this one has stepped down. Its own clients do nothing but read meanwhile, and its last answers were confirmed
 * before.
 */
record PatientLeader(String name) implements Fault {
  private static final String TIMEOUT = "pgraft.election_timeout";
  private static final String LONG = "4s";
  private static final long REST_MILLIS = 500;

  @Override
  public Optional<String> whyNot(TestCluster cluster) {
    return cluster.whyNotCut();
  }

  @Override
  public Duration hold(Random random) {
    return Duration.ofMillis(random.nextInt(7_000, 8_000));
  }

  /** It is about one leader. */
  @Override
  public Set<Administration.Act> meanwhile() {
    return Set.of(Administration.Act.SNAPSHOT);
  }

  @Override
  public Injection inject(Arena arena, Random random) throws Exception {
    TestNode patient = arena.anyFollower(random);
    appoint(arena, patient, LONG);
    arena.workload().readOnly(arena.nodes());
    Thread.sleep(REST_MILLIS);
    long term = arena.term();
    arena.cluster().cutOff(patient);
    arena.workload().readOnly(List.of(patient));
    return new Injection() {
      private long elected;

      @Override
      public void heal() throws Exception {
        elected = arena.term();
        arena.workload().readOnly(List.of());
        arena.cluster().heal();
        dismiss(patient);
      }

      @Override
      public String bite() throws DidNotBite {
        Injection.demand(elected > term, "no election although " + patient + " was cut off");
        return patient + " with " + TIMEOUT + " = " + LONG + " cut off, terms " + term + " to " + elected;
      }
    };
  }

  /** Restarts a node with another election timeout, and returns when it leads. */
  static void appoint(Arena arena, TestNode node, String timeout) throws Exception {
    node.set(TIMEOUT, timeout);
    node.restart();
    Await.until(node + " leads", () -> {
      TestNode leader = arena.leader();
      return leader == node
          || leader.truth("SELECT pgraft_transfer_leadership(?)", node.number()) && arena.leader() == node;
    });
  }

  /** Takes its election timeout back to the default, by a restart. */
  static void dismiss(TestNode node) throws Exception {
    node.unset(TIMEOUT);
    node.restart();
  }
}
