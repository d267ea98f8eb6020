package org.pgraft.consensus;

import java.io.IOException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * The way of this node into its group: it introduces itself until it is cleared, waiting in the {@link Vestibule} if it has
 * to, then takes part. It goes on introducing itself to the members that were silent, because a late answer may still be an
 * objection.
 *
 * <p>{@link #enter} is called by the thread that starts the engine; afterwards the scheduler's one thread works alone, for
 * a second or two at a time.
 */
final class Entrance {
  private static final long ASK_MILLIS = 200;
  private static final long ASK_AGAIN_MILLIS = 5000;

  /** Makes this node take part. */
  @FunctionalInterface
  interface Inside {
    void open() throws EngineException;
  }

  private final Clearance clearance;
  private final Vestibule vestibule;
  private final ScheduledExecutorService scheduler;
  private final Inside inside;
  private final Consumer<Exception> refused;
  private volatile boolean entered;

  Entrance(
      Clearance clearance,
      Vestibule vestibule,
      ScheduledExecutorService scheduler,
      Inside inside,
      Consumer<Exception> refused) {
    this.clearance = clearance;
    this.vestibule = vestibule;
    this.scheduler = scheduler;
    this.inside = inside;
    this.refused = refused;
  }

  /**
   * Takes part, or listens in the vestibule and takes part later.
   *
   * @return whether this node takes part already
   */
  boolean enter() throws EngineException, IOException {
    // Nobody may answer at this node's own address yet: that would be another server with the same directory.
    clearance.ask(false);
    if (clearance.waitsFor().isEmpty()) {
      entered = true;
      inside.open();
    } else {
      vestibule.open();
    }
    askLater();
    return entered;
  }

  private void askLater() {
    if (!scheduler.isShutdown() && !(entered && clearance.isComplete())) {
      scheduler.schedule(this::ask, entered ? ASK_AGAIN_MILLIS : ASK_MILLIS, TimeUnit.MILLISECONDS);
    }
  }

  private void ask() {
    try {
      clearance.ask(true);
      if (!entered && clearance.waitsFor().isEmpty()) {
        entered = true;
        vestibule.close();
        inside.open();
      }
      askLater();
    } catch (EngineException | IOException e) {
      refused.accept(e);
    } catch (RuntimeException e) {
      // While the engine stops, what this asks is closed under it.
      if (!scheduler.isShutdown()) {
        refused.accept(e);
      }
    }
  }

  /** Listens no more. */
  void close() {
    vestibule.close();
  }
}
