package org.pgraft.consensus;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.ratis.RaftConfigKeys;
import org.apache.ratis.conf.RaftProperties;
import org.apache.ratis.grpc.GrpcConfigKeys;
import org.apache.ratis.server.RaftServerConfigKeys;
import org.apache.ratis.util.SizeInBytes;
import org.apache.ratis.util.TimeDuration;
import org.pgraft.command.Limits;

/**
 * Every property of Ratis on which pgraft has an opinion, in one place. Nearly all of its defaults are made for large
 * servers of their own; here a worker inside a database keeps a small log of small entries.
 *
 * <p>Stateless.
 */
final class RatisProperties {
  /** An entry carries one batch; larger than any batch, so that an entry never fails for its size. */
  static final int ENTRY_BYTES_MAX = 2 << 20;

  /** A gRPC message: an entry and what is around it, or a chunk of a snapshot. */
  static final int MESSAGE_BYTES_MAX = 4 << 20;

  /**
   * A newcomer that catches up may be silent for so long, while it opens the store of a snapshot for instance; then its
   * addition ends.
   */
  static final int CATCH_UP_SILENCE_MILLIS = 10_000;

  /** A newcomer has caught up when it lacks fewer entries: as few as are under way at any moment of a busy cluster. */
  private static final int CATCH_UP_GAP = 100;

  private static final int SNAPSHOT_CHUNK_BYTES = 1 << 20;
  private static final int SNAPSHOT_CHUNKS_IN_FLIGHT = 2;
  private static final int SNAPSHOT_CHUNK_MILLIS = 2500;
  private static final String APPENDER_RETRIES = "1ms,10, 250ms,1000000000";
  private static final int SEGMENT_BYTES = 4 << 20;
  private static final int PREALLOCATED_BYTES = 64 << 10;
  private static final int CACHED_BYTES = 4 << 20;
  private static final int QUEUE_BYTES = 8 << 20;
  private static final int FLOW_CONTROL_BYTES = 1 << 20;
  private static final double ELECTION_TIMEOUT_SPREAD = 1.3;

  static {
    if (Limits.BATCH_BYTES_MAX + (64 << 10) > ENTRY_BYTES_MAX) {
      throw new ExceptionInInitializerError("a batch would not fit into a log entry");
    }
  }

  private RatisProperties() {}

  /**
   * The properties of a server.
   *
   * @param storage where log and votes are kept
   * @param host address to listen on
   * @param port port to listen on, 1 to 65535
   * @param electionTimeoutMillis shortest time without a leader after which an election begins
   * @param keptEntries entries kept in the log behind a snapshot, for followers that lag a little
   */
  static RaftProperties of(
      Path storage, String host, int port, long electionTimeoutMillis, long keptEntries) {
    final RaftProperties properties = new RaftProperties();
    RaftConfigKeys.Rpc.setType(properties, new MembersRpcType());
    RaftServerConfigKeys.setStorageDir(properties, List.of(storage.toFile()));
    RaftServerConfigKeys.setStorageFreeSpaceMin(properties, SizeInBytes.valueOf(0));
    transport(properties, host, port);
    elections(properties, electionTimeoutMillis);
    log(properties, keptEntries);
    threads(properties);
    return properties;
  }

  private static void transport(RaftProperties properties, String host, int port) {
    GrpcConfigKeys.Server.setHost(properties, host);
    GrpcConfigKeys.Server.setPort(properties, port);
    GrpcConfigKeys.setMessageSizeMax(properties, SizeInBytes.valueOf(MESSAGE_BYTES_MAX));
    GrpcConfigKeys.setFlowControlWindow(properties, SizeInBytes.valueOf(FLOW_CONTROL_BYTES));
    GrpcConfigKeys.Server.setHeartbeatChannel(properties, true);
    // A snapshot to a member that went away holds its appender up for the product of these two.
    GrpcConfigKeys.Server.setInstallSnapshotRequestElementLimit(properties, SNAPSHOT_CHUNKS_IN_FLIGHT);
    GrpcConfigKeys.Server.setInstallSnapshotRequestTimeout(
        properties, TimeDuration.valueOf(SNAPSHOT_CHUNK_MILLIS, TimeUnit.MILLISECONDS));
    // Ratis would try a member that is away for long only every 5 s.
    RaftServerConfigKeys.Log.Appender.setRetryPolicy(properties, APPENDER_RETRIES);
  }

