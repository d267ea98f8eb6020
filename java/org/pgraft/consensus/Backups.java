package org.pgraft.consensus;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.pgraft.command.PgraftException;
import org.pgraft.command.Responses;
import org.pgraft.store.Backup;
import org.pgraft.store.BackupFacts;
import org.pgraft.store.BackupFile;
import org.pgraft.store.DetachedStore;
import org.pgraft.store.SnapshotWriter;
import org.pgraft.store.Store;
import org.pgraft.store.StoreClosedException;
import org.pgraft.store.StoreFailedException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes and verifies backups, {@link BackupFile}. A copy of the store is made, checked key by key, and then put into the
 * file, so that a file that was written was readable once.
 *
 * <p>All work is done on the executor given, one thing at a time: the staging directory has room for one copy. It may take
 * as long as the copy; entries are applied meanwhile. The caller's deadline is looked at between two steps.
 */
final class Backups {
  private static final Logger LOG = LoggerFactory.getLogger(Backups.class);

  private static final long HOLDER_PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(10);

  private final String clusterId;
  private final int self;
  private final ServerPath paths;
  private final Path staging;
  private final LongSupplier wallMillis;
  private final Executor executor;

  /**
   * @param paths judges the names of files
   * @param staging where copies are made; for this object, and others that use the same executor, alone
   * @param executor has one thread
   */
  Backups(String clusterId, int self, ServerPath paths, Path staging, LongSupplier wallMillis, Executor executor) {
    this.clusterId = clusterId;
    this.self = self;
    this.paths = paths;
    this.staging = staging;
    this.wallMillis = wallMillis;
    this.executor = executor;
  }

  /** How long a lease holder has to stay silent before a rescue for which there is that much time. */
  static long holderPatience(long nanos) {
    return Math.min(nanos / 2, HOLDER_PATIENCE_NANOS);
  }

  /** Writes what the store has now to a new file; the response tells of the file. */
  CompletableFuture<ByteBuffer> write(Store store, String path, BooleanSupplier expired) {
    return work(
        () -> {
          final Path target = paths.toWrite(path);
          SnapshotWriter.write(store, staging);
          return finish(target, 0, expired);
        });
  }

  /** Writes all that a node has to a new file, committed or not; the response tells of the file. */
  CompletableFuture<ByteBuffer> rescue(RescueSource source, String path, BooleanSupplier expired) {
    return work(
        () -> {
          final Path target = paths.toWrite(path);
          final long tail = source.copyInto(staging);
          LOG.warn("a rescue with {} log entries that were not known to be committed is written to \"{}\"", tail, target);
          return finish(target, tail, expired);
        });
  }

  private ByteBuffer finish(Path target, long tail, BooleanSupplier expired) throws PgraftException, IOException {
    final DetachedStore.Content content = content(staging, "the store of node " + self + " is damaged");
    final BackupFacts facts =
        new BackupFacts(
            clusterId, self, content.position(), content.revision(), content.keys(), wallMillis.getAsLong(), tail);
    final Backup written = BackupFile.write(target, facts, DetachedStore.file(staging), expired);
    LOG.info("backup \"{}\" of log index {} is written", target, content.position().index());
    return written.response();
  }

  /** Reads a backup as a whole; the response tells of the file. */
  CompletableFuture<ByteBuffer> verify(String path, BooleanSupplier expired) {
    return work(() -> unpack(paths.toRead(path), staging, expired).response());
  }

  /**
   * Reads a backup as a whole and leaves its store in an empty directory.
   *
   * @throws PgraftException when it is not to be used
   */
  static Backup unpack(Path file, Path directory, BooleanSupplier expired) throws PgraftException, IOException {
    final Backup backup = BackupFile.extract(file, DetachedStore.file(directory), expired);
    final String damaged = "backup \"" + file + "\" is damaged";
    final DetachedStore.Content content = content(directory, damaged);
    final BackupFacts facts = backup.facts();
    if (!content.equals(new DetachedStore.Content(facts.position(), facts.revision(), facts.keys()))) {
      throw new PgraftException(Failures.corrupted(damaged, "Its header does not tell of the store in it."));
    }
    return backup;
  }

  private static DetachedStore.Content content(Path directory, String damaged) throws PgraftException {
    try {
      return DetachedStore.check(directory);
    } catch (StoreFailedException e) {
      LOG.warn("{}", damaged, e);
      throw new PgraftException(Failures.corrupted(damaged, e.getMessage() + "."));
    }
  }

  /** Something that takes long and needs the staging directory. */
  @FunctionalInterface
  interface Work {
    ByteBuffer run() throws PgraftException, IOException;
  }

  /** Does something with the staging directory, which is empty before and after; every response completes normally. */
  CompletableFuture<ByteBuffer> work(Work work) {
    return EngineThreads.respond(
        executor,
        () -> {
          try {
            EngineFiles.empty(staging);
            try {
              return work.run();
            } finally {
              EngineFiles.empty(staging);
            }
          } catch (PgraftException e) {
            return Responses.error(e.failure());
          } catch (StoreClosedException e) {
            return Responses.error(Failures.stopping());
          } catch (IOException e) {
            LOG.info("a backup could not be read or written", e);
            return Responses.error(Failures.files(e));
          } catch (UncheckedIOException e) {
            LOG.info("a backup could not be read or written", e);
            return Responses.error(Failures.files(e.getCause()));
          } catch (RuntimeException e) {
            LOG.error("a backup failed", e);
            return Responses.error(Failures.wrongState("the backup failed: " + e, "Look into the server's log."));
          }
        });
  }
}
