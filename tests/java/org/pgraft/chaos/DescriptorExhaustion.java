package org.pgraft.chaos;

import java.time.Duration;
import java.util.Random;
import java.util.Set;
import org.pgraft.cluster.TestNode;

/** A node's worker can open nothing for a time: no file, no connection. */
record DescriptorExhaustion(String name) implements Fault {
  @Override
  public Set<Equipment> needs() {
    return Set.of(Equipment.JVM_AGENT);
  }

  /** It ends by itself; this is long enough to see it end. */
  @Override
  public Duration hold(Random random) {
    return Duration.ofSeconds(6);
  }

  @Override
  public Injection inject(Arena arena, Random random) throws Exception {
    TestNode node = arena.anyNode(random);
    Survival survival = Survival.begin(arena, node);
    int seconds = random.nextInt(2, 6);
    arena.agent(node).exhaustDescriptors(seconds);
    return new Injection() {
      @Override
      public void heal() {
        // the agent has given them back
      }

      @Override
      public String bite() throws Exception {
        Injection.demand(survival.reborn() || arena.agent(node).descriptorsWereExhausted(),
            "it was not seen that " + node + " could open nothing");
        return node + ": nothing could be opened for " + seconds + " s; " + survival.judge();
      }
    };
  }
}
