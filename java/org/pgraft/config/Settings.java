package org.pgraft.config;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/**
 * The settings of one node, typed and checked. What each means stands in {@code docs/configuration.md}. Immutable.
 *
 * @param clusterId name of the cluster
 * @param nodeId this node's id, from 1
 * @param name this node's name, may be empty
 * @param listenHost address the members' port is bound to
 * @param advertisedHost address at which the other members reach this node
 * @param port the members' port
 * @param initialMembers the first members; empty when the cluster is put together in SQL
 * @param pgdata PostgreSQL's data directory
 * @param dataDir the engine's directory
 * @param electionTimeoutMillis shortest time without a leader after which an election begins, milliseconds
 * @param heartbeatIntervalMillis time between two renewals of the lease, milliseconds; never more than a quarter of
 *     the election timeout
 * @param fsyncTimeoutMillis how long the log may take to reach the disk before the lease is given up, milliseconds
 * @param hangTimeoutMillis how long a duty of the engine may not be kept before the worker leaves, milliseconds
 * @param snapshotInterval entries between two snapshots
 * @param maxLogEntries entries kept in the log behind a snapshot
 * @param compactionThreshold revisions of history kept
 * @param compactionAgeMillis how long history is kept, milliseconds; 0 for as long as its number allows
 * @param maxStoreBytes the store's quota, bytes
 * @param maxProcesses how many processes PostgreSQL can have, each of which may read the store
 * @param tls what the members' TLS is made of
 * @param allowInsecure whether others than this machine may reach a members' port that takes connections without TLS
 * @param metrics the pages for Prometheus and load balancers
 * @param logLevel the least severe messages that go to the server's log
 */
public record Settings(
    String clusterId,
    int nodeId,
    String name,
    String listenHost,
    String advertisedHost,
    int port,
    List<ClusterMember> initialMembers,
    Path pgdata,
    Path dataDir,
    int electionTimeoutMillis,
    int heartbeatIntervalMillis,
    int fsyncTimeoutMillis,
    int hangTimeoutMillis,
    int snapshotInterval,
    int maxLogEntries,
    int compactionThreshold,
    long compactionAgeMillis,
    long maxStoreBytes,
    int maxProcesses,
    TlsSettings tls,
    boolean allowInsecure,
    MetricsSettings metrics,
    LogLevel logLevel) {

  private static final int HEARTBEATS_PER_ELECTION_TIMEOUT_MIN = 4;
  private static final int CLUSTER_ID_BYTES_MAX = 127;

  /**
   * Reads the settings.
   *
   * @param settings {@code name=value}, without the prefix {@code pgraft.}; times in milliseconds, sizes in bytes
   * @throws ConfigException when one cannot be used or two contradict each other
   */
  public static Settings parse(List<String> settings) throws ConfigException {
    final RawSettings raw = new RawSettings(settings);
    final List<ClusterMember> members = InitialCluster.parse(raw.text("initial_cluster", ""));
    final NodeAddress self = NodeAddress.of(raw, members);
    final int electionTimeout = raw.integer("election_timeout", 1000);
    final Path pgdata = Path.of(raw.text("pgdata", ""));
    final Settings parsed = new Settings(
        clusterId(raw.text("cluster_id", "pgraft")),
        self.nodeId(),
        self.name(),
        self.listenHost(),
        self.advertisedHost(),
        self.port(),
        members,
        pgdata,
        Path.of(raw.text("data_dir", "")),
        electionTimeout,
        heartbeat(raw, electionTimeout),
        raw.integer("fsync_timeout", 1000),
        raw.integer("hang_timeout", 10000),
        raw.integer("snapshot_interval", 10000),
        raw.integer("max_log_entries", 1000),
        raw.integer("compaction_threshold", 10000),
        raw.number("compaction_age", 0),
        raw.number("max_store_size", 2L << 30),
        raw.integer("max_processes", 256),
        TlsSettings.of(raw, pgdata),
        raw.on("allow_insecure"),
        MetricsSettings.of(raw, pgdata),
        LogLevel.parse(raw.text("log_level", "warning")));
    if (parsed.isInsecure() && !parsed.allowInsecure()) {
      throw new ConfigException(
          "the members' port would listen on " + parsed.listenHost() + " and take connections without TLS",
          "Set pgraft.tls_enabled to on, or, if nobody but the members can reach that port, pgraft.allow_insecure.");
    }
    return parsed;
  }

  /** Whether others than this machine can reach the members' port without showing a certificate. */
  public boolean isInsecure() {
    return tls.mode().acceptsPlain() && !isLoopback(listenHost);
  }

  /** Whether the other members are told an address at which this node does not listen, because it is a loopback one. */
  public boolean listensOnlyToItself() {
    return isLoopback(listenHost) && !isLoopback(advertisedHost);
  }

  /** An address at which this node reaches its own members' port. */
  public String ownHost() {
    return switch (listenHost) {
      case "0.0.0.0" -> "127.0.0.1";
      case "::" -> "::1";
      default -> listenHost;
    };
  }

  private static boolean isLoopback(String host) {
    return host.startsWith("127.") || host.equals("::1") || host.equalsIgnoreCase("localhost");
  }

  private static String clusterId(String text) throws ConfigException {
    if (text.isBlank() || text.getBytes(StandardCharsets.UTF_8).length > CLUSTER_ID_BYTES_MAX) {
      throw new ConfigException(
          "pgraft.cluster_id must have 1 to " + CLUSTER_ID_BYTES_MAX + " bytes", "Use the same name on all members.");
    }
    return text;
  }

  /** A leader that renews less often would lose its lease at the first answer that is late. */
  private static int heartbeat(RawSettings raw, int electionTimeout) throws ConfigException {
    return Math.min(raw.integer("heartbeat_interval", 200), electionTimeout / HEARTBEATS_PER_ELECTION_TIMEOUT_MIN);
  }
}
