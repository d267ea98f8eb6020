package org.pgraft.consensus;

import java.util.List;

/**
 * What the engine knows of itself and of the cluster at one instant. Immutable; built from live state each time it is
 * asked for, and equal to its predecessor when nothing changed, so that an idle worker has nothing to publish.
 *
 * @param phase what the engine is doing
 * @param nodeId this node's id
 * @param clusterId the name of the cluster that this node is configured for
 * @param role this node's Raft role
 * @param term the current Raft term, 0 before the first
 * @param leaderId the node that this one believes to be the Raft leader, 0 when it knows of none
 * @param firstLogIndex index of the oldest entry still in the log
 * @param lastLogIndex index of the newest entry in the log, -1 when it is empty
 * @param lastLogTerm its term
 * @param commitIndex highest index known to be committed, -1 when none
 * @param appliedIndex highest index in the store, -1 when none
 * @param appliedTerm its term
 * @param snapshot the newest finished snapshot
 * @param store what the store counts
 * @param counters what this engine counted since it started
 * @param members the members of the configuration in force, with what is known of each
 * @param membersAsOfNanos when the lease holder took that stock, on this node's {@link BootClock}; 0 when it is unknown
 */
public record EngineStatus(
    Phase phase,
    int nodeId,
    String clusterId,
    Role role,
    long term,
    int leaderId,
    long firstLogIndex,
    long lastLogIndex,
    long lastLogTerm,
    long commitIndex,
    long appliedIndex,
    long appliedTerm,
    SnapshotStatus snapshot,
    StoreStatus store,
    Counters counters,
    List<MemberStatus> members,
    long membersAsOfNanos) {

  /** The status of an engine that has not put its parts together yet. */
  static EngineStatus starting(int nodeId, String clusterId, Phase phase) {
    return new EngineStatus(
        phase, nodeId, clusterId, Role.NONE, 0, 0, 0, -1, 0, -1, -1, 0, SnapshotStatus.NONE,
        StoreStatus.CLOSED, Counters.ZERO, List.of(), 0);
  }

  /** What the engine is doing. */
  public enum Phase {
    /** Not started, or still starting. */
    STARTING,
    /** Listening, but a member of no cluster: waits for pgraft_init() here or pgraft_add_node() elsewhere. */
    WAITING,
    /** A member that takes part. */
    RUNNING,
    /** Giving back the lease and closing. */
    STOPPING,
    /** Closed for good. */
    STOPPED
  }

  /** Raft's roles (Ongaro and Ousterhout, "In Search of an Understandable Consensus Algorithm", section 5.1). */
  public enum Role {
    /** No member of a group. */
    NONE,
    /** Follows a leader, or waits for one. */
    FOLLOWER,
    /** Asks for votes. */
    CANDIDATE,
    /** Was elected; acts as the leader only while it also holds the lease. */
    LEADER,
    /** Receives the log without a vote. */
    LEARNER
  }

  /**
   * The newest finished snapshot.
   *
   * @param index last log index contained, -1 when there is no snapshot
   * @param term its term
   * @param timeMillis when its file was finished, milliseconds of the Unix epoch; 0 when there is none
   */
  public record SnapshotStatus(long index, long term, long timeMillis) {
    /** No snapshot was taken or received yet. */
    public static final SnapshotStatus NONE = new SnapshotStatus(-1, 0, 0);
  }

  /**
   * What the store counts.
   *
   * @param generation number of the store directory in use, 0 when the store is closed
   * @param revision the store's revision, -1 when the store is closed
   * @param compactedRevision history at or below this revision is gone
   * @param keys live keys
   * @param keyBytes bytes of live keys and values
   * @param fileBytes size of the LMDB file
   * @param quotaBytes the replicated limit of the store's size
   */
  public record StoreStatus(
      long generation,
      long revision,
      long compactedRevision,
      long keys,
      long keyBytes,
      long fileBytes,
      long quotaBytes) {
    /** No store is open. */
    public static final StoreStatus CLOSED = new StoreStatus(0, -1, 0, 0, 0, 0, 0);

    public boolean isOpen() {
      return generation != 0;
    }
  }

  /**
   * Counts since the engine started.
   *
   * @param elections elections this node won since the engine started
   * @param requestsOk requests answered with a result
   * @param requestsFailed requests answered with an error that excludes an effect
   * @param requestsUnknown requests whose outcome could not be told
   * @param leaseRounds rounds of lease questions this node sent as a leader
   */
  public record Counters(
      long elections, long requestsOk, long requestsFailed, long requestsUnknown, long leaseRounds) {
    /** Nothing counted yet. */
    public static final Counters ZERO = new Counters(0, 0, 0, 0, 0);
  }

  /**
   * One member, as the lease holder sees it. Where a figure is unknown it is -1, and {@code reachable} is null.
   *
   * @param nodeId its id
   * @param name its name, empty when it never said one
   * @param host where it listens
   * @param port where it listens
   * @param voter whether it has a vote
   * @param reachable whether it answered the holder's last question
   * @param matchIndex highest index known to be in its log
   * @param nextIndex next index to be sent to it
   * @param lastContactMillis time since it last answered the holder
   * @param appliedIndex highest index in its store
   * @param storeBytes size of its store
   * @param term its term
   * @param uptimeMillis time since its engine started
   */
  public record MemberStatus(
      int nodeId,
      String name,
      String host,
      int port,
      boolean voter,
      Boolean reachable,
      long matchIndex,
      long nextIndex,
      long lastContactMillis,
      long appliedIndex,
      long storeBytes,
      long term,
      long uptimeMillis) {}
}
