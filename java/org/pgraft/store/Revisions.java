package org.pgraft.store;

import org.pgraft.command.Failure;
import org.pgraft.command.PgraftException;
import org.pgraft.command.SqlState;

/** Which revisions can be read or compacted: etcd's rules. Stateless. */
final class Revisions {
  private Revisions() {}

  /**
   * The revision that a read is of.
   *
   * @param wanted 0 for the newest
   * @throws PgraftException when it is not kept any more or not there yet
   */
  static long readable(long wanted, long newest, long compacted) throws PgraftException {
    if (wanted == 0) {
      return newest;
    }
    if (wanted > newest) {
      throw future(wanted, newest);
    }
    if (wanted < compacted) {
      throw compacted(wanted, compacted);
    }
    return wanted;
  }

  /**
   * @throws PgraftException when a revision was compacted already or is not there yet
   */
  static void checkCompactable(long wanted, long newest, long compacted) throws PgraftException {
    if (wanted > newest) {
      throw future(wanted, newest);
    }
    if (wanted <= compacted) {
      throw compacted(wanted, compacted);
    }
  }

  private static PgraftException future(long wanted, long newest) {
    return notKept("revision " + wanted + " does not exist yet", "The store is at revision " + newest + ".");
  }

  private static PgraftException compacted(long wanted, long compacted) {
    return notKept(
        "revision " + wanted + " has been compacted", "The oldest revision kept is " + compacted + ".");
  }

  private static PgraftException notKept(String message, String detail) {
    return new PgraftException(new Failure(SqlState.REVISION_NOT_KEPT, message, detail, ""));
  }
}
