package org.pgraft.store;

/**
 * A position in the Raft log.
 *
 * @param term the entry's term, 0 for {@link #NONE}
 * @param index the entry's index, from 0; -1 for {@link #NONE}
 */
public record LogPosition(long term, long index) {
  /** Before the first entry. */
  public static final LogPosition NONE = new LogPosition(0, -1);
}
