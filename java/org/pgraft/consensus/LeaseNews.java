package org.pgraft.consensus;

/**
 * Tells when this node holds the leadership lease and when it does not any more.
 *
 * <p>For those who hold the monitor of {@link LeaseKeeper}.
 */
final class LeaseNews {
  private final Journal journal;

  /** In which term it was told to be held; 0 when it is not. */
  private long term;

  LeaseNews(Journal journal) {
    this.journal = journal;
  }

  /** The lease of a term was begun, or renewed. */
  void held(long ofTerm) {
    if (term != ofTerm) {
      term = ofTerm;
      journal.tell(EventKind.LEASE_ACQUIRED, "in term " + ofTerm);
    }
  }

  /** The lease has run out. May be said again and again. */
  void ranOut() {
    lost("it ran out before a majority of the voters confirmed it again");
  }

  /** The lease was taken back before it ran out. */
  void lost(String why) {
    if (term != 0) {
      journal.tell(EventKind.LEASE_LOST, "in term " + term + ": " + why);
      term = 0;
    }
  }

  /** The lease was given back. */
  void released() {
    if (term != 0) {
      journal.tell(EventKind.LEASE_RELEASED, "in term " + term);
      term = 0;
    }
  }
}
