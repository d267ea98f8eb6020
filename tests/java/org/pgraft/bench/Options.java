package org.pgraft.bench;

import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * How thoroughly is measured.
 *
 * @param seconds how long each run of a load takes
 * @param repetitions how often each is run; the medians count
 * @param outages how many leaders are killed for each of the outages
 * @param parts the parts of the table that are wanted; empty for all
 * @param settings settings of the servers beside the harness's own
 */
record Options(double seconds, int repetitions, int outages, Set<String> parts, Map<String, String> settings) {
  /** Those that the system properties {@code pgraft.bench.*} give. */
  static Options given() {
    return new Options(
        Double.parseDouble(System.getProperty("pgraft.bench.seconds", "5")),
        Integer.getInteger("pgraft.bench.repetitions", 3),
        Integer.getInteger("pgraft.bench.outages", 30),
        Arrays.stream(System.getProperty("pgraft.bench.parts", "").split(","))
            .filter(part -> !part.isBlank()).collect(Collectors.toUnmodifiableSet()),
        Arrays.stream(System.getProperty("pgraft.bench.settings", "").split(";"))
            .filter(setting -> !setting.isBlank()).map(setting -> setting.split("=", 2))
            .collect(Collectors.toUnmodifiableMap(setting -> setting[0], setting -> setting[1])));
  }
}
