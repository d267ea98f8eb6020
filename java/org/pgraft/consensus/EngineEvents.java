package org.pgraft.consensus;

import java.util.Set;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.pgraft.store.LogPosition;
import org.pgraft.store.Store;

/**
 * Passes on what the state machine sees: to the lease, the member board, the upkeep, the journal and the worker.
 *
 * <p>Called on Ratis' threads. The state machine opens the store while the parts are still being put together, so the
 * others are wired in afterwards; events before that concern nobody.
 */
final class EngineEvents implements RatisStateMachine.Events {
  private final OpenStore open;
  private final Runnable madeAnew;
  private final Consumer<Throwable> failed;
  private final Runnable wakeWorker;
  private final Runnable configurationChanged;
  private final CommitAnnouncer announcer;
  private final VoterChanges voterChanges;
  private final Runnable storeChanged;
  private final Journal journal;
  private final LeaderNews leaders;
  private final MemberNews members;
  private final LongSupplier term;

  private record Listeners(LeaseKeeper lease, MemberBoard board, StatusReporter reporter, Upkeep upkeep) {}

  private volatile Listeners listeners;

  EngineEvents(
      OpenStore open,
      Runnable madeAnew,
      Consumer<Throwable> failed,
      Runnable wakeWorker,
      Runnable configurationChanged,
      CommitAnnouncer announcer,
      VoterChanges voterChanges,
      Runnable storeChanged,
      Journal journal,
      LeaderNews leaders,
      LongSupplier term) {
    this.open = open;
    this.madeAnew = madeAnew;
    this.failed = failed;
    this.wakeWorker = wakeWorker;
    this.configurationChanged = configurationChanged;
    this.announcer = announcer;
    this.voterChanges = voterChanges;
    this.storeChanged = storeChanged;
    this.journal = journal;
    this.leaders = leaders;
    this.members = new MemberNews(journal);
    this.term = term;
  }

  void wire(LeaseKeeper lease, MemberBoard board, StatusReporter reporter, Upkeep upkeep) {
    listeners = new Listeners(lease, board, reporter, upkeep);
  }

  @Override
  public void storeMadeAnew() {
    madeAnew.run();
  }

  @Override
  public void storeOpened(Store opened) {
    open.switchTo(opened);
  }

  @Override
  public void storeClosed() {
    open.switchTo(null);
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
  public void leaderIs(int leader) {
    leaders.leads(leader, term.getAsLong());
  }

  @Override
  public void snapshotInstalled() {
    voterChanges.skipped();
  }

  @Override
  public void snapshotOpened(LogPosition position) {
    journal.tell(
        EventKind.SNAPSHOT_INSTALLED,
        "the leader's, up to entry " + position.index() + " of term " + position.term());
  }

  @Override
  public void configurationChanged(Set<Integer> voters, Set<Integer> before, boolean again) {
    voterChanges.applied(voters, before);
    members.applied(voters, before, again);
    if (listeners != null) {
      configurationChanged.run();
    }
  }

  @Override
  public void applied(long index) {
    announcer.committed();
    storeChanged.run();
    final Listeners wired = listeners;
    if (wired != null) {
      open.get().ifPresent(wired.upkeep()::consider);
    }
  }

  @Override
  public void failed(Throwable cause) {
    failed.accept(cause);
  }
}
