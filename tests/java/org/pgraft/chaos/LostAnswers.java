package org.pgraft.chaos;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.pgraft.cluster.NodeHost;
import org.pgraft.cluster.TestCluster;
import org.pgraft.cluster.TestNode;

/**
 * Several times over, what the other nodes send to the leader's port arrives, but not the answer, and then the
 * connection is reset: they cannot know whether their requests were carried out. What the leader itself begins with
 * the others, replication above all, is not touched. Done when it is injected.
 */
record LostAnswers(String name) implements Fault {
  private static final int TIMES = 5;
  private static final long LOST_MILLIS = 300;
  /** Longer than until TCP sends again what was not confirmed, which is then answered by the reset. */
  private static final long RESET_MILLIS = 500;
  private static final long WHOLE_MILLIS = 1_500;

  @Override
  public Optional<String> whyNot(TestCluster cluster) {
    Optional<String> why = cluster.whyNotCut();
    if (why.isEmpty()) {
      NodeHost host = cluster.node(1).host();
      if (host.firewall(reset("192.0.2.1", host.raftPort())).status() != 0) {
        return Optional.of("iptables has no target REJECT here");
      }
      host.heal();
    }
    return why;
  }

  @Override
  public Duration hold(Random random) {
    return Duration.ZERO;
  }

  /** It is about one leader. */
  @Override
  public Set<Administration.Act> meanwhile() {
    return Set.of(Administration.Act.SNAPSHOT);
  }

  @Override
  public Injection inject(Arena arena, Random random) throws Exception {
    long dropped = 0;
    for (int i = 0; i < TIMES; i++) {
      TestNode leader = arena.leader();
      List<NodeHost> others = arena.cluster().others(leader).stream().map(TestNode::host).toList();
      dropped += loseAnswers(leader.host(), others);
      Thread.sleep(WHOLE_MILLIS);
    }
    long lost = dropped;
    return new Injection() {
      @Override
      public void heal() {
        // each time, the connections could be made again
      }

      @Override
      public String bite() throws DidNotBite {
        Injection.demand(lost > 0, "no answer was lost");
        return lost + " packets with answers of the leader were dropped before the connections were reset";
      }
    };
  }

  /** Loses what a host answers to the others, then resets their connections to it; how many packets were lost. */
  private static long loseAnswers(NodeHost host, List<NodeHost> others) throws InterruptedException {
    try {
      for (NodeHost other : others) {
        host.firewall("-A", "OUTPUT", "-p", "tcp", "-d", other.address(), "--sport", Integer.toString(host.raftPort()),
            "--tcp-flags", "RST", "NONE", "-j", "DROP").orFail("iptables");
      }
      Thread.sleep(LOST_MILLIS);
      for (NodeHost other : others) {
        host.firewall(reset(other.address(), host.raftPort())).orFail("iptables");
      }
      Thread.sleep(RESET_MILLIS);
      return host.dropped();
    } finally {
      host.heal();
    }
  }

  private static String[] reset(String from, int port) {
    return new String[] {"-A", "INPUT", "-p", "tcp", "-s", from, "--dport", Integer.toString(port),
        "-j", "REJECT", "--reject-with", "tcp-reset"};
  }
}
