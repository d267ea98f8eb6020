package org.pgraft.chaos;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Assumptions;
import org.pgraft.cluster.Build;

/** Rounds with the faults of one bug, on a build that has it, until the check that has to find it does. */
final class SeededHunt {
  private static final int NODES = 3;
  private static final Duration RECOVERY = Duration.ofSeconds(30);
  private static final Path DIRECTORY =
      Path.of(System.getProperty("pgraft.test.logs", "target/cluster-logs")).resolveSibling("seeded");

  private final SeededBug bug;
  private final List<Fault> faults;
  private final Random random;
  private final List<RoundResult> rounds = new ArrayList<>();
  private Arena arena;

  private SeededHunt(SeededBug bug, long seed) {
    this.bug = bug;
    this.faults = bug.faults().stream().map(name -> Faults.named(List.of(name)).get(0)).toList();
    this.random = new Random(seed);
  }

  /**
   * Fails if the bug is in no round found by the check that has to find it. Skips where nodes are not processes of this
   * machine that can be cut off.
   */
  static void find(SeededBug bug, long seed) throws Exception {
    String backend = System.getProperty("pgraft.test.backend", "local");
    Assumptions.assumeTrue(backend.equals("namespaces"), () -> "servers with a bug are processes, each in a"
        + " network namespace, and the nodes are of the backend \"" + backend
        + "\" (as root: PGRAFT_TEST_BACKEND=namespaces)");
    SeededHunt hunt = new SeededHunt(bug, seed);
    boolean found = hunt.play(SeededBuild.of(bug.name(), Build.plain()));
    tell(String.format("%s: %s in round %d: %s", bug.name(), found ? "found" : "NOT FOUND", hunt.rounds.size(),
        hunt.lastViolations()));
    Assertions.assertTrue(found, () -> "nothing of " + bug.checks() + " was violated with " + bug.name() + " in:\n"
        + hunt.rounds.stream().map(round -> round + " " + names(round)).collect(Collectors.joining("\n")));
  }

  private boolean play(Build build) throws Exception {
    try {
      while (rounds.size() < bug.rounds()) {
        Fault fault = faults.get(rounds.size() % faults.size());
        open(build, fault);
        RoundResult result = new Round(rounds.size() + 1, arena, fault, RECOVERY, new Random(random.nextLong())).run();
        System.out.println(bug.name() + ": " + result);
        rounds.add(result);
        keep(result);
        if (result.violations().stream().anyMatch(violation -> bug.checks().contains(violation.check()))) {
          return true;
        }
        if (result.failed()) {
          close();
        }
      }
      return false;
    } finally {
      close();
    }
  }

  private void open(Build build, Fault fault) throws Exception {
    if (arena != null && !arena.equipment().equals(fault.needs())) {
      close();
    }
    if (arena == null) {
      arena = Arena.open(NODES, false, fault.needs(), build);
    }
    fault.whyNot(arena.cluster()).ifPresent(why -> Assertions.fail(fault.name() + " is not possible here: " + why));
  }

  private void close() {
    if (arena != null) {
      arena.close();
      arena = null;
    }
  }

  private String lastViolations() {
    if (rounds.isEmpty()) {
      return "";
    }
    RoundResult last = rounds.get(rounds.size() - 1);
    return names(last) + " by " + last.fault();
  }

  private static String names(RoundResult round) {
    return round.violations().stream().collect(Collectors.groupingBy(Violation::check, Collectors.counting()))
        .toString();
  }

  private void keep(RoundResult round) throws IOException {
    Files.createDirectories(DIRECTORY);
    Files.writeString(DIRECTORY.resolve(bug.name() + "-round-" + round.number() + ".txt"), round + "\n"
        + round.violations().stream().map(violation -> violation + "\n").collect(Collectors.joining())
        + round.history().describe());
  }

  private static void tell(String line) throws IOException {
    Files.writeString(DIRECTORY.resolve("report.md"), "- " + line + "\n",
        StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    System.out.println(line);
  }
}
