package org.pgraft.chaos;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.pgraft.cluster.TestNode;

/** Servers that are restarted in good order, one after the other; done when it is injected. */
record Restart(String name, boolean all) implements Fault {
  @Override
  public Injection inject(Arena arena, Random random) throws Exception {
    TestNode leader = arena.leader();
    List<TestNode> order = new ArrayList<>(all ? arena.nodes() : List.of(leader));
    Map<TestNode, Long> before = postmasters(order);
    for (TestNode node : order) {
      node.restart();
    }
    return new Injection() {
      @Override
      public void heal() {
        // each has been started again
      }

      @Override
      public String bite() throws DidNotBite {
        Map<TestNode, Long> after = postmasters(order);
        for (TestNode node : order) {
          Injection.demand(!before.get(node).equals(after.get(node)), node + " was not restarted");
        }
        return "postmasters " + before + " became " + after;
      }
    };
  }

  private static Map<TestNode, Long> postmasters(List<TestNode> nodes) {
    Map<TestNode, Long> pids = new LinkedHashMap<>();
    nodes.forEach(node -> pids.put(node, node.processes().get(0)));
    return pids;
  }
}
