package org.pgraft.config;

import java.util.Locale;

/** How severe a message of the engine must be to go to the server's log; the order is that of severity. */
public enum LogLevel {
  /** Everything. */
  DEBUG,
  /** What an operator may want to know: elections, changes of the membership, snapshots. */
  INFO,
  /** What may need attention. */
  WARNING,
  /** What keeps the engine from working. */
  ERROR;

  static LogLevel parse(String text) throws ConfigException {
    for (LogLevel level : values()) {
      if (level.name().toLowerCase(Locale.ROOT).equals(text)) {
        return level;
      }
    }
    throw new ConfigException("pgraft.log_level has no value \"" + text + "\"", "Use debug, info, warning or error.");
  }
}
