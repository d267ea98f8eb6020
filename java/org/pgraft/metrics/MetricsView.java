package org.pgraft.metrics;

import java.util.List;

/**
 * What the metrics page tells of the engine at one instant. Figures that are not known are {@link Double#NaN}, which
 * Prometheus shows as such; nothing is guessed.
 *
 * @param term current Raft term
 * @param leaderId the node believed to lead, 0 when none is known
 * @param holdsLease whether this node holds the leadership lease now
 * @param leaseSeconds how long the lease still runs, 0 when it is not held
 * @param logEntries entries in the log
 * @param commitIndex highest committed index
 * @param appliedIndex highest index in the store
 * @param elections elections won since the start
 * @param leaseRounds rounds of lease questions sent since the start
 * @param requestsOk requests answered with a result since the start
 * @param requestsFailed requests answered with an error since the start
 * @param requestsUnknown requests whose outcome could not be told since the start
 * @param queued requests that wait to be sent
 * @param revision the store's revision
 * @param keys live keys
 * @param liveBytes live keys and values
 * @param storeBytes size of the store's file
 * @param quotaBytes the limit of the store
 * @param snapshots snapshots finished since the start
 * @param snapshotAgeSeconds age of the newest snapshot, NaN when there is none
 * @param certificateExpirySeconds when this node's certificate is out of date, in seconds since 1970, NaN without TLS
 * @param settingsRefused whether the last reload of the settings left out what could not be used
 * @param peers the other members, as the lease holder sees them
 */
public record MetricsView(
    double term,
    double leaderId,
    boolean holdsLease,
    double leaseSeconds,
    double logEntries,
    double commitIndex,
    double appliedIndex,
    double elections,
    double leaseRounds,
    double requestsOk,
    double requestsFailed,
    double requestsUnknown,
    double queued,
    double revision,
    double keys,
    double liveBytes,
    double storeBytes,
    double quotaBytes,
    double snapshots,
    double snapshotAgeSeconds,
    double certificateExpirySeconds,
    boolean settingsRefused,
    List<Peer> peers) {
  /**
   * Another member.
   *
   * @param nodeId its id
   * @param lagEntries entries that its log lacks
   * @param lastContactSeconds time since it last answered the lease holder
   * @param reachable 1, 0, or NaN
   */
  public record Peer(int nodeId, double lagEntries, double lastContactSeconds, double reachable) {}
}
