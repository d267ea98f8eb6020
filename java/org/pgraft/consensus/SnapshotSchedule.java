package org.pgraft.consensus;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;
import org.apache.ratis.server.protocol.TermIndex;
import org.apache.ratis.statemachine.impl.SimpleStateMachineStorage;
import org.pgraft.consensus.EngineStatus.SnapshotStatus;
import org.pgraft.store.Store;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides when a snapshot is due and has it written beside the apply thread: after {@code pgraft.snapshot_interval}
 * entries, or when the log grew by more than the larger of 64 MB and the store's size, whichever comes first. Only when
 * the file is finished, verified and durable does Ratis hear of it, and only then may it purge the log.
 *
 * <p>Threads: {@link #grown} runs on the apply thread and only compares numbers; files are written on the snapshot
 * writer's thread; {@link #now} may come from any. No locks: one atomic holds the copy that is being made.
 */
final class SnapshotSchedule {
  private static final Logger LOG = LoggerFactory.getLogger(SnapshotSchedule.class);
  private static final long LOG_BYTES_MIN = 64L << 20;
  private static final long PURGE_TIMEOUT_NANOS = TimeUnit.SECONDS.toNanos(30);

  /** Tells Ratis that a snapshot is finished. */
  @FunctionalInterface
  interface Finished {
    CompletableFuture<Long> tell(long timeoutNanos);
  }

  private final SnapshotFiles files;
  private final Finished finished;
  private final LongSupplier wallMillis;
  private final Journal journal;
  private final LongAdder finishedCount = new LongAdder();
  private final AtomicReference<CompletableFuture<Long>> running = new AtomicReference<>();
  private final AtomicReference<SnapshotStatus> latest = new AtomicReference<>(SnapshotStatus.NONE);

  private volatile long interval;
  private volatile SimpleStateMachineStorage storage;
  private long bytesSince;
  private long indexOfLast = -1;

  SnapshotSchedule(SnapshotFiles files, Finished finished, LongSupplier wallMillis, long interval, Journal journal) {
    this.files = files;
    this.finished = finished;
    this.wallMillis = wallMillis;
    this.interval = interval;
    this.journal = journal;
  }

  /** The storage of the group is open; the snapshot it holds is the latest. */
  void attach(SimpleStateMachineStorage opened) {
    storage = opened;
    final var snapshot = opened.getLatestSnapshot();
    if (snapshot != null) {
      indexOfLast = snapshot.getIndex();
      latest.set(
          new SnapshotStatus(
              snapshot.getIndex(),
              snapshot.getTerm(),
              snapshot.getFile().getPath().toFile().lastModified()));
    }
  }

  /** Changes the number of entries between two snapshots. */
  void setInterval(long entries) {
    interval = entries;
  }

  /** An entry was applied; starts a snapshot when one is due. Apply thread only. */
  void grown(int entryBytes, Store store, TermIndex position) {
    bytesSince += entryBytes;
    final boolean due =
        position.getIndex() - indexOfLast >= interval
            || bytesSince > LOG_BYTES_MIN && bytesSince > store.fileBytes();
    if (due && running.get() == null) {
      bytesSince = 0;
      indexOfLast = position.getIndex();
      start(store);
    }
  }

  /** Takes a snapshot now, or joins the one that is being taken; completes with its index. */
  CompletableFuture<Long> now(Store store) {
    return start(store);
  }

  private CompletableFuture<Long> start(Store store) {
    final CompletableFuture<Long> mine = new CompletableFuture<>();
    final CompletableFuture<Long> other = running.compareAndExchange(null, mine);
    if (other != null) {
      return other;
    }
    files
        .write(store, storage)
        .thenCompose(
            at -> {
              latest.set(new SnapshotStatus(at.getIndex(), at.getTerm(), wallMillis.getAsLong()));
              finishedCount.increment();
              journal.tell(
                  EventKind.SNAPSHOT_TAKEN, "up to entry " + at.getIndex() + " of term " + at.getTerm());
              return finished.tell(PURGE_TIMEOUT_NANOS).thenApply(known -> at.getIndex());
            })
        .whenComplete(
            (index, failure) -> {
              running.set(null);
              if (failure != null) {
                LOG.warn("a snapshot could not be taken", failure);
                mine.completeExceptionally(failure);
              } else {
                mine.complete(index);
              }
            });
    return mine;
  }

  /** The newest finished snapshot. */
  SnapshotStatus latest() {
    return latest.get();
  }

  /** How many were finished since the start. */
  long finishedCount() {
    return finishedCount.sum();
  }
}
