package org.pgraft.consensus;

import java.util.function.Consumer;
import org.pgraft.store.Store;

/**
 * Passes on what the state machine sees: to the lease, the member board, the upkeep and the worker.
 *
 * <p>Called on Ratis' threads. The state machine opens the store while the parts are still being put together, so the
 * others are wired in afterwards; events before that concern nobody.
 */
final class EngineEvents implements RatisStateMachine.Events {
  private final Consumer<Store> storeSwitched;
  private final Consumer<Throwable> failed;
  private final Runnable wakeWorker;
  private final Runnable configurationChanged;
  private final CommitAnnouncer announcer;

  private record Listeners(LeaseKeeper lease, MemberBoard board, StatusReporter reporter, Upkeep upkeep) {}

  private volatile Listeners listeners;
  private volatile Store store;

  EngineEvents(
      Consumer<Store> storeSwitched,
      Consumer<Throwable> failed,
      Runnable wakeWorker,
      Runnable configurationChanged,
      CommitAnnouncer announcer) {
    this.storeSwitched = storeSwitched;
    this.failed = failed;
    this.wakeWorker = wakeWorker;
    this.configurationChanged = configurationChanged;
    this.announcer = announcer;
  }

  void wire(LeaseKeeper lease, MemberBoard board, StatusReporter reporter, Upkeep upkeep) {
    listeners = new Listeners(lease, board, reporter, upkeep);
  }

  @Override
  public void storeOpened(Store opened) {
    store = opened;
    storeSwitched.accept(opened);
  }

  @Override
  public void storeClosed() {
    store = null;
    storeSwitched.accept(null);
  }

  @Override
  public void leaderReady() {
    final Listeners wired = listeners;
    if (wired != null) {
      wired.reporter().elected();
      wired.lease().ready();
      wakeWorker.run();
    }
  }

  @Override
  public void leaderLost() {
    final Listeners wired = listeners;
    if (wired != null) {
      wired.lease().lost();
      wired.board().forget();
      announcer.forget();
      wakeWorker.run();
    }
  }

  @Override
  public void configurationChanged() {
    if (listeners != null) {
      configurationChanged.run();
    }
  }

  @Override
  public void applied(long index) {
    announcer.announce(index);
    final Listeners wired = listeners;
    final Store open = store;
    if (wired != null && open != null) {
      wired.upkeep().consider(open);
    }
    // So that the status page shows what was acknowledged soon after it was.
    wakeWorker.run();
  }

  @Override
  public void failed(Throwable cause) {
    failed.accept(cause);
  }
}
