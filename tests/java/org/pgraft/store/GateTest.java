package org.pgraft.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Who may be where the environment's map is moved or closed. */
final class GateTest {
  private final Gate gate = new Gate();
  private final AtomicInteger done = new AtomicInteger();

  @Test
  void when_somebodyStaysInside_then_whoWantsToBeAloneGivesUp_andOthersEnterAgain() {
    assertTrue(gate.enter());
    assertFalse(gate.alone(5, done::incrementAndGet));
    assertEquals(0, done.get());

    assertTrue(gate.enter());
    gate.leave();
    gate.leave();
    assertTrue(gate.alone(5, done::incrementAndGet));
    assertEquals(1, done.get());
  }

  @Test
  void when_itIsShutWhileSomebodyIsInside_then_whoLeavesLastDoesWhatIsLeft() {
    assertTrue(gate.enter());
    gate.shut(5, done::incrementAndGet);
    assertFalse(gate.enter());
    assertEquals(0, done.get());

    gate.leave();
    assertEquals(1, done.get());
  }
}
