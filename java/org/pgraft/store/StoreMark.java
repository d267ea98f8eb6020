package org.pgraft.store;

import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.Properties;

/**
 * The file {@code mark} beside the generations: which one is in use, and what is known of its pages.
 *
 * @param generation the generation in use
 * @param condition how it was left
 * @param machine where it was opened
 * @param bytes size of its file when it was closed, 0 before
 * @param checksum of its file when it was closed, {@link #NO_CHECKSUM} when none was computed
 */
record StoreMark(long generation, Condition condition, Machine machine, long bytes, long checksum) {
  static final long NO_CHECKSUM = -1;

  private static final String FILE = "mark";

  /** How a store was left. */
  enum Condition {
    /** It is in use, or its process ended without closing it. */
    OPEN,
    /** It was closed, and all of it is on stable storage. */
    CLEAN,
    /** An error was seen; it must not be used again. */
    FAILED
  }

  /** Reads the mark; empty when there is none, or none that can be read. */
  static Optional<StoreMark> read(Path root) throws IOException {
    final Path file = root.resolve(FILE);
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    final Properties found = new Properties();
    try {
      found.load(new StringReader(Files.readString(file)));
      return Optional.of(
          new StoreMark(
              Long.parseLong(found.getProperty("generation", "")),
              Condition.valueOf(found.getProperty("condition", "").toUpperCase(Locale.ROOT)),
              new Machine(found.getProperty("boot", ""), found.getProperty("mount", "")),
              Long.parseLong(found.getProperty("bytes", "")),
              Long.parseLong(found.getProperty("checksum", ""))));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  /** Makes that no store is trusted. */
  static void delete(Path root) throws IOException {
    Files.deleteIfExists(root.resolve(FILE));
  }

  /** Puts this mark in place of the one before, durably. */
  void write(Path root) throws IOException {
    Disk.replace(
        root.resolve(FILE),
        "generation=" + generation
            + "\ncondition=" + condition.name().toLowerCase(Locale.ROOT)
            + "\nboot=" + machine.boot()
            + "\nmount=" + machine.mount().replace("\\", "\\\\")
            + "\nbytes=" + bytes
            + "\nchecksum=" + checksum
            + "\n");
  }
}
