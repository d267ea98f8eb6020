package org.pgraft.consensus;

import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import org.pgraft.command.Request;
import org.pgraft.store.Store;

/**
 * Keeps the history bounded: when the store holds more than {@code pgraft.compaction_threshold} revisions, the lease
 * holder proposes to drop the oldest, in portions small enough not to hold up other entries.
 *
 * <p>{@link #consider} runs on the apply thread after each entry and only compares numbers.
 */
final class Compactor {
  private static final long PORTION = 5000;

  private final BooleanSupplier holding;
  private final Function<Request, CompletableFuture<ByteBuffer>> log;
  private final AtomicBoolean proposed = new AtomicBoolean();
  private volatile long threshold;

  Compactor(BooleanSupplier holding, Function<Request, CompletableFuture<ByteBuffer>> log, long threshold) {
    this.holding = holding;
    this.log = log;
    this.threshold = threshold;
  }

  void setThreshold(long revisions) {
    threshold = revisions;
  }

  void consider(Store store) {
    final long compacted = store.compactedRevision();
    if (store.revision() - compacted <= threshold + PORTION
        || !holding.getAsBoolean()
        || !proposed.compareAndSet(false, true)) {
      return;
    }
    log.apply(new Request.Compact(compacted + PORTION)).whenComplete((done, failure) -> proposed.set(false));
  }
}
