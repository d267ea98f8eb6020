package org.pgraft.worker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.pgraft.consensus.LeaseSink;

/** The lease that every session obeys, and the history by which an operator can prove who held it when. */
final class LeaseWordTest {
  private final SharedArea area = new SharedArea();
  private long now = 1000;
  private long wall = 1_700_000_000_000L;
  private final LeaseWord word = new LeaseWord(area.shared(), area.layout(), () -> now, () -> wall);

  @Test
  void when_theLeaseIsPublished_then_sessionsSeeItAndAnIntervalBegins() {
    word.publish(7, 1500);

    assertEquals(7, area.status("lease_term"));
    assertEquals(1500, area.status("lease_expiry_ns"));
    assertEquals(1, area.leasesCounted());
    assertInterval(0, 7, 1000, 1500, 0);
    assertEquals(1_700_000_000_000L, area.lease(0, "from_wall_ms"));
  }

  @Test
  void when_anotherStoreIsOpened_then_readsUnderTheLeaseUseThatOneAtOnce() {
    word.storeIs(5);
    assertEquals(5, area.status("store_generation"));
    word.publish(7, 1500);
    assertEquals(5, area.status("store_generation"));
  }

  @Test
  void when_itIsRenewedInTime_then_theSameIntervalGoesOn() {
    word.publish(7, 1500);
    now = 1499;
    wall += 1;
    word.publish(7, 1999);
    now = 1600;
    word.publish(7, 2100);

    assertEquals(2100, area.status("lease_expiry_ns"));
    assertEquals(1, area.leasesCounted());
    assertInterval(0, 7, 1000, 2100, 0);
    assertEquals(1_700_000_000_000L, area.lease(0, "from_wall_ms"), "it began when it began");
  }

  @Test
  void when_itRanOutBeforeItIsRenewed_then_anotherIntervalBegins() {
    word.publish(7, 1500);
    now = 1500;
    word.publish(7, 2000);

    assertEquals(2, area.leasesCounted());
    assertInterval(0, 7, 1000, 1500, 0);
    assertInterval(1, 7, 1500, 2000, 0);
    assertEquals(2000, area.status("lease_expiry_ns"));
  }

  @Test
  void when_aNewTermBegins_then_anotherIntervalBegins() {
    word.publish(7, 1500);
    now = 1100;
    word.publish(8, 1600);

    assertEquals(8, area.status("lease_term"));
    assertEquals(1600, area.status("lease_expiry_ns"));
    assertEquals(2, area.leasesCounted());
    assertInterval(1, 8, 1100, 1600, 0);
  }

  @Test
  void when_itIsTakenBack_then_nobodyHoldsItAndTheIntervalEndsThen() {
    word.publish(7, 1500);
    now = 1200;
    word.clear(LeaseSink.CLEARED);

    assertEquals(0, area.status("lease_expiry_ns"));
    assertInterval(0, 7, 1000, 1200, area.c.constant("PGRAFT_LEASE_CLEARED"));
  }

  @Test
  void when_itIsGivenBack_then_theHistoryTellsThatFromBeingTakenBack() {
    word.publish(7, 1500);
    now = 1200;
    word.clear(LeaseSink.RELEASED);

    assertInterval(0, 7, 1000, 1200, area.c.constant("PGRAFT_LEASE_RELEASED"));
  }

  @Test
  void when_itIsPublishedAfterItWasTakenBack_then_anotherIntervalBegins() {
    word.publish(7, 1500);
    now = 1200;
    word.clear(LeaseSink.CLEARED);
    now = 1300;
    word.publish(7, 1800);

    assertEquals(2, area.leasesCounted());
    assertInterval(0, 7, 1000, 1200, area.c.constant("PGRAFT_LEASE_CLEARED"));
    assertInterval(1, 7, 1300, 1800, 0);
    assertEquals(1800, area.status("lease_expiry_ns"));
  }

  @Test
  void when_itRanOutBeforeItIsTakenBack_then_theIntervalKeepsItsEnd() {
    word.publish(7, 1500);
    now = 1700;
    word.clear(LeaseSink.CLEARED);

    assertEquals(0, area.status("lease_expiry_ns"));
    assertInterval(0, 7, 1000, 1500, 0);
  }

  @Test
  void when_itIsTakenBackTwice_then_theFirstTimeCounts() {
    word.publish(7, 1500);
    now = 1200;
    word.clear(LeaseSink.RELEASED);
    now = 1300;
    word.clear(LeaseSink.CLEARED);

    assertInterval(0, 7, 1000, 1200, area.c.constant("PGRAFT_LEASE_RELEASED"));
  }

  @Test
  void when_nothingIsHeld_then_takingItBackLeavesNoHistory() {
    word.clear(LeaseSink.CLEARED);

    assertEquals(0, area.leasesCounted());
    assertInterval(0, 0, 0, 0, 0);
  }

  @Test
  void when_aWorkerDiedAsTheHolder_then_theNextOneEndsItsLease() {
    word.publish(7, 1500);
    final LeaseWord next = new LeaseWord(area.shared(), area.layout(), () -> now, () -> wall);
    next.clear(LeaseSink.CLEARED);
    assertEquals(0, area.status("lease_expiry_ns"));

    next.publish(9, 1900);
    assertEquals(2, area.leasesCounted(), "the history goes on");
    assertInterval(1, 9, 1000, 1900, 0);
  }

  @Test
  void when_thereWereMoreThanTheRingHolds_then_theOldestAreOverwritten() {
    final int ring = (int) area.c.constant("PGRAFT_LEASES_MAX");
    for (int term = 1; term <= ring + 2; term++) {
      now = term * 10_000L;
      word.publish(term, now + 500);
    }
    now += 100;
    word.clear(LeaseSink.CLEARED);

    assertEquals(ring + 2, area.leasesCounted());
    assertInterval(0, ring + 1, (ring + 1) * 10_000L, (ring + 1) * 10_000L + 500, 0);
    assertInterval(1, ring + 2, now - 100, now, area.c.constant("PGRAFT_LEASE_CLEARED"));
    assertInterval(2, 3, 30_000, 30_500, 0);
    assertInterval(ring - 1, ring, ring * 10_000L, ring * 10_000L + 500, 0);
    assertEquals(0, area.memory.getInt(area.member(0, "node_id")), "wrote beyond the ring");
  }

  @Test
  void when_aBeginningIsCutShort_then_theLeaseBeforeIsOverAlready() {
    final LeaseWord failing =
        new LeaseWord(
            area.shared(),
            area.layout(),
            () -> now,
            () -> {
              throw new IllegalStateException("stopped half way");
            });
    word.publish(7, 1500);

    assertThrows(IllegalStateException.class, () -> failing.publish(8, 1600));
    assertEquals(0, area.status("lease_expiry_ns"), "between two terms nobody holds it");
  }

  private void assertInterval(int place, long term, long from, long until, long ended) {
    assertEquals(term, area.lease(place, "term"), "term of interval " + place);
    assertEquals(from, area.lease(place, "from_ns"), "begin of interval " + place);
    assertEquals(until, area.lease(place, "until_ns"), "end of interval " + place);
    assertEquals(ended, area.lease(place, "ended"), "how interval " + place + " ended");
  }
}
