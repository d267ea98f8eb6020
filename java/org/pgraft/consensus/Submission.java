package org.pgraft.consensus;

import org.pgraft.command.BatchResult;

/**
 * What became of one attempt to have a batch appended.
 *
 * @param kind how it ended
 * @param result the results, for {@link Kind#DONE} only
 */
record Submission(Kind kind, BatchResult result) {
  /** How an attempt ended. */
  enum Kind {
    /** Committed and applied by the lease holder. */
    DONE,
    /** Certainly not appended: nobody who holds the lease was reached. */
    NOT_APPENDED,
    /** It may be in the log. Only the same batch again, with the same identity, can tell. */
    UNKNOWN
  }

  static final Submission NOT_APPENDED = new Submission(Kind.NOT_APPENDED, null);
  static final Submission UNKNOWN = new Submission(Kind.UNKNOWN, null);

  static Submission done(BatchResult result) {
    return new Submission(Kind.DONE, result);
  }
}
