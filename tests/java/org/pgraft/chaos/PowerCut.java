package org.pgraft.chaos;

import java.util.List;
import java.util.Random;
import java.util.Set;
import org.pgraft.cluster.TestCluster;
import org.pgraft.cluster.TestNode;

/** The power goes, of the leader or of all nodes, or always of all, and with it whatever the engine had not synced. */
record PowerCut(String name, boolean alwaysAll) implements Fault {
  @Override
  public Set<Equipment> needs() {
    return Set.of(Equipment.POWER_SWITCH);
  }

  @Override
  public Injection inject(Arena arena, Random random) throws Exception {
    List<TestNode> victims = !alwaysAll && random.nextBoolean() ? List.of(arena.leader()) : arena.nodes();
    TestCluster.inParallel(victims, victim -> {
      arena.power(victim).cut();
      return null;
    });
    List<TestNode> alive = victims.stream().filter(TestNode::running).toList();
    return new Injection() {
      @Override
      public void heal() throws Exception {
        TestCluster.inParallel(victims, victim -> {
          victim.start();
          return null;
        });
      }

      @Override
      public String bite() throws DidNotBite {
        Injection.demand(alive.isEmpty(), alive + " lived on");
        return victims + " lost what was not synced";
      }
    };
  }
}
