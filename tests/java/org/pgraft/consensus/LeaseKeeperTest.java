package org.pgraft.consensus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.pgraft.store.LeaseRecord;

/** The leadership lease as a story told with a hand-driven clock: nothing here waits for real time. */
class LeaseKeeperTest {
  private static final long MS = TimeUnit.MILLISECONDS.toNanos(1);
  private static final long LEASE = 800;
  private static final long INTERVAL = 100;

  private final List<String> told = new ArrayList<>();
  private final FakeGround ground = new FakeGround();
  private final RecordingSink sink = new RecordingSink();
  private final ManualScheduler thread = new ManualScheduler();
  private long now = 1_000_000 * MS;
  private long wallOffsetMillis = 0;

  private final LeaseKeeper keeper =
      new LeaseKeeper(
          1, ground, sink, () -> now, () -> now / MS + wallOffsetMillis, thread, LEASE, INTERVAL,
          (kind, detail) -> told.add(kind + " " + detail));

  @Test
  void when_nobodyHeldTheLeaseBefore_then_aNewLeaderAcquiresWithoutWaiting() {
    ground.leads(7);
    keeper.ready();
    thread.runDue(now);

    assertEquals(List.of("acquire 7"), ground.log);
  }

  @Test
  void when_theLastHolderDidNotRelease_then_theNewLeaderWaitsItsLeaseAndAQuarterMore() {
    succeedAHolderThatDidNotRelease();

    pass(999);
    assertTrue(ground.log.isEmpty(), "acquired before the old lease was surely over");
    pass(INTERVAL + 1);
    assertEquals(List.of("acquire 7"), ground.log);
  }

  @Test
  void when_aMajoritySupportedTheLastHolderLongAgo_then_theWaitCountsFromThen() {
    ground.earlier.put(1, now - 700 * MS);
    ground.earlier.put(3, now - 600 * MS);
    ground.silent(2);
    succeedAHolderThatDidNotRelease();

    pass(399);
    assertTrue(ground.log.isEmpty(), "the last support, not the first, is what the old lease may rest on");
    pass(51);
    assertEquals(List.of("acquire 7"), ground.log);
  }

  @Test
  void when_theVotersChangedSince_then_theWaitCountsFromThatChange() {
    ground.earlier.put(1, now - 5000 * MS);
    ground.earlier.put(3, now - 5000 * MS);
    ground.votersChanged = now - 400 * MS;
    ground.silent(2);
    succeedAHolderThatDidNotRelease();

    pass(599);
    assertTrue(ground.log.isEmpty(), "the majority that answered may share no voter with the old holder's");
    pass(51);
    assertEquals(List.of("acquire 7"), ground.log);
  }

  @Test
  void when_nobodyElseHasSaidWhenItSupportedTheLastHolder_then_theWaitCountsFromTheElection() {
    ground.earlier.put(1, now - 5000 * MS);
    ground.silent(2);
    ground.silent(3);
    succeedAHolderThatDidNotRelease();

    pass(999);
    assertTrue(ground.log.isEmpty(), "one of three is no majority");
  }

  @Test
  void when_aVoterIsNotYetInTheNewTerm_then_itsWordDoesNotShortenTheWait() {
    ground.earlier.put(1, now - 5000 * MS);
    ground.earlier.put(3, now - 5000 * MS);
    ground.silent(2);
    ground.last = Optional.of(new LeaseRecord(2, 6, 800, false));
    ground.leads(7);
    ground.terms.put(3, 6L);
    keeper.ready();

    pass(999);
    assertTrue(ground.log.isEmpty(), "it may still support the old holder");
  }

  @Test
  void when_theMembershipChanges_then_bothMajoritiesSayWhenTheySupportedTheLastHolder() {
    ground.configurations = List.of(Set.of(1, 2, 3), Set.of(1, 4, 5));
    for (int voter : List.of(1, 3, 4)) {
      ground.earlier.put(voter, now - 5000 * MS);
    }
    ground.silent(2);
    ground.silent(4);
    ground.silent(5);
    succeedAHolderThatDidNotRelease();
    pass(500);
    assertTrue(ground.log.isEmpty(), "no majority of the new configuration has answered");

    ground.terms.put(4, 7L);
    pass(INTERVAL);
    assertEquals(List.of("acquire 7"), ground.log);
  }

  @Test
  void when_theLastHolderReleased_then_nobodyWaits() {
    ground.last = Optional.of(new LeaseRecord(2, 6, 800, true));
    ground.leads(7);
    keeper.ready();
    thread.runDue(now);

    assertEquals(List.of("acquire 7"), ground.log);
  }

