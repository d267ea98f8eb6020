package org.pgraft.chaos;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.pgraft.cluster.TestCluster;
import org.pgraft.cluster.TestNode;

/** Clocks that are hours apart from the beginning, and jumps of the wall clock of each node, the leader's included. */
record ClockOffset(String name) implements Fault {
  private static final int JUMP_SECONDS_MAX = 4 * 3600;
  private static final double SLACK_SECONDS = 30;

  @Override
  public Set<Equipment> needs() {
    return Set.of(Equipment.CLOCK);
  }

  @Override
  public Injection inject(Arena arena, Random random) throws Exception {
    Map<TestNode, Double> before = leads(arena);
    Map<TestNode, Long> jumps = new LinkedHashMap<>();
    for (TestNode node : arena.nodes()) {
      long seconds = random.nextInt(60, JUMP_SECONDS_MAX);
      jumps.put(node, random.nextBoolean() ? seconds : -seconds);
    }
    TestCluster.inParallel(arena.nodes(), node -> {
      arena.clock(node).setWall(jumps.get(node));
      return null;
    });
    return new Injection() {
      private Map<TestNode, Double> during;

      @Override
      public void heal() throws Exception {
        during = leads(arena);
        TestCluster.inParallel(arena.nodes(), node -> {
          arena.clock(node).setWall(0);
          return null;
        });
      }

      @Override
      public String bite() throws DidNotBite {
        for (TestNode node : arena.nodes()) {
          double jumped = during.get(node) - before.get(node);
          Injection.demand(Math.abs(jumped - jumps.get(node)) < SLACK_SECONDS,
              "the wall clock of " + node + " jumped by " + jumped + " s, not by " + jumps.get(node) + " s");
        }
        return "wall clocks jumped by so many seconds and back: " + jumps;
      }
    };
  }

  private static Map<TestNode, Double> leads(Arena arena) throws Exception {
    Map<TestNode, Double> leads = new LinkedHashMap<>();
    for (TestNode node : arena.nodes()) {
      leads.put(node, arena.clock(node).wallLead());
    }
    return leads;
  }
}
