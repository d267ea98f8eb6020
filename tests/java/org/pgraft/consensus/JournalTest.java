package org.pgraft.consensus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What whole engines tell of what happened to them. */
final class JournalTest {
  private static final int INIT = 41;
  private static final int ADD_NODE = 42;
  private static final int REMOVE_NODE = 43;
  private static final int SNAPSHOT = 50;

  @TempDir Path temp;
  private final List<TestEngine> engines = new ArrayList<>();

  @AfterEach
  void stopAll() {
    engines.forEach(TestEngine::stop);
  }

  @Test
  void when_aClusterIsFoundedAndChanged_then_eachThingIsToldOnceAndNotAgainAfterARestart() throws Exception {
    final int[] ports = TestEngine.freePorts(2);
    for (int node = 1; node <= 2; node++) {
      engines.add(new TestEngine(temp, node, "node_id=" + node, "port=" + ports[node - 1]).start());
    }
    final TestEngine first = engines.get(0);
    first.call(TestEngine.request(INIT));
    first.put("a", "1");
    first.call(TestEngine.request(ADD_NODE).i32(2).text("127.0.0.1").i32(ports[1]));
    first.call(TestEngine.request(SNAPSHOT));
    TestEngine.await("the newcomer to know", () -> engines.get(1).told("MEMBER_ADDED").size() == 1);
    first.call(TestEngine.request(REMOVE_NODE).i32(2));

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
