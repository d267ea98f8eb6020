package org.pgraft.consensus;

import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import org.pgraft.command.Request;
import org.pgraft.store.Store;

/**
 * What the lease holder does for the replicated store beside its requests. It keeps the history bounded: when there are
 * more than {@code pgraft.compaction_threshold} revisions, it proposes to drop the oldest, in portions small enough not to
 * hold up other entries, and no larger than what is to be kept. And it makes its own {@code pgraft.max_store_size} the quota of all.
 *
 * <p>{@link #consider} is called on the apply thread after each entry, and now and then by another when there are none;
 * it only compares numbers. One proposal is on its way at a time.
 */
final class Upkeep {
  private static final long PORTION_MAX = 5000;

  private final BooleanSupplier holding;
  private final Function<Request, CompletableFuture<ByteBuffer>> log;
  private final long quotaBytes;
  private final AtomicBoolean proposed = new AtomicBoolean();
  private volatile long threshold;

  Upkeep(
      BooleanSupplier holding,
      Function<Request, CompletableFuture<ByteBuffer>> log,
      long threshold,
      long quotaBytes) {
    this.holding = holding;
    this.log = log;
    this.threshold = threshold;
    this.quotaBytes = quotaBytes;
  }

  /** Changes the number of revisions that are kept. */
  void setThreshold(long revisions) {
    threshold = revisions;
  }

  void consider(Store store) {
    final long compacted = store.compactedRevision();
    final long kept = threshold;
    final long portion = Math.min(PORTION_MAX, kept);
    if (store.quota() != quotaBytes) {
      propose(new Request.SetQuota(quotaBytes));
    } else if (store.revision() - compacted > kept + portion) {
      propose(new Request.Compact(compacted + portion));
    }
  }

  private void propose(Request request) {
    if (holding.getAsBoolean() && proposed.compareAndSet(false, true)) {
      log.apply(request).whenComplete((done, failure) -> proposed.set(false));
    }
  }
}
