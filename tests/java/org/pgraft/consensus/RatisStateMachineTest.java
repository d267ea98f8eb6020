package org.pgraft.consensus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.apache.ratis.util.LifeCycle;
import org.junit.jupiter.api.Test;

/** What Ratis asks of the state machine, without a Ratis around it. */
final class RatisStateMachineTest {
  @Test
  void when_aSnapshotCouldNotBePutInPlace_then_theNextOneFindsItPausedStill() throws Exception {
    final RatisStateMachine machine = new RatisStateMachine(1, null, null, null, null, null, null, null);
    machine.getLifeCycle().startAndTransition(() -> {});
    assertTrue(machine.isApplying());

    machine.pause();
    machine.pause();
    assertEquals(LifeCycle.State.PAUSED, machine.getLifeCycleState());
    assertFalse(machine.isApplying());
  }
}
