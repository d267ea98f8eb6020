package org.pgraft.chaos;

import java.util.Random;
import org.pgraft.cluster.TestNode;

/** Leadership that is handed over at once, the lease released through the log. */
record TransferLeadership(String name) implements Fault {
  @Override
  public Injection inject(Arena arena, Random random) throws Exception {
    TestNode leader = arena.leader();
    long term = arena.term();
    boolean done = leader.truth("SELECT pgraft_transfer_leadership()");
    return new Injection() {
      @Override
      public void heal() {
        // there is nothing to take back
      }

      @Override
      public String bite() throws Exception {
        long now = arena.term();
        Injection.demand(done && now > term, "leadership of " + leader + " in term " + term + " stayed");
        return leader + " handed over, terms " + term + " to " + now;
      }
    };
  }
}
