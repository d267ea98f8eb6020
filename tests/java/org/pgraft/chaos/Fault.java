package org.pgraft.chaos;

import java.time.Duration;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.pgraft.cluster.TestCluster;

/** Something that is done to a cluster. */
interface Fault {
  String name();

  /** Why it cannot be done to such a cluster; empty if it can. */
  default Optional<String> whyNot(TestCluster cluster) {
    return Optional.empty();
  }

  /** What the nodes have to be equipped with. */
  default Set<Equipment> needs() {
    return Set.of();
  }

  /** Whether it ends a process by a signal that otherwise means a bug. */
  default boolean crashes() {
    return false;
  }

  /** What an operator may do meanwhile; not what would undo the fault, or what it is about. */
  default Set<Administration.Act> meanwhile() {
    return Set.of(Administration.Act.values());
  }

  /** How long it lasts. */
  default Duration hold(Random random) {
    return Duration.ofMillis(random.nextInt(2_000, 6_000));
  }

  /** Begins it. Whatever it breaks is broken when this returns. */
  Injection inject(Arena arena, Random random) throws Exception;
}
