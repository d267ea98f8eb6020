package org.pgraft.consensus;

import java.util.random.RandomGenerator;

/**
 * The number under which one run of an engine writes: how often an engine has taken part with its directory, and below that a
 * few random bits. It grows from run to run, and two copies of one directory that take part do not write under the same
 * number, so neither is given the other's results, nor taken for the other. Stateless.
 */
final class Incarnations {
  private static final int RANDOM_BITS = 20;

  private Incarnations() {}

  /** A number for the run after the one given, which is 0 if there was none. */
  static long after(long run, RandomGenerator random) {
    return start(run) + 1 << RANDOM_BITS | random.nextInt(1 << RANDOM_BITS);
  }

  /** The count of starts in an incarnation. */
  static long start(long incarnation) {
    return incarnation >>> RANDOM_BITS;
  }
}