  @Test
  void when_theAcquisitionIsNotCommitted_then_thereIsNoLease() {
    ground.commits = false;
    ground.leads(7);
    keeper.ready();
    pass(500);

    assertEquals(0, keeper.heldTerm(now));
    assertTrue(sink.published.isEmpty());
  }

  @Test
  void when_aMajorityAnswersWithTheHoldersTerm_then_theLeaseRunsFromBeforeTheQuestion() {
    holdLease();
    final long asked = ground.askedAt.get(ground.askedAt.size() - 1);

    assertEquals(asked + LEASE * MS, sink.lastExpiry());
    assertEquals(7, keeper.heldTerm(now));
  }

  @Test
  void when_oneCannotBeAsked_then_theOthersAre() {
    ground.unaskable = 2;
    holdLease();
    pass(2 * LEASE);
    assertEquals(7, keeper.heldTerm(now));
  }

  @Test
  void when_onlyAMinorityAnswers_then_theLeaseRunsOut() {
    holdLease();
    final long until = sink.lastExpiry();
    ground.silent(2);
    ground.silent(3);
    pass(LEASE + INTERVAL);

    assertEquals(until, sink.lastExpiry());
    assertEquals(0, keeper.heldTerm(now));
    pass(LEASE);
    assertEquals(
        List.of(
            "LEASE_ACQUIRED in term 7",
            "LEASE_LOST in term 7: it ran out before a majority of the voters confirmed it again"),
        told);

    ground.terms.put(2, 7L);
    pass(INTERVAL);
    keeper.lost();
    assertEquals(
        List.of("LEASE_ACQUIRED in term 7", "LEASE_LOST in term 7: this node does not lead any more"),
        told.subList(2, told.size()));
  }

  @Test
  void when_aVoterHasSeenALaterTerm_then_itsAnswerDoesNotCount() {
    holdLease();
    final long until = sink.lastExpiry();
    ground.terms.put(2, 8L);
    ground.terms.put(3, 8L);
    pass(INTERVAL * 2);

    assertEquals(until, sink.lastExpiry());
  }

  @Test
  void when_theMembershipChanges_then_aMajorityOfBothConfigurationsIsNeeded() {
    ground.configurations = List.of(Set.of(1, 2, 3), Set.of(1, 4, 5));
    ground.silent(4);
    ground.silent(5);
    ground.leads(7);
    keeper.ready();
    pass(INTERVAL * 3);
    assertTrue(sink.published.isEmpty(), "the lease was held without a majority of the old configuration");

    ground.terms.put(4, 7L);
    pass(INTERVAL * 2);
    assertFalse(sink.published.isEmpty());
  }

  @Test
  void when_anAnswerComesAfterThePauseItWasMeantToCover_then_itDoesNotRevive() {
    holdLease();
    ground.delayed = true;
    pass(INTERVAL);
    final int publishedBefore = sink.published.size();
    now += 2 * LEASE * MS;
    ground.deliver();

    assertEquals(publishedBefore, sink.published.size(), "an answer older than the lease renewed it");
    assertEquals(0, keeper.heldTerm(now));
  }

  @Test
  void when_theThreadWasPausedForLongerThanHalfALease_then_theLeaseIsVoidAtOnce() {
    holdLease();
    now += LEASE * MS / 2 + MS;
    ground.silent(2);
    ground.silent(3);
    thread.runDue(now);

    assertEquals(List.of(LeaseSink.CLEARED), sink.cleared);
    assertEquals(0, keeper.heldTerm(now));
  }

  @Test
  void when_theWallClockJumps_then_theLeaseIsVoidAtOnce() {
    holdLease();
    wallOffsetMillis += LEASE / 4 + 50;
    ground.silent(2);
    ground.silent(3);
    pass(INTERVAL);

    assertEquals(List.of(LeaseSink.CLEARED), sink.cleared);
    assertEquals(List.of("LEASE_LOST in term 7: the clock jumped"), told.subList(1, told.size()));
  }

  @Test
  void when_theLogsFsyncHangs_then_theLeaseIsVoidAndComesBackWithTheDisk() {
    holdLease();
    ground.stalled = true;
    pass(INTERVAL);
    assertEquals(0, keeper.heldTerm(now));

    ground.stalled = false;
    pass(INTERVAL);
    assertEquals(7, keeper.heldTerm(now));
  }

  @Test
  void when_theLeadershipIsLost_then_theLeaseIsClearedBeforeAnythingElse() {
    holdLease();
    ground.leads(0);
    keeper.lost();

    assertEquals(List.of(LeaseSink.CLEARED), sink.cleared);
    assertEquals(0, keeper.heldTerm(now));
  }

