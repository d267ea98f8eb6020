package org.pgraft.chaos;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.pgraft.cluster.TestCluster;
import org.pgraft.cluster.TestNode;

/**
 * A leader that stops hearing while nothing is written and its last answers are confirmed: cut off from the others,
 * or its worker frozen. Its own clients go on reading, and nothing but that, so that they are not held up by writes
 * that cannot succeed. In this shape an old leader that trusts what it knew gives stale answers.
 */
record IdleLeader(String name, boolean frozen) implements Fault {
  private static final long REST_MILLIS = 500;

  @Override
  public Optional<String> whyNot(TestCluster cluster) {
    return frozen ? Optional.empty() : cluster.whyNotCut();
  }

  @Override
  public Duration hold(Random random) {
    return Duration.ofMillis(random.nextInt(4_000, 6_000));
  }

  /** It is about one leader. */
  @Override
  public Set<Administration.Act> meanwhile() {
    return Set.of(Administration.Act.SNAPSHOT);
  }

  @Override
  public Injection inject(Arena arena, Random random) throws Exception {
    arena.workload().readOnly(arena.nodes());
    Thread.sleep(REST_MILLIS);
    TestNode leader = arena.leader();
    long term = arena.term();
    long worker = leader.worker();
    if (frozen) {
      leader.signal(worker, "STOP");
    } else {
      arena.cluster().cutOff(leader);
    }
    arena.workload().readOnly(List.of(leader));
    return new Injection() {
      @Override
      public void heal() {
        arena.workload().readOnly(List.of());
        if (frozen) {
          leader.signal(worker, "CONT");
        } else {
          arena.cluster().heal();
        }
      }

      @Override
      public String bite() throws Exception {
        long now = arena.term();
        Injection.demand(now > term, "no election although " + leader + " was " + (frozen ? "frozen" : "cut off"));
        return leader + (frozen ? " frozen" : " cut off") + " while it was only read, terms " + term + " to " + now;
      }
    };
  }
}
