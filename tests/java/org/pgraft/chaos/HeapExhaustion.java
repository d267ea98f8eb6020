package org.pgraft.chaos;

import java.util.Random;
import java.util.Set;
import org.pgraft.cluster.TestNode;

/** The heap of a node's JVM is full, and what gets free is taken again. */
record HeapExhaustion(String name) implements Fault {
  private static final long BYTES_MIN = 1 << 20;

  @Override
  public Set<Equipment> needs() {
    return Set.of(Equipment.JVM_AGENT);
  }

  @Override
  public Injection inject(Arena arena, Random random) throws Exception {
    TestNode node = arena.anyNode(random);
    Survival survival = Survival.begin(arena, node);
    long taken = arena.agent(node).exhaustHeap();
    return new Injection() {
      @Override
      public void heal() throws Exception {
        if (!survival.reborn()) {
          arena.agent(node).releaseHeap();
        }
      }

      @Override
      public String bite() throws Exception {
        Injection.demand(taken > BYTES_MIN, "only " + taken + " bytes of the heap of " + node + " were taken");
        return node + ": " + (taken >> 20) + " MB of its heap taken; " + survival.judge();
      }
    };
  }
}
