package org.pgraft.command;

/**
 * Which kinds of log entries a node knows. Each node registers its own level; what a level brings is refused as long as a
 * member has not reached it, so that no entry means different things on two nodes. Stateless.
 */
public final class FeatureLevel {
  /** The keys, their history, members and the leadership lease: version 1.0. */
  public static final int FIRST = 1;

  /** Leases of keys, and grants on keys: version 1.1. */
  public static final int LEASES_AND_GRANTS = 2;

  /** The level of this program. */
  public static final int CURRENT = LEASES_AND_GRANTS;

  private FeatureLevel() {}
}
