package org.pgraft.consensus;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/** What a voter tells of its earlier words on leases. */
class ConfirmationsTest {
  private long now = 100;
  private final Confirmations confirmations = new Confirmations(() -> now);

  private Confirmation confirmAt(long time, long term) {
    now = time;
    return confirmations.confirm(() -> term);
  }

  @Test
  void when_itWasNeverAsked_then_itMayHaveConfirmedAnythingUntilItStarted() {
    assertEquals(new Confirmation(5, 100), confirmAt(900, 5));
  }

  @Test
  void when_aHigherTermIsConfirmed_then_itTellsWhenALowerOneLastWas() {
    confirmAt(200, 5);
    confirmAt(300, 5);
    assertEquals(new Confirmation(6, 300), confirmAt(900, 6));
    assertEquals(new Confirmation(6, 300), confirmAt(950, 6), "confirming the same term again changes nothing");
    assertEquals(new Confirmation(8, 950), confirmAt(990, 8));
  }

  @Test
  void when_theTermFalls_then_allBeforeMayCount() {
    confirmAt(200, 5);
    assertEquals(new Confirmation(0, 300), confirmAt(300, 0));
    assertEquals(new Confirmation(5, 300), confirmAt(400, 5));
  }
}
