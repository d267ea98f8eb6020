package org.pgraft.consensus;

import java.io.IOException;
import java.nio.file.Path;
import org.pgraft.command.PgraftException;
import org.pgraft.store.DetachedStore;
import org.pgraft.store.SnapshotWriter;
import org.pgraft.store.Store;

/** All that a node has: its store, and the entries of its log that are not applied, committed or not. */
@FunctionalInterface
interface RescueSource {
  /**
   * Makes a store of it.
   *
   * @param directory where; what is in it is removed first
   * @return how many entries were applied beyond what the node itself had applied
   * @throws PgraftException when this node cannot be rescued now
   * @throws IOException when store or log cannot be read, or do not fit together
   */
  long copyInto(Path directory) throws PgraftException, IOException;

  /** Copies a store as it is now, and applies a log to the copy. */
  static long copy(Store store, LogTail tail, Path directory) throws IOException {
    SnapshotWriter.write(store, directory);
    try (Store copy = DetachedStore.open(directory)) {
      return tail.applyTo(copy);
    }
  }
}
