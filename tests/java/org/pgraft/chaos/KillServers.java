package org.pgraft.chaos;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.pgraft.cluster.TestCluster;
import org.pgraft.cluster.TestNode;

/** kill -9 of postmasters; they stay away until the fault is healed. */
record KillServers(String name, Whom whom) implements Fault {
  enum Whom { LEADER, FOLLOWER, ALL }

  @Override
  public Injection inject(Arena arena, Random random) throws Exception {
    List<TestNode> victims = switch (whom) {
      case LEADER -> List.of(arena.leader());
      case FOLLOWER -> List.of(arena.anyFollower(random));
      case ALL -> arena.nodes();
    };
    Map<TestNode, Long> killed = new LinkedHashMap<>();
    for (TestNode victim : victims) {
      killed.put(victim, victim.processes().get(0));
    }
    TestCluster.inParallel(victims, victim -> {
      victim.kill();
      return null;
    });
    List<TestNode> alive = victims.stream().filter(TestNode::running).toList();
    return new Injection() {
      @Override
      public void heal() throws Exception {
        TestCluster.inParallel(victims, victim -> {
          victim.start();
          return null;
        });
      }

      @Override
      public String bite() throws DidNotBite {
        Injection.demand(alive.isEmpty(), alive + " lived on");
        return "postmasters killed: " + killed;
      }
    };
  }
}
