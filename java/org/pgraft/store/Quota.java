package org.pgraft.store;

import org.pgraft.command.Failure;
import org.pgraft.command.PgraftException;
import org.pgraft.command.SqlState;

/** Refuses what the quota has no room for, on all nodes alike. Stateless. */
final class Quota {
  private Quota() {}

  /**
   * @param charge what is to be stored, in bytes as the quota counts them; 0 is never refused
   * @throws PgraftException when there is no room even without history
   */
  static void check(KeySpace keys, long charge) throws PgraftException {
    if (charge > 0 && !keys.makeRoom(charge)) {
      throw new PgraftException(
          new Failure(
              SqlState.STORE_FULL,
              "the store is full",
              "The keys and values, with what storing them takes, fill the quota. Nothing was changed.",
              "Delete keys, or raise pgraft.max_store_size on all nodes."));
    }
  }
}