  @Test
  void when_theLeaseIsSurrendered_then_itIsClearedBeforeTheReleaseAndNeverRenewedInThatTerm() {
    holdLease();
    ground.onRelease = () -> assertEquals(0, keeper.heldTerm(now), "released while still held");
    keeper.surrender();
    pass(INTERVAL * 5);

    assertEquals(List.of("acquire 7", "release 7"), ground.log);
    assertEquals(List.of(LeaseSink.RELEASED), sink.cleared);
    assertEquals(List.of("LEASE_ACQUIRED in term 7", "LEASE_RELEASED in term 7"), told);
    assertEquals(0, keeper.heldTerm(now));
  }

  @Test
  void when_thereIsOneVoter_then_itHoldsTheLeaseAlone() {
    ground.configurations = List.of(Set.of(1));
    ground.leads(3);
    keeper.ready();
    pass(INTERVAL);

    assertEquals(3, keeper.heldTerm(now));
  }

  private void succeedAHolderThatDidNotRelease() {
    ground.last = Optional.of(new LeaseRecord(2, 6, 800, false));
    ground.leads(7);
    keeper.ready();
  }

  private void holdLease() {
    ground.leads(7);
    keeper.ready();
    pass(INTERVAL);
    assertEquals(7, keeper.heldTerm(now), "the lease should be held to begin with");
  }

  /** Lets time pass in steps small enough for the keeper's own schedule. */
  private void pass(long millis) {
    final long end = now + millis * MS;
    while (now < end) {
      now = Math.min(end, now + 50 * MS);
      thread.runDue(now);
    }
  }

  private final class FakeGround implements LeaseGround {
    final List<String> log = new ArrayList<>();
    final List<Long> askedAt = new ArrayList<>();
    final Map<Integer, Long> terms = new HashMap<>();
    final List<Runnable> inTransit = new ArrayList<>();
    List<Set<Integer>> configurations = List.of(Set.of(1, 2, 3));
    Optional<LeaseRecord> last = Optional.empty();
    Runnable onRelease = () -> {};
    boolean commits = true;
    boolean stalled;
    boolean delayed;
    private long readyTerm;

    void leads(long term) {
      readyTerm = term;
      for (int voter = 2; voter <= 5; voter++) {
        if (!silenced.contains(voter)) {
          terms.put(voter, term);
        }
      }
    }

    private final java.util.Set<Integer> silenced = new java.util.HashSet<>();

    void silent(int voter) {
      silenced.add(voter);
      terms.remove(voter);
    }

    void deliver() {
      inTransit.forEach(Runnable::run);
      inTransit.clear();
    }

    @Override
    public long readyTerm() {
      return readyTerm;
    }

    @Override
    public List<Set<Integer>> configurations() {
      askedAt.add(now);
      return configurations;
    }

    /** When each node last confirmed a lower term; a moment ago unless a test says otherwise. */
    final Map<Integer, Long> earlier = new HashMap<>();

    @Override
    public CompletableFuture<Confirmation> confirm(int node, long timeoutNanos) {
      if (unaskable == node) {
        throw new IllegalStateException("node " + node + " cannot be asked");
      }
      final CompletableFuture<Confirmation> answer = new CompletableFuture<>();
      final Long term = terms.get(node);
      if (term == null) {
        return answer;
      }
      final Confirmation confirmation = new Confirmation(term, earlier.getOrDefault(node, now));
      if (delayed) {
        inTransit.add(() -> answer.complete(confirmation));
      } else {
        answer.complete(confirmation);
      }
      return answer;
    }

    int unaskable;

    /** When the voters last changed; long ago unless a test says otherwise. */
    long votersChanged;

    @Override
    public long votersChangedNanos() {
      return votersChanged;
    }

    @Override
    public Confirmation confirmOwn() {
      return new Confirmation(readyTerm, earlier.getOrDefault(1, now));
    }

    @Override
    public Optional<LeaseRecord> lastAcquired() {
      return last;
    }

    @Override
    public CompletableFuture<Boolean> acquire(long term, long leaseMillis) {
      log.add("acquire " + term);
      assertEquals(LEASE, leaseMillis);
      return commits ? CompletableFuture.completedFuture(true) : new CompletableFuture<>();
    }

    @Override
    public CompletableFuture<Boolean> release(long term) {
      onRelease.run();
      log.add("release " + term);
      return CompletableFuture.completedFuture(true);
    }

    @Override
    public boolean logIsStalled() {
      return stalled;
    }
  }

  private static final class RecordingSink implements LeaseSink {
    final List<Long> published = new ArrayList<>();
    final List<Integer> cleared = new ArrayList<>();

    @Override
    public void storeIs(long generation) {}

    @Override
    public void publish(long term, long expiryNanos) {
      published.add(expiryNanos);
    }

    @Override
    public void clear(int endedHow) {
      cleared.add(endedHow);
    }

    long lastExpiry() {
      return published.get(published.size() - 1);
    }
  }
}
