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
 * more than {@code pgraft.compaction_threshold} revisions, or some that are older than {@code pgraft.compaction_age}, it proposes
 * to drop the oldest, in portions small enough not to hold up other entries, and no larger than what is to be kept. And it makes
 * its own {@code pgraft.max_store_size} the quota of all.
 *
 * <p>{@link #consider} is called on the apply thread after each entry, and it only compares numbers; {@link #lookAtAge} once a
 * second on another. One proposal is on its way at a time.
 */
final class Upkeep {
  private static final long PORTION_MAX = 5000;

  private final BooleanSupplier holding;
  private final Function<Request, CompletableFuture<ByteBuffer>> log;
  private final long quotaBytes;
  private final AtomicBoolean proposed = new AtomicBoolean();
  private final HistoryAge age = new HistoryAge();
  private volatile long threshold;
  private volatile long ageMillis;
  private long oldestNeeded;

  Upkeep(
      BooleanSupplier holding,
      Function<Request, CompletableFuture<ByteBuffer>> log,
      long threshold,
      long ageMillis,
      long quotaBytes) {
    this.holding = holding;
    this.log = log;
    this.threshold = threshold;
    this.ageMillis = ageMillis;
    this.quotaBytes = quotaBytes;
  }

  /** Changes how many revisions are kept, and for how long (0 for any time). */
  void setHistory(long revisions, long millis) {
    threshold = revisions;
    ageMillis = millis;
  }

  /** Proposes to drop what is too old, a portion at a time. One thread at a time. */
  void lookAtAge(Store store, long now) {
    final long millis = ageMillis;
    if (millis == 0 || !holding.getAsBoolean()) {
      age.forget();
      oldestNeeded = 0;
      return;
    }
    age.oldestNeeded(now, store.revision(), millis).ifPresent(revision -> oldestNeeded = revision);
    if (oldestNeeded > store.compactedRevision()) {
      propose(new Request.Compact(Math.min(oldestNeeded, store.compactedRevision() + PORTION_MAX)));
    }
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
