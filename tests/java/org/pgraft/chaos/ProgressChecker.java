package org.pgraft.chaos;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** While a worker lives, the term and the revision that its node tells never go back. */
final class ProgressChecker {
  private ProgressChecker() {}

  static List<Violation> check(List<Sample> samples) {
    List<Violation> violations = new ArrayList<>();
    Map<String, Sample> last = new HashMap<>();
    for (Sample sample : samples.stream().sorted(Comparator.comparingLong(Sample::at)).toList()) {
      Sample before = last.put(sample.node() + " " + sample.worker(), sample);
      if (before != null && (sample.term() < before.term() || sample.revision() < before.revision())) {
        violations.add(new Violation("progress", "a node went back from " + before + " to " + sample));
      }
    }
    return violations;
  }
}
