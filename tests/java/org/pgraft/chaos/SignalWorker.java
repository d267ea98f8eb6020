package org.pgraft.chaos;

import java.util.Random;
import org.pgraft.cluster.Await;
import org.pgraft.cluster.TestNode;

/** A signal that ends the engine's worker and leaves its server alone; PostgreSQL starts another. */
record SignalWorker(String name, String signal) implements Fault {
  @Override
  public boolean crashes() {
    return true;
  }

  @Override
  public Injection inject(Arena arena, Random random) throws Exception {
    TestNode node = arena.anyNode(random);
    long worker = node.worker();
    node.signal(worker, signal);
    return new Injection() {
      @Override
      public void heal() throws Exception {
        Await.until("another worker runs on " + node, () -> node.worker() != worker);
      }

      @Override
      public String bite() throws Exception {
        long next = node.worker();
        Injection.demand(next != worker, "the worker " + worker + " of " + node + " lives");
        return "SIG" + signal + " to the worker of " + node + ", " + worker + "; now it is " + next;
      }
    };
  }
}
