package org.pgraft.consensus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** A node that does not answer itself is not well, until it answers again. */
final class PortProbeTest {
  private final List<CompletableFuture<byte[]>> asked = new ArrayList<>();
  private long now = 1;
  private final PortProbe probe =
      new PortProbe(
          timeout -> {
            asked.add(new CompletableFuture<>());
            return asked.get(asked.size() - 1);
          },
          () -> now);

  private void pass(long seconds) {
    now += TimeUnit.SECONDS.toNanos(seconds);
  }

  @Test
  void when_theAnswerComes_then_allIsWellAndTheNextQuestionComesLater() {
    assertTrue(probe.getAsBoolean());
    asked.get(0).complete(new byte[0]);
    assertTrue(probe.getAsBoolean());
    assertEquals(1, asked.size(), "not at once again");
    pass(5);
    assertTrue(probe.getAsBoolean());
    assertEquals(2, asked.size());
  }

  @Test
  void when_noAnswerComes_then_itIsNotWellUntilOneDoes() {
    assertTrue(probe.getAsBoolean());
    asked.get(0).completeExceptionally(new IllegalStateException("no answer"));
    assertFalse(probe.getAsBoolean());
    assertEquals(2, asked.size(), "it asks again at once");
    assertFalse(probe.getAsBoolean(), "the second question is open");
    assertEquals(2, asked.size());
    asked.get(1).complete(new byte[0]);
    assertTrue(probe.getAsBoolean());
  }
}
