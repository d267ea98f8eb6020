package org.pgraft.cluster;

import java.time.Instant;
import java.util.Optional;

/**
 * The name of a process that owns servers, directories or containers of a test: its pid and the second it
 * started. What is found under a name whose process is gone was left behind by a crash and may be removed;
 * what a concurrent run owns is left alone.
 */
final class Owner {
  private Owner() {}

  /** The name of this process: digits, a hyphen, digits. */
  static String self() {
    ProcessHandle self = ProcessHandle.current();
    return self.pid() + "-" + started(self);
  }

  /** Whether the process of that name still runs on this machine; true for what is not such a name. */
  static boolean alive(String name) {
    if (!name.matches("\\d{1,10}-\\d{1,12}")) {
      return true;
    }
    String[] parts = name.split("-");
    Optional<ProcessHandle> process = ProcessHandle.of(Long.parseLong(parts[0]));
    // the start is computed from the time since boot, so that two readings may differ a little
    return process.isPresent() && Math.abs(started(process.get()) - Long.parseLong(parts[1])) <= 2;
  }

  private static long started(ProcessHandle process) {
    return process.info().startInstant().map(Instant::getEpochSecond).orElse(0L);
  }
}
