package org.pgraft.consensus;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Tells a disk that is full or broken from other failures, and says what to do about it. The worker says the same before it
 * starts an engine (native/worker.c). Stateless.
 */
final class DiskError {
  private static final List<String> FULL = List.of("no space left on device", "disk quota exceeded");
  private static final List<String> BROKEN = List.of("input/output error", "read-only file system");

  private DiskError() {}

  /**
   * The failure in words, if the disk is the reason.
   *
   * @param thrown what was caught
   * @param directory the engine's directory
   */
  static Optional<EngineException> of(Throwable thrown, Path directory) {
    for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
      final String text = String.valueOf(cause.getMessage()).toLowerCase(Locale.ROOT);
      if (FULL.stream().anyMatch(text::contains)) {
        return Optional.of(
            new EngineException(
                "the file system of directory \"" + directory + "\" is full: " + cause.getMessage(),
                "Make room there. The node tries again by itself and takes part when there is space; nothing that was"
                    + " acknowledged is lost.",
                thrown));
      }
      if (BROKEN.stream().anyMatch(text::contains)) {
        return Optional.of(
            new EngineException(
                "the disk of directory \"" + directory + "\" fails: " + cause.getMessage(),
                "Is its file system full? Look for errors of the disk in the kernel's log. The node tries again by itself and takes part when the"
                    + " disk works; if it stays broken, replace the node.",
                thrown));
      }
    }
    return Optional.empty();
  }
}
