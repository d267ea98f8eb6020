package org.pgraft.chaos;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Assumptions;

/** Rounds, one after the other, on a cluster that is replaced from time to time and after each failure. */
final class ChaosRun {
  private static final int ROUNDS_PER_CLUSTER = 20;

  private final Options options;
  private final Random random;
  private final List<Fault> possible;
  private final List<Fault> deck = new ArrayList<>();
  private final Report report;
  private Arena arena;
  private int roundsHere;
  private int rounds;

  private ChaosRun(Options options) {
    this.options = options;
    this.random = new Random(options.seed());
    this.possible = new ArrayList<>(Faults.named(options.faults()));
    this.report = new Report(options, System.getProperty("pgraft.test.backend", "local"));
  }

  /** Runs, writes the report, and fails if any round did. */
  static void run(Options options) throws Exception {
    System.out.println("seed " + options.seed() + ": " + options.again());
    new ChaosRun(options).run();
  }

  private void run() throws Exception {
    Files.createDirectories(options.directory());
    Path file = options.directory().resolve("report.md");
    Files.deleteIfExists(file);
    long end = System.nanoTime() + options.time().toNanos();
    try {
      deal();
      while (!deck.isEmpty() && System.nanoTime() < end) {
        Fault fault = deck.remove(0);
        prepare(fault);
        if (fits(fault)) {
          play(fault);
        }
        if (deck.isEmpty() && !options.once()) {
          deal();
        }
      }
    } finally {
      closeArena();
      report.notReached(possible);
      Files.writeString(file, report.text());
      System.out.println(report.text());
      System.out.println("seed " + options.seed() + "; the report is in " + options.directory());
    }
    Assumptions.assumeFalse(report.empty(), "none of the faults is possible here");
    List<String> failures = report.failures();
    Assertions.assertTrue(failures.isEmpty(), () -> failures.size() + " rounds failed, seed " + options.seed() + ":\n"
        + failures.stream().collect(Collectors.joining("\n")) + "\nAgain: " + options.again());
  }

  /** Each fault comes once before any comes again; those that need the same equipment, on the same cluster. */
  private void deal() {
    List<Fault> shuffled = new ArrayList<>(possible);
    Collections.shuffle(shuffled, random);
    Map<Set<Equipment>, List<Fault>> sets = new LinkedHashMap<>();
    shuffled.forEach(fault -> sets.computeIfAbsent(fault.needs(), none -> new ArrayList<>()).add(fault));
    sets.values().forEach(deck::addAll);
  }

  private void prepare(Fault fault) throws Exception {
    if (arena != null && (roundsHere >= ROUNDS_PER_CLUSTER || !arena.equipment().equals(fault.needs()))) {
      closeArena();
    }
    if (arena == null) {
      arena = Arena.open(options.nodes(), random.nextBoolean(), fault.needs());
      roundsHere = 0;
    }
  }

  private boolean fits(Fault fault) {
    fault.whyNot(arena.cluster()).ifPresent(why -> {
      System.out.println("skipped: " + fault.name() + ": " + why);
      report.skip(fault, why);
      possible.remove(fault);
    });
    return possible.contains(fault);
  }

  private void play(Fault fault) throws Exception {
    rounds++;
    roundsHere++;
    RoundResult result = new Round(rounds, arena, fault, options.recovery(), new Random(random.nextLong())).run();
    report.add(result);
    System.out.println(result);
    if (result.failed()) {
      keep(result);
      closeArena();
    }
  }

  private void keep(RoundResult result) throws IOException {
    Path directory = options.directory().resolve("seed-" + options.seed() + "-round-" + result.number());
    arena.keep(directory);
    Files.writeString(directory.resolve("history.txt"), result.history().describe());
    Files.writeString(directory.resolve("violations.txt"), result + "\n" + result.violations().stream()
        .map(violation -> violation + "\n").collect(Collectors.joining()));
    System.out.println("the history and the servers' logs are in " + directory);
  }

  private void closeArena() {
    if (arena != null) {
      arena.close();
      arena = null;
    }
  }
}
