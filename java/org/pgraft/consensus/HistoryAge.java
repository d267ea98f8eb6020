package org.pgraft.consensus;

import java.util.ArrayDeque;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;

/**
 * Remembers which revision was the newest at which time, to tell which states are older than an age (etcd's periodic
 * compaction does the same). What was before the first note counts as old as that.
 *
 * <p>Not thread-safe.
 */
final class HistoryAge {
  /** Notes per age; history lives longer than it should by one such part. */
  private static final int NOTES = 10;

  /**
   * @param nanos when
   * @param revision the newest revision then
   */
  private record Note(long nanos, long revision) {}

  private final ArrayDeque<Note> notes = new ArrayDeque<>();

  /** Forgets all: this node does not look any more. */
  void forget() {
    notes.clear();
  }

  /**
   * Notes the present revision.
   *
   * @param ageMillis how long the states of the past shall be readable
   * @return the oldest revision that has to stay readable, once that is known
   */
  OptionalLong oldestNeeded(long now, long revision, long ageMillis) {
    final long age = TimeUnit.MILLISECONDS.toNanos(ageMillis);
    if (notes.isEmpty() || now - notes.peekLast().nanos() >= age / NOTES) {
      notes.addLast(new Note(now, revision));
    }
    OptionalLong oldest = OptionalLong.empty();
    while (!notes.isEmpty() && now - notes.peekFirst().nanos() >= age) {
      oldest = OptionalLong.of(notes.removeFirst().revision());
    }
    return oldest;
  }
}
