package org.pgraft.consensus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

/** What whole engines tell of what happened to them. */
final class JournalTest extends EngineFixture {
  @Test
  void when_aClusterIsFoundedAndChanged_then_eachThingIsToldOnceAndNotAgainAfterARestart() throws Exception {
    final int[] ports = TestEngine.freePorts(2);
    startOutside(ports);
    final TestEngine first = engines.get(0);
    first.init();
    first.put("a", "1");
    first.addNode(2, ports[1]);
    first.snapshot();
    TestEngine.await("the newcomer to know", () -> engines.get(1).told("MEMBER_ADDED").size() == 1);
    first.removeNode(2);

    assertEquals(List.of("node 1 leads in term 1"), first.told("LEADER_CHANGED"));
    assertEquals(List.of("in term 1"), first.told("LEASE_ACQUIRED"));
    assertEquals(List.of("node 2; the members are 1, 2"), first.told("MEMBER_ADDED"));
    assertEquals(List.of("node 2; the members are 1"), first.told("MEMBER_REMOVED"));
    assertEquals(1, first.told("SNAPSHOT_TAKEN").size());
    assertTrue(first.told("SNAPSHOT_TAKEN").get(0).matches("up to entry \\d+ of term 1"), first::toString);
    assertEquals(List.of("node 2; the members are 1, 2"), engines.get(1).told("MEMBER_ADDED"));
    assertEquals(List.of("node 1 leads in term 1"), engines.get(1).told("LEADER_CHANGED").subList(0, 1));

    first.stop();
    assertEquals(List.of("in term 1"), first.told("LEASE_RELEASED"));
    first.start();
    TestEngine.await("it leads again", () -> first.told("LEASE_ACQUIRED").size() == 2);
    assertEquals(1, first.told("MEMBER_ADDED").size());
    assertEquals(1, first.told("MEMBER_REMOVED").size());
    assertEquals(1, first.told("SNAPSHOT_TAKEN").size());
    assertEquals(List.of(), first.told("STORE_REBUILT"));
  }
}
