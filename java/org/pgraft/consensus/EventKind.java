package org.pgraft.consensus;

/**
 * What an operator wants to know happened, as far as the engine tells of it. The rest the worker itself tells, which outlives
 * the engine; {@code PgraftEventKind} in {@code native/shared.h} has all of them and the names under which users see them.
 */
public enum EventKind {
  /** There is no engine, and why. */
  ENGINE_FAILED(4),
  /** Another node leads the Raft group, or none does. */
  LEADER_CHANGED(5),
  /** This node holds the leadership lease. */
  LEASE_ACQUIRED(6),
  /** This node does not hold the lease any more, and did not give it back. */
  LEASE_LOST(7),
  /** This node gave the lease back. */
  LEASE_RELEASED(8),
  /** A node became a member. */
  MEMBER_ADDED(9),
  /** A node is no member any more. */
  MEMBER_REMOVED(10),
  /** A snapshot of this node's store is finished. */
  SNAPSHOT_TAKEN(11),
  /** A snapshot of the leader's has taken the place of this node's store. */
  SNAPSHOT_INSTALLED(12),
  /** This node's store could not be trusted and was made anew. */
  STORE_REBUILT(13),
  /** The certificates for the members' port were read anew. */
  CERTIFICATES_RELOADED(14),
  /** They were read anew and cannot be used; those of before stay. */
  CERTIFICATES_REFUSED(15);

  private final int code;

  EventKind(int code) {
    this.code = code;
  }

  /** Its number in shared memory. */
  public int code() {
    return code;
  }
}
