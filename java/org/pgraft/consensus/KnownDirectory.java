package org.pgraft.consensus;

import java.util.UUID;

/**
 * A directory with which a node was seen.
 *
 * @param directory its id
 * @param run the number of the run that used it last, see {@link Incarnations}
 * @param removed whether the node was removed from the cluster since
 */
record KnownDirectory(UUID directory, long run, boolean removed) {
  KnownDirectory(UUID directory, long run) {
    this(directory, run, false);
  }

  /**
   * Whether a node that shows another directory, or an older state of this one, must not take part. The same run may show
   * itself again and again. A removed node's directory must never come back, any other may take its place.
   */
  boolean forbids(KnownDirectory shown) {
    if (removed) {
      return directory.equals(shown.directory);
    }
    return !directory.equals(shown.directory)
        || run != shown.run && Incarnations.start(run) >= Incarnations.start(shown.run);
  }
}
