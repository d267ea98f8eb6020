package org.pgraft.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.lmdbjava.LmdbException;
import org.lmdbjava.Txn;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes snapshots: a compacting copy of the store as it is at one position, opened again to see that it is whole and
 * where it was taken, and fsynced. To give it its final name, on the same file system, and to write its checksum is the
 * caller's: a snapshot counts only with both, so that an interrupted one is never taken for whole.
 *
 * <p>Stateless. Takes as long as the copy, on the thread that calls; entries are applied meanwhile.
 */
public final class SnapshotWriter {
  private static final Logger LOG = LoggerFactory.getLogger(SnapshotWriter.class);

  private SnapshotWriter() {}

  /**
   * A finished copy.
   *
   * @param file its file, durable
   * @param position the last log entry whose effects it has
   */
  public record Copy(Path file, LogPosition position) {}

  /**
   * Copies a store.
   *
   * @param store the store
   * @param scratch a directory for the copy alone; what is left in it is removed first, and nothing is left when it fails
   * @throws StoreFailedException when the store cannot be synced or copied, or the copy is not whole
   * @throws StoreClosedException when the store was closed
   */
  public static Copy write(Store store, Path scratch) throws StoreFailedException {
    boolean written = false;
    try {
      empty(scratch);
      final LogPosition before = store.position();
      store.copy(scratch);
      final Path file = scratch.resolve(Tables.DATA_FILE);
      Disk.sync(file);
      Disk.sync(scratch);
      final LogPosition position = position(file);
      if (position.index() < Math.max(0, before.index()) || position.index() > store.position().index()) {
        throw new StoreFailedException(
            "the snapshot \"" + file + "\" is of log index " + position.index() + ", which the store was not at");
      }
      written = true;
      return new Copy(file, position);
    } catch (StoreFailedException e) {
      throw e;
    } catch (IOException e) {
      throw new StoreFailedException("a snapshot could not be written to \"" + scratch + "\": " + e, e);
    } finally {
      if (!written) {
        discard(scratch);
      }
    }
  }

  /** What there was no space for must not keep what space there is. */
  private static void discard(Path scratch) {
    try {
      empty(scratch);
    } catch (IOException e) {
      LOG.warn("could not remove what is left of a snapshot in \"{}\": {}", scratch, e.toString());
    }
  }

  private static void empty(Path directory) throws IOException {
    Files.createDirectories(directory);
    try (Stream<Path> entries = Files.list(directory)) {
      for (Path entry : entries.toList()) {
        Disk.delete(entry);
      }
    }
  }

  /**
   * Up to where the log is applied in the store in a file that nobody has open.
   *
   * @throws StoreFailedException when there is no whole store in it
   */
  static LogPosition position(Path file) throws StoreFailedException {
    try (Tables copy = Tables.openCopy(file);
        Txn<ByteBuffer> txn = copy.env().txnRead()) {
      final Counters counters = new Counters();
      counters.load(txn, copy.meta());
      return counters.position();
    } catch (LmdbException | DamagedException e) {
      throw new StoreFailedException("\"" + file + "\" is damaged: " + e.getMessage(), e);
    }
  }
}
