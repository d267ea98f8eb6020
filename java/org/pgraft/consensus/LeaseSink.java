package org.pgraft.consensus;

/**
 * Where the leadership lease is published for everybody who must obey it: in the server, the lease word in shared
 * memory that every backend reads.
 *
 * <p>Called from one thread at a time (the callers hold the lock of {@link LeaseKeeper}); implementations must make
 * each call visible to other processes before they return and must not block.
 */
public interface LeaseSink {
  /** Why an interval ended: it was taken back at once because its ground was gone. */
  int CLEARED = 1;

  /** Why an interval ended: the holder gave it back through the log. */
  int RELEASED = 2;

  /**
   * Extends the lease of {@code term}, or begins it. Never moves an expiry backwards within one term.
   *
   * @param term the Raft term in which this node was elected
   * @param expiryNanos the instant on {@link BootClock} at which the lease is over
   */
  void publish(long term, long expiryNanos);

  /**
   * Names the store that reads under the lease may use. Called before this node can hold a lease for what that store holds,
   * and by one thread at a time, which need not be the one of the other methods.
   *
   * @param generation the store's number, 0 when none is open
   */
  void storeIs(long generation);

  /**
   * Ends the lease now; does nothing when none is published.
   *
   * @param endedHow {@link #CLEARED} or {@link #RELEASED}
   */
  void clear(int endedHow);
}
