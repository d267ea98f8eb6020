package org.pgraft.worker;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.prometheus.client.CollectorRegistry;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.pgraft.metrics.Latencies;

/** What counts as a pause of the worker. */
class PauseWatchTest {
  private static final long MS = TimeUnit.MILLISECONDS.toNanos(1);

  private final CollectorRegistry registry = new CollectorRegistry();
  private final Latencies latencies = new Latencies();
  private final AtomicLong collections = new AtomicLong(7);
  private final AtomicLong collectionMillis = new AtomicLong(90);
  private final PauseWatch pauses;

  PauseWatchTest() {
    latencies.register(registry);
    pauses = new PauseWatch(latencies, collections::get, collectionMillis::get);
  }

  private double figure(String name) {
    return registry.getSampleValue(name);
  }

  @Test
  void when_aRoundComesLate_then_theDelayIsCountedFromWhenItWasDue() {
    pauses.begun(1000 * MS);
    pauses.ended(1010 * MS);
    pauses.begun(1110 * MS + 30 * MS);
    assertEquals(1, figure("pgraft_round_delay_seconds_count"));
    assertEquals(0.03, figure("pgraft_round_delay_seconds_sum"), 1e-9);
  }

  @Test
  void when_aRoundIsStoppedInItsMidst_then_allOfItCounts() {
    pauses.begun(1000 * MS);
    pauses.ended(1090 * MS);
    assertEquals(0, figure("pgraft_round_delay_seconds_count"), "it may have had work for so long");
    pauses.begun(1100 * MS);
    pauses.ended(1400 * MS);
    assertEquals(0.3, figure("pgraft_round_delay_seconds_sum"), 1e-9);
  }

  @Test
  void when_aSessionCausesARoundBeforeTheNextIsDue_then_nothingIsCounted() {
    pauses.begun(1000 * MS);
    pauses.ended(1001 * MS);
    pauses.begun(1050 * MS);
    assertEquals(0, figure("pgraft_round_delay_seconds_count"));
  }

  @Test
  void when_collectionsEndedSinceTheLastLook_then_eachCountsWithItsShareOfTheTime() {
    pauses.look();
    assertEquals(0, figure("pgraft_gc_pause_seconds_count"), "those before the start");
    collections.addAndGet(2);
    collectionMillis.addAndGet(30);
    pauses.look();
    pauses.look();
    assertEquals(2, figure("pgraft_gc_pause_seconds_count"));
    assertEquals(0.03, figure("pgraft_gc_pause_seconds_sum"), 1e-9);
    assertEquals(2, registry.getSampleValue("pgraft_gc_pause_seconds_bucket", new String[] {"le"}, new String[] {"0.025"}));
    assertEquals(0, registry.getSampleValue("pgraft_gc_pause_seconds_bucket", new String[] {"le"}, new String[] {"0.01"}));
  }
}
