package org.pgraft.chaos;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.pgraft.cluster.TestCluster;
import org.pgraft.cluster.TestNode;

/**
 * Clocks that run at different rates, as different as is promised to be safe, while the leader's worker is frozen: its
 * lease runs out by its own clock, and another node has to wait for that by another clock. In half of all cases the
 * leader has the slowest clock and the others the fastest.
 *
 * <p>An election takes longer than a lease, and hides a wait that is too short. The lease of a patient leader is so long
 * that a wait without its extra quarter, by the fastest clock, ends before it, in spite of the time for the election.
 *
 * @param patient whether the leader always has the slowest clock, and an election timeout, and with it a lease, of
 *     sixteen times that of the others
 */
record ClockRate(String name, boolean patient) implements Fault {
  private static final double SLOWEST = 0.92;
  private static final double FASTEST = 1.12;
  private static final double SLACK = 0.04;
  private static final String LONG = "16s";

  @Override
  public Set<Equipment> needs() {
    return Set.of(Equipment.CLOCK);
  }

  /** Long enough for an election and for the old lease to be waited for. */
  @Override
  public Duration hold(Random random) {
    return patient ? Duration.ofMillis(random.nextInt(18_000, 19_000))
        : Duration.ofMillis(random.nextInt(4_000, 8_000));
  }

  /** It is about one leader. */
  @Override
  public Set<Administration.Act> meanwhile() {
    return Set.of(Administration.Act.SNAPSHOT);
  }

  @Override
  public Injection inject(Arena arena, Random random) throws Exception {
    TestNode leader = patient ? arena.anyFollower(random) : arena.leader();
    if (patient) {
      PatientLeader.appoint(arena, leader, LONG);
    }
    boolean worst = patient || random.nextBoolean();
    Map<TestNode, Double> rates = new LinkedHashMap<>();
    for (TestNode node : arena.nodes()) {
      double drawn = random.nextDouble(SLOWEST, FASTEST);
      rates.put(node, !worst ? drawn : node == leader ? SLOWEST : FASTEST);
    }
    run(arena, rates);
    long began = System.nanoTime();
    Map<TestNode, Double> before = leads(arena);
    long worker = leader.worker();
    long term = arena.term();
    leader.signal(worker, "STOP");
    return new Injection() {
      private final Map<TestNode, Double> measured = new LinkedHashMap<>();

      @Override
      public void heal() throws Exception {
        // it may have been replaced, if something ended it
        leader.host().run("kill", "-CONT", Long.toString(worker));
        Map<TestNode, Double> after = leads(arena);
        double seconds = (System.nanoTime() - began) / 1e9;
        Map<TestNode, Double> right = new LinkedHashMap<>();
        for (TestNode node : arena.nodes()) {
          measured.put(node, 1 + (after.get(node) - before.get(node)) / seconds);
          right.put(node, 1.0);
        }
        run(arena, right);
        if (patient) {
          PatientLeader.dismiss(leader);
        }
      }

      @Override
      public String bite() throws Exception {
        for (TestNode node : arena.nodes()) {
          Injection.demand(Math.abs(measured.get(node) - rates.get(node)) < SLACK,
              "the clock of " + node + " ran at " + measured.get(node) + ", not at " + rates.get(node));
        }
        long now = arena.term();
        Injection.demand(now > term, "no election although the leader was frozen");
        return "rates " + rates.entrySet().stream()
            .map(entry -> String.format(Locale.ROOT, "%s %.2f", entry.getKey(), entry.getValue())).toList()
            + ", the worker of " + leader + " frozen, terms " + term + " to " + now;
      }
    };
  }

  private static void run(Arena arena, Map<TestNode, Double> rates) throws Exception {
    TestCluster.inParallel(arena.nodes(), node -> {
      arena.clock(node).run(rates.get(node));
      return null;
    });
  }

  private static Map<TestNode, Double> leads(Arena arena) throws Exception {
    Map<TestNode, Double> leads = new LinkedHashMap<>();
    for (TestNode node : arena.nodes()) {
      leads.put(node, arena.clock(node).wallLead());
    }
    return leads;
  }
}
