package org.pgraft.consensus;

import java.util.concurrent.TimeUnit;
import org.apache.ratis.server.raftlog.RaftLog;

/**
 * Tells whether the log's fsync hangs: entries wait to be flushed and none was for longer than the limit. A leader whose
 * disk hangs must not keep its lease, although it still answers from memory.
 *
 * <p>Used by the lease thread alone.
 */
final class LogStall {
  private volatile long limitNanos;
  private long flushedSeen = Long.MIN_VALUE;
  private long sinceNanos;

  LogStall(long limitMillis) {
    setLimit(limitMillis);
  }

  void setLimit(long limitMillis) {
    limitNanos = TimeUnit.MILLISECONDS.toNanos(limitMillis);
  }

  /** Looks at the log now. */
  boolean stalled(RaftLog log, long nowNanos) {
    final long flushed = log.getFlushIndex();
    if (flushed >= log.getNextIndex() - 1 || flushed != flushedSeen) {
      flushedSeen = flushed;
      sinceNanos = nowNanos;
      return false;
    }
    return nowNanos - sinceNanos > limitNanos;
  }
}
