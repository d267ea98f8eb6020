package org.pgraft.chaos;

import java.util.List;
import java.util.regex.Pattern;

/** A server's log tells of nothing that a fault did not do: no failed assertion, no panic, no crash. */
final class LogChecker {
  private static final Pattern ALWAYS = Pattern.compile("TRAP:|PANIC:");
  private static final Pattern CRASH = Pattern.compile("was terminated by signal (4|6|7|8|11)\\b");

  private LogChecker() {}

  /**
   * Checks what a server has logged.
   *
   * @param crashes whether the fault itself ends processes by such a signal
   */
  static List<Violation> check(String node, String log, boolean crashes) {
    return log.lines()
        .filter(line -> ALWAYS.matcher(line).find() || !crashes && CRASH.matcher(line).find())
        .map(line -> new Violation("server log", node + ": " + line))
        .toList();
  }
}