  private static void elections(RaftProperties properties, long timeoutMillis) {
    final TimeDuration min = TimeDuration.valueOf(timeoutMillis, TimeUnit.MILLISECONDS);
    final TimeDuration max =
        TimeDuration.valueOf((long) (timeoutMillis * ELECTION_TIMEOUT_SPREAD), TimeUnit.MILLISECONDS);
    RaftServerConfigKeys.Rpc.setTimeoutMin(properties, min);
    RaftServerConfigKeys.Rpc.setTimeoutMax(properties, max);
    RaftServerConfigKeys.Rpc.setFirstElectionTimeoutMin(properties, min);
    RaftServerConfigKeys.Rpc.setFirstElectionTimeoutMax(properties, max);
    RaftServerConfigKeys.LeaderElection.setPreVote(properties, true);
    RaftServerConfigKeys.LeaderElection.setLeaderStepDownWaitTime(properties, max.multiply(3));
    RaftServerConfigKeys.setStagingCatchupGap(properties, CATCH_UP_GAP);
    RaftServerConfigKeys.setStagingTimeout(
        properties, TimeDuration.valueOf(CATCH_UP_SILENCE_MILLIS, TimeUnit.MILLISECONDS));
    // A process that was frozen for long must come back by itself.
    RaftServerConfigKeys.setCloseThreshold(properties, TimeDuration.valueOf(1, TimeUnit.DAYS));
    // pgraft answers reads under its own lease; Ratis' lease and read index are not linearizable.
    RaftServerConfigKeys.Read.setLeaderLeaseEnabled(properties, false);
    // Repetitions are recognised by the store, so the cache in memory need not keep results for long.
    RaftServerConfigKeys.RetryCache.setExpiryTime(properties, TimeDuration.valueOf(5, TimeUnit.SECONDS));
  }

  private static void log(RaftProperties properties, long keptEntries) {
    RaftServerConfigKeys.Log.setSegmentSizeMax(properties, SizeInBytes.valueOf(SEGMENT_BYTES));
    RaftServerConfigKeys.Log.setPreallocatedSize(properties, SizeInBytes.valueOf(PREALLOCATED_BYTES));
    RaftServerConfigKeys.Log.setSegmentCacheNumMax(properties, 2);
    RaftServerConfigKeys.Log.setSegmentCacheSizeMax(properties, SizeInBytes.valueOf(CACHED_BYTES));
    RaftServerConfigKeys.Log.setWriteBufferSize(properties, SizeInBytes.valueOf(ENTRY_BYTES_MAX + 8));
    RaftServerConfigKeys.Log.setQueueByteLimit(properties, SizeInBytes.valueOf(QUEUE_BYTES));
    RaftServerConfigKeys.Log.Appender.setBufferByteLimit(properties, SizeInBytes.valueOf(ENTRY_BYTES_MAX));
    RaftServerConfigKeys.Log.Appender.setSnapshotChunkSizeMax(properties, SizeInBytes.valueOf(SNAPSHOT_CHUNK_BYTES));
    RaftServerConfigKeys.Log.Appender.setInstallSnapshotEnabled(properties, true);
    // Ratis would let a message to a follower wait until one millisecond after the last.
    RaftServerConfigKeys.Log.Appender.setWaitTimeMin(properties, TimeDuration.ZERO);
    RaftServerConfigKeys.Write.setByteLimit(properties, SizeInBytes.valueOf(QUEUE_BYTES));
    // Ratis would chain a follower's appends, and after one that failed every later one would fail, for ever.
    RaftServerConfigKeys.Log.setAppendEntriesComposeEnabled(properties, false);
    // Each advance of the commit index would be an entry, and an fsync, of its own.
    RaftServerConfigKeys.Log.setLogMetadataEnabled(properties, false);
    // A member that is down must not keep the log from being purged: it catches up by snapshot.
    RaftServerConfigKeys.Log.setPurgeUptoSnapshotIndex(properties, true);
    RaftServerConfigKeys.Log.setPurgePreservationLogNum(properties, keptEntries);
    RaftServerConfigKeys.Log.setPurgeGap(properties, 1);
    // The state machine decides when a snapshot is due, and then tells Ratis of it.
    RaftServerConfigKeys.Snapshot.setAutoTriggerEnabled(properties, false);
    RaftServerConfigKeys.Snapshot.setCreationGap(properties, 1);
    RaftServerConfigKeys.Snapshot.setRetentionFileNum(properties, 2);
  }

  private static void threads(RaftProperties properties) {
    RaftServerConfigKeys.ThreadPool.setClientSize(properties, 2);
    RaftServerConfigKeys.ThreadPool.setServerSize(properties, 4);
    RaftServerConfigKeys.ThreadPool.setProxySize(properties, 2);
    GrpcConfigKeys.Server.setAsyncRequestThreadPoolSize(properties, 2);
    GrpcConfigKeys.Server.setBossGroupSize(properties, 1);
    GrpcConfigKeys.Server.setWorkerGroupSize(properties, 1);
  }
}
