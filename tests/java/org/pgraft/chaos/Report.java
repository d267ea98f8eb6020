package org.pgraft.chaos;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** What a run came to, for a reader. */
final class Report {
  private final Options options;
  private final String place;
  private final List<RoundResult> rounds = new ArrayList<>();
  private final Map<String, String> skipped = new LinkedHashMap<>();
  private final long begin = System.nanoTime();
  private List<String> missing = List.of();

  Report(Options options, String place) {
    this.options = options;
    this.place = place;
  }

  void add(RoundResult round) {
    rounds.add(round);
  }

  void skip(Fault fault, String why) {
    skipped.put(fault.name(), why);
  }

  /** The faults that the time did not suffice for. */
  void notReached(List<Fault> possible) {
    missing = possible.stream().map(Fault::name)
        .filter(name -> rounds.stream().noneMatch(round -> round.fault().equals(name))).toList();
  }

  boolean empty() {
    return rounds.isEmpty();
  }

  /** One line for each round that failed. */
  List<String> failures() {
    return rounds.stream().filter(RoundResult::failed).map(RoundResult::toString).toList();
  }

  /** All of it, in Markdown. */
  String text() {
    StringBuilder text = new StringBuilder("# Faults under load\n\n");
    text.append("Again: `").append(options.again()).append("`\n\n");
    line(text, "Seed %d, %d nodes (%s), %d s, %d rounds, %d of them failed.", options.seed(), options.nodes(), place,
        (System.nanoTime() - begin) / 1_000_000_000, rounds.size(), failures().size());
    line(text, "Operations: %d ok, %d failed (without effect), %d of unknown outcome.",
        count(Operation.Outcome.OK), count(Operation.Outcome.FAILED), count(Operation.Outcome.UNKNOWN));
    text.append('\n');
    table(text);
    text.append("\nBit: the fault was seen to happen. Recovery: from the end of the fault until a majority has accepted a"
        + " write each.\n");
    if (!missing.isEmpty()) {
      line(text, "\nThe time was over before these came: %s.", String.join(", ", missing));
    }
    skipped.forEach((fault, why) -> line(text, "\nSkipped: %s: %s", fault, why));
    for (RoundResult round : rounds) {
      if (round.failed()) {
        line(text, "\n## Seed %d, %s\n", options.seed(), round);
        round.violations().forEach(violation -> line(text, "```\n%s\n```", violation));
      }
    }
    text.append("\n## Rounds\n\n");
    rounds.forEach(round -> line(text, "- %s", round));
    return text.toString();
  }

  private void table(StringBuilder text) {
    text.append("| Fault | Rounds | Bit | Violations | Recovery, median (s) | Recovery, longest (s) |\n");
    text.append("|---|---|---|---|---|---|\n");
    rounds.stream().collect(Collectors.groupingBy(RoundResult::fault, TreeMap::new, Collectors.toList()))
        .forEach((fault, of) -> {
          double[] recoveries = of.stream().filter(round -> round.recovery().isPresent())
              .mapToDouble(round -> round.recovery().getAsDouble()).sorted().toArray();
          int count = recoveries.length;
          line(text, "| %s | %d | %d | %d | %s | %s |", fault, of.size(),
              of.stream().filter(RoundResult::bit).count(),
              of.stream().mapToInt(round -> round.violations().size()).sum(),
              count == 0 ? "none" : seconds((recoveries[(count - 1) / 2] + recoveries[count / 2]) / 2),
              count == 0 ? "none" : seconds(recoveries[count - 1]));
        });
  }

  private long count(Operation.Outcome outcome) {
    return rounds.stream().mapToLong(round -> round.history().count(outcome)).sum();
  }

  private static String seconds(double value) {
    return String.format(Locale.ROOT, "%.1f", value);
  }

  private static void line(StringBuilder text, String format, Object... arguments) {
    text.append(String.format(Locale.ROOT, format, arguments)).append('\n');
  }
}
