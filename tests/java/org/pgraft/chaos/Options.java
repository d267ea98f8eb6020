package org.pgraft.chaos;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/**
 * What a run is to do.
 *
 * @param seed decides faults, victims, durations and the clients' calls, but not how threads take turns
 * @param time no round begins after it
 * @param faults their names; none for all
 * @param once whether each fault comes once only, else again and again until the time is over
 * @param recovery how soon after a fault a majority has to accept writes
 * @param directory where the report goes, and what is left of rounds that failed
 */
record Options(long seed, int nodes, Duration time, List<String> faults, boolean once, Duration recovery,
    Path directory) {
  private static final String PREFIX = "pgraft.chaos.";

  /** What the system properties say, which "make chaos" sets. */
  static Options given() {
    String faults = System.getProperty(PREFIX + "faults", "");
    return new Options(
        Long.getLong(PREFIX + "seed", ThreadLocalRandom.current().nextInt(1, Integer.MAX_VALUE)),
        Integer.getInteger(PREFIX + "nodes", 3),
        Duration.ofSeconds(Long.getLong(PREFIX + "seconds", 600)),
        faults.isEmpty() ? List.of() : List.of(faults.split(",")),
        false,
        Duration.ofSeconds(Long.getLong(PREFIX + "recovery", 10)),
        directory("chaos"));
  }

  /** A short run of some faults, the same each time, on a machine that may be busy with other things. */
  static Options brief(long seed, String... faults) {
    return new Options(seed, 3, Duration.ofMinutes(5), List.of(faults), true, Duration.ofSeconds(30),
        directory("chaos-brief"));
  }

  /** The same faults as those by which seeded bugs are found, each once. */
  static Options control(long seed, String... faults) {
    return new Options(seed, 3, Duration.ofMinutes(9), List.of(faults), true, Duration.ofSeconds(30),
        directory("chaos-control"));
  }

  private static Path directory(String name) {
    return Path.of(System.getProperty("pgraft.test.logs", "target/cluster-logs")).resolveSibling(name);
  }

  /** How to run the same again. */
  String again() {
    return "make chaos SEED=" + seed + " NODES=" + nodes + " SECONDS=" + time.toSeconds()
        + " RECOVERY=" + recovery.toSeconds()
        + (faults.isEmpty() ? "" : " FAULTS=" + String.join(",", faults));
  }
}
