package org.pgraft.consensus;

import java.io.IOException;
import java.io.UncheckedIOException;
import org.apache.ratis.proto.RaftProtos.LogEntryProto;
import org.apache.ratis.server.protocol.TermIndex;
import org.apache.ratis.server.raftlog.RaftLog;
import org.apache.ratis.server.raftlog.segmented.LogSegment;
import org.apache.ratis.server.raftlog.segmented.LogSegmentPath;
import org.apache.ratis.server.storage.RaftStorage;
import org.apache.ratis.util.SizeInBytes;
import org.pgraft.store.Store;

/** The entries of a Raft log that a store has not applied, committed or not. */
@FunctionalInterface
interface LogTail {
  /** What may be around an entry in its segment. */
  int RECORD_BYTES_MORE = 64;

  /**
   * Applies them, in their order.
   *
   * @return how many there were
   * @throws IOException when the log cannot be read, or does not go on where the store ends
   */
  long applyTo(Store store) throws IOException;

  /** The tail of a log that is open. Its end is where it ends when it is read. */
  static LogTail of(RaftLog log) {
    return store -> {
      final long first = store.position().index() + 1;
      final TermIndex last = log.getLastEntryTermIndex();
      if (last == null) {
        return 0;
      }
      for (long index = first; index <= last.getIndex(); index++) {
        final LogEntryProto entry = log.get(index);
        if (entry == null) {
          throw changed();
        }
        apply(entry, store);
      }
      // If it is still there, so was every entry before it (Raft paper, section 5.3: log matching).
      if (!last.equals(log.getTermIndex(last.getIndex())) && last.getIndex() >= first) {
        throw changed();
      }
      return Math.max(0, last.getIndex() + 1 - first);
    };
  }

  /**
   * The tail of a log that is not open, and that nobody opens meanwhile.
   *
   * @param snapshot the last index in the latest snapshot, -1 when there is none
   */
  static LogTail of(RaftStorage storage, long snapshot) {
    return store -> {
      new LogSegments(DirectorySync.FSYNC).open(storage.getStorageDir().getCurrentDir().toPath(), snapshot);
      final long applied = store.position().index();
      // In their order; if they were not, the store would refuse the first entry that is not the next.
      for (LogSegmentPath segment : LogSegmentPath.getLogSegmentPaths(storage)) {
        LogSegment.readSegmentFile(
            segment.getPath().toFile(),
            segment.getStartEnd(),
            SizeInBytes.valueOf(RatisProperties.ENTRY_BYTES_MAX + RECORD_BYTES_MORE),
            storage.getLogCorruptionPolicy(),
            null,
            entry -> applyUnchecked(entry, store));
      }
      return store.position().index() - applied;
    };
  }

  private static IOException changed() {
    return new IOException("a leader has changed the log while it was read");
  }

  private static void applyUnchecked(LogEntryProto entry, Store store) {
    try {
      apply(entry, store);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void apply(LogEntryProto entry, Store store) throws IOException {
    if (entry.hasStateMachineLogEntry()) {
      store.apply(
          entry.getTerm(), entry.getIndex(), entry.getStateMachineLogEntry().getLogData().asReadOnlyByteBuffer());
    } else {
      store.advance(entry.getTerm(), entry.getIndex());
    }
  }
}
