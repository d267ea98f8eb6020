package org.pgraft.consensus;

import java.io.IOException;
import java.nio.file.attribute.FileTime;
import java.util.Optional;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.pgraft.command.Request;
import org.pgraft.command.Responses;
import org.pgraft.store.Store;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a running engine does from time to time: keeps the store small, looks whether its directory is the newest one and
 * its term on disk is that in memory, frees the places of sessions that died, removes parts of snapshots that did not
 * arrive as a whole, and shows a store that was made anew.
 *
 * <p>Runs on the engine's thread for slow work.
 */
final class Housekeeping {
  private static final Logger LOG = LoggerFactory.getLogger(Housekeeping.class);
  private static final long INTERVAL_MILLIS = 1000;
  private static final long READERS_MILLIS = 60_000;
  private static final long TRANSFERS_MILLIS = 30_000;
  private static final long CATCH_UP_NANOS = TimeUnit.SECONDS.toNanos(10);

  private final int self;
  private final OpenStore store;
  private final Upkeep upkeep;
  private final Registration registration;
  private final TermWatch terms;
  private final Dispatcher dispatcher;
  private final RatisStateMachine stateMachine;
  private final BootClock clock;
  private final ScheduledExecutorService slow;
  private final BooleanSupplier running;
  private final Consumer<Throwable> failed;

  /**
   * @param running whether the engine still does
   * @param failed told of what the engine must stop for
   */
  Housekeeping(
      int self,
      OpenStore store,
      Upkeep upkeep,
      Registration registration,
      TermWatch terms,
      Dispatcher dispatcher,
      RatisStateMachine stateMachine,
      BootClock clock,
      ScheduledExecutorService slow,
      BooleanSupplier running,
      Consumer<Throwable> failed) {
    this.self = self;
    this.store = store;
    this.upkeep = upkeep;
    this.registration = registration;
    this.terms = terms;
    this.dispatcher = dispatcher;
    this.stateMachine = stateMachine;
    this.clock = clock;
    this.slow = slow;
    this.running = running;
    this.failed = failed;
  }

  void begin() {
    showStore();
    each(INTERVAL_MILLIS, this::lookAfterStore);
    each(INTERVAL_MILLIS, () -> terms.look().filter(found -> running.getAsBoolean()).ifPresent(failed));
    each(READERS_MILLIS, this::clearStaleReaders);
    each(TRANSFERS_MILLIS, this::removeAbortedTransfers);
  }

  private void each(long millis, Runnable task) {
    slow.scheduleWithFixedDelay(task, millis, millis, TimeUnit.MILLISECONDS);
  }

  private void lookAfterStore() {
    final Optional<Store> open = store.get();
    // A read or a copy may have met the failure: who leads without a write would go on as if it had a store.
    open.flatMap(Store::failure).filter(found -> running.getAsBoolean()).ifPresent(failed);
    open.ifPresent(upkeep::consider);
    open.ifPresent(found -> upkeep.lookAtAge(found, clock.nanos()));
    open.flatMap(found -> found.member(self)).ifPresent(registration::refuseCopies);
  }

  /** Sessions that were killed while they read keep the pages they saw from being used again. */
  private void clearStaleReaders() {
    final int cleared = store.get().map(Store::clearStaleReaders).orElse(0);
    if (cleared > 0) {
      LOG.info("{} readers of the store had died", cleared);
    }
  }

  /** A node that a snapshot does not reach as a whole must not fill its disk with the parts. */
  private void removeAbortedTransfers() {
    try {
      stateMachine.removeAbortedTransfers(FileTime.fromMillis(System.currentTimeMillis() - TRANSFERS_MILLIS));
    } catch (IOException e) {
      LOG.warn("could not remove what is left of a leader's snapshot: {}", e.toString());
    }
  }

  /**
   * Asks what the lease holder has: when this node has it too, a store that was made anew is shown. Asks again as long as
   * there is no answer.
   */
  private void showStore() {
    if (!store.isHidden() || !running.getAsBoolean()) {
      return;
    }
    dispatcher
        .submit(new Request.Barrier().encode(), clock.nanos() + CATCH_UP_NANOS)
        .thenAccept(
            response -> {
              if (!Responses.isOk(response) && running.getAsBoolean()) {
                slow.schedule(this::showStore, INTERVAL_MILLIS, TimeUnit.MILLISECONDS);
              }
            });
  }
}
