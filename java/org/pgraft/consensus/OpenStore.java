package org.pgraft.consensus;

import java.util.Optional;
import org.pgraft.store.Store;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The store that is open at the moment, and whether sessions may read it. One that is made anew at a start, from the last
 * snapshot and the log, begins with less than this node had; it is hidden from them until it has all that the lease holder
 * has applied, so that reads of the node's own state do not go back in time.
 *
 * <p>Thread-safe. Ratis' threads switch the store, any thread asks for it.
 */
final class OpenStore {
  private static final Logger LOG = LoggerFactory.getLogger(OpenStore.class);

  private final LeaseSink sink;
  private final Runnable wakeWorker;
  private volatile Store store;
  private boolean hidden;

  /**
   * @param sink told which store sessions may read
   * @param wakeWorker called when it is another one
   */
  OpenStore(LeaseSink sink, Runnable wakeWorker) {
    this.sink = sink;
    this.wakeWorker = wakeWorker;
  }

  /** The store, also while it is hidden from sessions; empty while none is open. */
  Optional<Store> get() {
    return Optional.ofNullable(store);
  }

  /** Another store is open, or null: none. */
  synchronized void switchTo(Store opened) {
    store = opened;
    tell();
  }

  /** From the next switch on, sessions do not see the store. */
  synchronized void hide() {
    hidden = true;
  }

  /** It has all that the lease holder had applied: sessions see it again, if they did not. */
  synchronized void caughtUp() {
    if (hidden) {
      hidden = false;
      LOG.info("the store that was made anew has caught up with the lease holder");
      tell();
    }
  }

  synchronized boolean isHidden() {
    return hidden;
  }

  private void tell() {
    sink.storeIs(hidden || store == null ? 0 : store.generation());
    wakeWorker.run();
  }
}
