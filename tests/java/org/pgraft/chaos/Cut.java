package org.pgraft.chaos;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.pgraft.cluster.NodeHost;
import org.pgraft.cluster.TestCluster;
import org.pgraft.cluster.TestNode;

/** Packets between nodes that are dropped. Clients still reach every node. */
record Cut(String name, Shape shape) implements Fault {
  /** What is cut. */
  enum Shape {
    /** The leader from all others; another has to be elected. */
    LEADER,
    FOLLOWER,
    /** A minority, anyone in it, from the majority. */
    HALVES,
    /** A node from the others in one direction only. */
    ONE_WAY,
    /** Two halves from each other that one node in between reaches both. */
    BRIDGE,
    /** Everybody from everybody, but only for some of the packets. */
    LOSS
  }

  @Override
  public Optional<String> whyNot(TestCluster cluster) {
    if (shape == Shape.LOSS && cluster.whyNotCut().isEmpty()) {
      NodeHost host = cluster.node(1).host();
      String[] rule = {"-A", "INPUT", "-s", "192.0.2.1", "-m", "statistic", "--mode", "random", "--probability", "0.5"};
      if (host.firewall(rule).status() != 0) {
        return Optional.of("iptables has no match \"statistic\" here");
      }
      host.heal();
    }
    return cluster.whyNotCut();
  }

  @Override
  public Injection inject(Arena arena, Random random) throws Exception {
    TestNode leader = arena.leader();
    long term = arena.term();
    String what = cut(arena, leader, random);
    return new Injection() {
      private long dropped;

      @Override
      public void heal() {
        dropped = arena.nodes().stream().mapToLong(node -> node.host().dropped()).sum();
        arena.cluster().heal();
      }

      @Override
      public String bite() throws Exception {
        Injection.demand(dropped > 0, "no packet was dropped (" + what + ")");
        long now = arena.term();
        Injection.demand(shape != Shape.LEADER || now > term, "no election although the leader was cut off");
        return what + "; " + dropped + " packets were dropped, terms " + term + " to " + now;
      }
    };
  }

  private String cut(Arena arena, TestNode leader, Random random) throws InterruptedException {
    List<TestNode> shuffled = new ArrayList<>(arena.nodes());
    Collections.shuffle(shuffled, random);
    int half = (shuffled.size() - 1) / 2;
    if (shape == Shape.BRIDGE) {
      // a leader in between would reach everybody, and nobody would miss anything
      Collections.swap(shuffled, half, shuffled.indexOf(arena.anyFollower(random)));
    }
    return switch (shape) {
      case LEADER -> apart(List.of(leader), arena.cluster().others(leader));
      case FOLLOWER -> {
        TestNode follower = arena.anyFollower(random);
        yield apart(List.of(follower), arena.cluster().others(follower));
      }
      case HALVES -> apart(shuffled.subList(0, half), shuffled.subList(half, shuffled.size()));
      case BRIDGE -> apart(shuffled.subList(0, half), shuffled.subList(half + 1, shuffled.size()))
          + ", " + shuffled.get(half) + " reaches both";
      case ONE_WAY -> oneWay(random.nextBoolean() ? leader : shuffled.get(0), arena, random.nextBoolean());
      case LOSS -> lossy(arena, random.nextInt(5, 30));
    };
  }

  private static String apart(List<TestNode> one, List<TestNode> other) {
    one.forEach(node -> node.host().cutFrom(hosts(other)));
    return one + " cut off from " + other;
  }

  private static String oneWay(TestNode node, Arena arena, boolean deaf) {
    List<NodeHost> others = hosts(arena.cluster().others(node));
    if (deaf) {
      node.host().deafTo(others);
    } else {
      node.host().muteTo(others);
    }
    return node + (deaf ? " does not hear the others" : " is not heard by the others");
  }

  private static String lossy(Arena arena, int percent) {
    for (TestNode node : arena.nodes()) {
      node.host().loseFrom(hosts(arena.cluster().others(node)), percent / 100.0);
    }
    return percent + " % of the packets lost";
  }

  private static List<NodeHost> hosts(List<TestNode> nodes) {
    return nodes.stream().map(TestNode::host).toList();
  }
}
