package org.pgraft.consensus;

import java.util.random.RandomGenerator;

/**
 * The number under which one run of an engine writes: its directory's count of starts, and below that a few random bits.
 * It grows from start to start, and two copies of one directory that are started side by side do not write under the
 * same number, so neither is given the other's results. Stateless.
 */
final class Incarnations {
  private static final int RANDOM_BITS = 20;

  private Incarnations() {}

  static long draw(long start, RandomGenerator random) {
    return start << RANDOM_BITS | random.nextInt(1 << RANDOM_BITS);
  }

  /** The count of starts in an incarnation. */
  static long start(long incarnation) {
    return incarnation >>> RANDOM_BITS;
  }
}
