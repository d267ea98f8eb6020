package org.pgraft.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.lmdbjava.LmdbException;
import org.lmdbjava.Txn;

/**
 * Copies of a store that belong to no running engine: what a backup is made of, and what a restored cluster begins with.
 * Each lies alone in a directory. Stateless; nobody else may use the directory meanwhile.
 */
public final class DetachedStore {
  /**
   * How far the revision is raised when a cluster begins from a backup. The cluster of the backup may have gone on for
   * that many revisions before any of its revisions could be taken for one of the new cluster.
   */
  public static final long REVISIONS_SKIPPED = 1_000_000_000L;

  /** The same of the numbers of leases. */
  public static final long LEASES_SKIPPED = 1_000_000_000L;

  private static final int READERS = 8;

  private DetachedStore() {}

  /**
   * What was found in a copy.
   *
   * @param position the last log entry whose effects it has
   * @param revision the store's revision
   * @param keys how many keys exist
   */
  public record Content(LogPosition position, long revision, long keys) {}

  /** The file of the copy in a directory. */
  public static Path file(Path directory) {
    return directory.resolve(Tables.DATA_FILE);
  }

  /** Opens a copy for changes; closing it makes them durable. */
  public static Store open(Path directory) throws IOException {
    return Store.open(directory, 1, limits(directory), clean -> {});
  }

  private static Store.Limits limits(Path directory) throws IOException {
    return new Store.Limits(Store.Limits.mapBytesFor(Files.size(file(directory))), READERS);
  }

  /**
   * Reads every version of every key, the leases and the grants of keys, and counts.
   *
   * @throws StoreFailedException when the copy is no whole store or contradicts itself
   */
  public static Content check(Path directory) throws StoreFailedException {
    final Path file = file(directory);
    try (Tables copy = Tables.openCopy(file);
        Txn<ByteBuffer> txn = copy.env().txnRead();
        Versions versions = new Versions(copy, txn, new Scratch())) {
      final Counters counters = new Counters();
      counters.load(txn, copy.meta());
      new CopyCheck(copy, txn, versions, counters).run();
      return new Content(counters.position(), counters.get(Counter.REVISION), counters.get(Counter.KEYS));
    } catch (LmdbException | DamagedException e) {
      throw new StoreFailedException("\"" + file + "\" is damaged: " + e.getMessage(), e);
    }
  }

  /**
   * Makes a copy the beginning of another cluster. Keys stay as they are, with their create revisions, mod revisions and
   * versions, and so do the grants and the leases of keys; numbers of leases that the old cluster may have given since
   * are not given again. What belonged to the cluster of before is dropped: its members, its leadership lease, the results
   * of its nodes' batches and its quota. The revision is raised by {@link #REVISIONS_SKIPPED}, and what is older is
   * compacted, so that a revision of the old cluster is an error in the new one and never another state.
   *
   * @throws StoreFailedException when the copy cannot be changed
   */
  public static void beginCluster(Path directory) throws IOException {
    try (Tables tables = Tables.open(directory, limits(directory))) {
      try (Txn<ByteBuffer> txn = tables.env().txnWrite()) {
        tables.dedupe().drop(txn);
        tables.members().drop(txn);
        new LeaseTable(tables.meta()).forget(txn);
        final Counters counters = new Counters();
        counters.load(txn, tables.meta());
        counters.add(Counter.REVISION, REVISIONS_SKIPPED);
        counters.set(Counter.COMPACTED, counters.get(Counter.REVISION));
        counters.add(Counter.LAST_LEASE, LEASES_SKIPPED);
        counters.set(Counter.QUOTA, Counter.QUOTA.initial());
        counters.save(txn, tables.meta());
        txn.commit();
      }
      tables.env().sync(true);
    } catch (LmdbException | DamagedException e) {
      throw new StoreFailedException("\"" + file(directory) + "\" could not be changed: " + e.getMessage(), e);
    }
    Disk.sync(file(directory));
  }
}
