package org.pgraft.chaos;

import java.util.Random;
import java.util.Set;
import org.pgraft.cluster.PowerSwitch;
import org.pgraft.cluster.TestNode;

/** The disk of a node is full, or writes and fsyncs on it fail. */
record BreakDisk(String name, boolean full) implements Fault {
  @Override
  public Set<Equipment> needs() {
    return Set.of(Equipment.POWER_SWITCH);
  }

  @Override
  public Injection inject(Arena arena, Random random) throws Exception {
    TestNode victim = arena.anyNode(random);
    PowerSwitch disk = arena.power(victim);
    if (full) {
      disk.fill();
    } else {
      disk.fail(random.nextBoolean() ? "wtcr" : "s", "/");
    }
    return new Injection() {
      @Override
      public void heal() {
        disk.mend();
      }

      @Override
      public String bite() throws DidNotBite {
        int failed = disk.failedCalls();
        Injection.demand(failed > 0, "no call of " + victim + " failed");
        return failed + " calls of " + victim + " failed";
      }
    };
  }
}
