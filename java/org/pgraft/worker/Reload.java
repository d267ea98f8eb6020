package org.pgraft.worker;

import java.util.LinkedHashSet;
import java.util.Set;
import org.pgraft.config.ConfigException;

/**
 * One reload of the settings, part by part, and what of it was refused: what is wrong with one part keeps the others from
 * nothing. Two parts that fail for one reason, such as a certificate that serves for both, give it once.
 *
 * <p>The worker's main thread only.
 */
final class Reload {
  /** A part of the settings. */
  @FunctionalInterface
  interface Part {
    /** @throws ConfigException when it cannot be used; what was in use before then stays in use */
    void takeOver() throws ConfigException;
  }

  private final Set<String> reasons = new LinkedHashSet<>();

  void takeOver(Part part) {
    try {
      part.takeOver();
    } catch (ConfigException e) {
      reasons.add(e.getMessage() + ". " + e.hint());
    }
  }

  /** What was refused, and why; empty when all was taken over. */
  String refused() {
    return reasons.isEmpty() ? "" : "not all settings were taken over: " + String.join(" ", reasons);
  }
}
