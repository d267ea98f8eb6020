package org.pgraft.worker;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.pgraft.consensus.EventKind;

/** Kinds of events have the same numbers in Java and in C. */
final class EventKindTest {
  private final SharedHeader c = new SharedHeader();

  @Test
  void when_theEngineTellsOfAnEvent_then_theServerKnowsItByThatNumber() {
    for (EventKind kind : EventKind.values()) {
      assertEquals(c.constant("PGRAFT_EVENT_" + kind), kind.code(), kind::toString);
    }
  }

  @Test
  void when_anEventIsLaidOut_then_itHasNoGaps() {
    assertEquals(512, c.size("PgraftEvent"));
    assertEquals(24, c.offset("PgraftEvent.detail"));
  }
}
