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
   * Whether a node that shows another directory, or another state of this one than the last, must not take part. The last
   * state is that of a directory that has taken part in the run known here, or in a later one. An older copy has not; nor has
   * a copy that took part beside it, or instead of it, because the numbers of runs are drawn. The same run may show itself
   * again and again. A removed node's directory must never come back, any other may take its place.
   */
  boolean forbids(ShownDirectory shown) {
    if (removed) {
      return directory.equals(shown.directory());
    }
    return !directory.equals(shown.directory())
        || run != shown.run() && run != shown.previous()
            && Incarnations.start(run) >= Incarnations.start(shown.previous());
  }
}
