package org.pgraft.consensus;

import java.util.function.IntSupplier;

/**
 * Tells when another node leads. Ratis says who leads, in the moment it knows, but not that nobody does; so the engine looks
 * for that when it looks at its state anyway. A time without a leader that is shorter than the time between two looks is not
 * told.
 *
 * <p>Thread-safe. Who leads is read under the monitor, so that what is told last is what was so last.
 */
final class LeaderNews {
  private final Journal journal;
  private int told;
  private long term;

  LeaderNews(Journal journal) {
    this.journal = journal;
  }

  /** A node leads in a term, as Ratis says. */
  synchronized void leads(int node, long ofTerm) {
    if (node == told && ofTerm == term) {
      return;
    }
    told = node;
    term = ofTerm;
    journal.tell(EventKind.LEADER_CHANGED, "node " + node + " leads in term " + ofTerm);
  }

  /** Looks whether there is a leader still. */
  synchronized void look(IntSupplier leader) {
    if (told != 0 && leader.getAsInt() == 0) {
      journal.tell(
          EventKind.LEADER_CHANGED, "no leader is known; node " + told + " was the last one, in term " + term);
      told = 0;
    }
  }
}
