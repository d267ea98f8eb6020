package org.pgraft.chaos;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.pgraft.cluster.Await;
import org.pgraft.cluster.TestCluster;
import org.pgraft.cluster.TestNode;

/**
 * A follower gives its vote, loses its power, and is asked for its vote in the same term by another candidate. The
 * candidates' requests come from here, as they would from members that campaign at one time, because real elections
 * hardly ever meet that moment. When the others hear of the term of the vote they elect anew.
 */
record SecondVote(String name) implements Fault {
  @Override
  public Optional<String> whyNot(TestCluster cluster) {
    return cluster.whyNotCut().or(() -> Candidate.whyNot(cluster.node(1)));
  }

  @Override
  public Set<Equipment> needs() {
    return Set.of(Equipment.POWER_SWITCH);
  }

  @Override
  public Duration hold(Random random) {
    return Duration.ZERO;
  }

  /** It is about one term. */
  @Override
  public Set<Administration.Act> meanwhile() {
    return Set.of(Administration.Act.SNAPSHOT);
  }

  @Override
  public Injection inject(Arena arena, Random random) throws Exception {
    TestNode voter = arena.anyFollower(random);
    List<TestNode> candidates = arena.cluster().others(voter);
    long term = arena.term() + 1;
    // nobody else may tell it of another term; it still introduces itself to the others when it starts
    for (TestNode other : candidates) {
      voter.host().firewall("-A", "INPUT", "-p", "tcp", "-s", other.host().address(), "--dport",
          Integer.toString(voter.host().raftPort()), "-j", "DROP").orFail("iptables");
    }
    Candidate.Answer first = new Candidate(candidates.get(0), voter).requestVote(term);
    arena.power(voter).cut();
    voter.start();
    Candidate second = new Candidate(candidates.get(1), voter);
    // as soon as it takes part, before it campaigns itself
    Candidate.Answer again = Await.value("an answer of " + voter + " to a candidate", () -> second.requestVote(term),
        answer -> true);
    return new Injection() {
      @Override
      public void heal() {
        voter.host().heal();
      }

      @Override
      public String bite() throws DidNotBite {
        Injection.demand(first.granted(), voter + " gave no vote in term " + term + ": " + first);
        return voter + " voted for " + candidates.get(0) + " in term " + term + ", lost its power, and answered "
            + candidates.get(1) + " with " + again;
      }

      @Override
      public List<Violation> violations() {
        return VoteChecker.check(voter.name(), term, first, again);
      }
    };
  }
}
