package org.pgraft.chaos;

import java.util.List;
import java.util.Random;
import java.util.Set;
import org.pgraft.cluster.TestNode;

/** A thread of the engine that hangs for ever, on the leader or another node. */
record EngineHang(String name) implements Fault {
  /** The ends of the names of the threads without which a node does not do its duties. */
  private static final List<String> ESSENTIAL =
      List.of("main", "pgraft-lease", "pgraft-router", "StateMachineUpdater", "SegmentedRaftLogWorker");

  @Override
  public Set<Equipment> needs() {
    return Set.of(Equipment.JVM_AGENT);
  }

  @Override
  public Injection inject(Arena arena, Random random) throws Exception {
    TestNode node = arena.anyNode(random);
    Survival survival = Survival.begin(arena, node);
    String essential = ESSENTIAL.get(random.nextInt(ESSENTIAL.size()));
    String thread = arena.agent(node).threads().stream().filter(each -> each.endsWith(essential)).findFirst()
        .orElseThrow(() -> new AssertionError("no thread of " + node + " is called " + essential));
    boolean suspended = arena.agent(node).suspend(thread);
    return new Injection() {
      @Override
      public void heal() throws Exception {
        if (suspended) {
          survival.awaitRebirth();
        }
      }

      @Override
      public String choice() {
        return thread + " of " + node + " hung";
      }

      @Override
      public String bite() throws Exception {
        Injection.demand(suspended, "the thread " + thread + " of " + node + " was gone");
        return node + ": " + thread + " hung; " + survival.judge();
      }
    };
  }
}
