package org.pgraft.consensus;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * Notices that Ratis cannot write its term or its vote: it then gives up that election, tells nobody and never begins
 * another, so that the node would be there without taking part.
 *
 * <p>{@link #look} is called now and then by one thread, from when the group is open.
 */
final class TermWatch {
  /** A disk may be slow; after so many looks it is not that. */
  private static final int LOOKS_BEHIND_MAX = 10;

  private final DurableVotes votes;
  private final LongSupplier currentTerm;
  private final Path directory;
  private int looksBehind;

  /**
   * @param currentTerm the term in memory, 0 when no group is open
   * @param directory the engine's directory, for messages
   */
  TermWatch(DurableVotes votes, LongSupplier currentTerm, Path directory) {
    this.votes = votes;
    this.currentTerm = currentTerm;
    this.directory = directory;
  }

  /** Why the node cannot go on: its term is not there, or cannot be read, for many looks. */
  Optional<EngineException> look() {
    final long term = currentTerm.getAsLong();
    if (term == 0) {
      return Optional.empty();
    }
    IOException unreadable = null;
    boolean behind;
    try {
      behind = votes.keptTerm() < term;
    } catch (IOException e) {
      behind = true;
      unreadable = e;
    }
    looksBehind = behind ? looksBehind + 1 : 0;
    return looksBehind > LOOKS_BEHIND_MAX ? Optional.of(failure(term, unreadable)) : Optional.empty();
  }

  private EngineException failure(long term, IOException unreadable) {
    return unreadable == null
        ? unwritten(term, null)
        : DiskError.of(unreadable, directory).orElseGet(() -> unwritten(term, unreadable));
  }

  private EngineException unwritten(long term, IOException cause) {
    return new EngineException(
        "term " + term + " could not be written to directory \"" + directory + "\"",
        "Is its file system full, or does its disk fail? The node tries again by itself and takes part when it can write.",
        cause);
  }
}
