package org.pgraft.command;

/** The limits of what one request may carry. Part of the wire form: every node of a cluster must have the same. */
public final class Limits {
  /** Longest key, in bytes: LMDB's own limit is 511, and the indexes need room. */
  public static final int KEY_BYTES_MAX = 480;

  /** Longest value, in bytes. */
  public static final int VALUE_BYTES_MAX = 1 << 20;

  /** Longest request, in bytes. */
  public static final int REQUEST_BYTES_MAX = 1_245_184;

  /** Longest response, in bytes. */
  public static final int RESPONSE_BYTES_MAX = 1_245_184;

  /** Longest batch, in bytes of its requests: one entry of the log. */
  public static final int BATCH_BYTES_MAX = 1_536_000;

  /** Longest result of a batch, in bytes: it is kept for repetitions and travels in one message. */
  public static final int BATCH_RESULT_BYTES_MAX = 2 << 20;

  /** Most members of a cluster: the status page has room for more, but every member costs every write an acknowledgement. */
  public static final int MEMBERS_MAX = 31;

  /** Most comparisons, and most operations per branch, in a transaction, as in etcd; plain puts are limited by bytes. */
  public static final int TXN_OPS_MAX = 128;

  /** Most puts in one request. */
  public static final int PUTS_MAX = 10_000;

  /** Most leases of keys at a time: the lease holder looks at each of them several times a second. */
  public static final int LEASES_MAX = 10_000;

  /** Most keys of one lease: they are deleted with one entry, and listed in one response. */
  public static final int LEASE_KEYS_MAX = 2_000;

  /** Shortest time to live of a lease, in milliseconds: less than a change of the leader takes would be lost with each. */
  public static final long LEASE_MILLIS_MIN = 1_000;

  /** Longest time to live of a lease, in milliseconds: 366 days. */
  public static final long LEASE_MILLIS_MAX = 366L * 24 * 60 * 60 * 1000;

  /** Most grants of keys: sessions keep all of them in memory and look through them. */
  public static final int GRANTS_MAX = 1_000;

  /** Longest name of a role, in bytes: PostgreSQL's own limit. */
  public static final int ROLE_BYTES_MAX = 63;

  private Limits() {}
}
