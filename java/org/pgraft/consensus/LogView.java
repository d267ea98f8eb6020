package org.pgraft.consensus;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.apache.ratis.proto.RaftProtos.LogEntryProto;
import org.apache.ratis.proto.RaftProtos.RaftPeerProto;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.raftlog.RaftLog;
import org.apache.ratis.server.raftlog.RaftLogIOException;
import org.pgraft.command.Batch;
import org.pgraft.command.Failure;
import org.pgraft.command.PgraftException;
import org.pgraft.command.Request;
import org.pgraft.command.Requests;
import org.pgraft.command.Responses;
import org.pgraft.command.SqlState;

/**
 * Reads entries of this node's log for inspection. Keys are shown, values are not; the data of {@code pgraft_log_append}
 * is shown, because it is what its caller wanted to see in the log.
 *
 * <p>Thread-safe, stateless. May read from disk, so it must not be called on Ratis' or gRPC's threads.
 */
final class LogView {
  /** Most entries in one answer. */
  static final int ENTRIES_MAX = 1000;

  private static final int LIST_BYTES_MAX = 1 << 20;

  private LogView() {}

  /** One entry, as the response to a log_get request. */
  static ByteBuffer entry(RaftServer.Division division, long index, long appliedIndex) {
    final RaftLog log = division.getRaftLog();
    final long first = log.getStartIndex();
    final long last = log.getNextIndex() - 1;
    if (index < first || index > last) {
      return Responses.error(outside(index, first, last));
    }
    try {
      final LogEntryProto entry = log.get(index);
      if (entry == null) {
        return Responses.error(outside(index, log.getStartIndex(), last));
      }
      final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      write(new DataOutputStream(bytes), entry, log.getLastCommittedIndex(), appliedIndex);
      return Responses.ok(ByteBuffer.wrap(bytes.toByteArray()));
    } catch (IOException e) {
      return Responses.error(unreadable(e));
    }
  }

  /** The entries from {@code from} on (0: from the first kept), as many as fit. */
  static ByteBuffer list(RaftServer.Division division, long from, int limit, long appliedIndex) {
    final RaftLog log = division.getRaftLog();
    final long first = Math.max(from, log.getStartIndex());
    final long end = Math.min(log.getNextIndex(), first + Math.min(limit, ENTRIES_MAX));
    try {
      final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      final DataOutputStream out = new DataOutputStream(bytes);
      int count = 0;
      for (long index = first; index < end && bytes.size() < LIST_BYTES_MAX / 2; index++) {
        final LogEntryProto entry = log.get(index);
        if (entry == null) {
          break;
        }
        write(out, entry, log.getLastCommittedIndex(), appliedIndex);
        count++;
      }
      final ByteBuffer body = ByteBuffer.allocate(2 + bytes.size());
      body.putShort((short) count).put(bytes.toByteArray());
      return Responses.ok(body.flip());
    } catch (RaftLogIOException e) {
      return Responses.error(unreadable(e));
    } catch (IOException e) {
      return Responses.error(unreadable(e));
    }
  }

  private static void write(DataOutputStream out, LogEntryProto entry, long committed, long applied)
      throws IOException {
    final Description description = describe(entry);
    out.writeLong(entry.getIndex());
    out.writeLong(entry.getTerm());
    out.writeByte(description.kind());
    out.writeLong(description.timeMillis());
    writeText(out, description.type());
    writeText(out, description.data());
    out.writeByte(entry.getIndex() <= committed ? 1 : 0);
    out.writeByte(entry.getIndex() <= applied ? 1 : 0);
  }

  private static void writeText(DataOutputStream out, String text) throws IOException {
    final byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    out.writeInt(utf8.length);
    out.write(utf8);
  }

  private record Description(int kind, long timeMillis, String type, String data) {}

  private static Description describe(LogEntryProto entry) {
    return switch (entry.getLogEntryBodyCase()) {
      case CONFIGURATIONENTRY -> new Description(2, 0, "configuration", peers(entry));
      case STATEMACHINELOGENTRY -> batch(entry.getStateMachineLogEntry().getLogData().asReadOnlyByteBuffer());
      default -> new Description(0, 0, "metadata", "");
    };
  }

  private static String peers(LogEntryProto entry) {
    final StringBuilder text = new StringBuilder();
    for (RaftPeerProto peer : entry.getConfigurationEntry().getPeersList()) {
      text.append(text.length() == 0 ? "" : ",")
          .append(peer.getId().toStringUtf8())
          .append('=')
          .append(peer.getAddress());
    }
    return text.toString();
  }

  private static Description batch(ByteBuffer data) {
    try {
      final Batch batch = Batch.decode(data);
      final List<ByteBuffer> requests = batch.requests();
      if (requests.size() == 1) {
        final Request request = Requests.decode(requests.get(0).duplicate());
        return new Description(1, batch.timeMillis(), request.type(), request.describe());
      }
      final StringBuilder text = new StringBuilder();
      for (ByteBuffer bytes : requests) {
        final Request request = Requests.decode(bytes.duplicate());
        text.append(text.length() == 0 ? "" : "; ").append(request.type()).append(' ').append(request.describe());
      }
      return new Description(1, batch.timeMillis(), "batch", text.toString());
    } catch (PgraftException e) {
      return new Description(1, 0, "unreadable", e.getMessage());
    }
  }

  private static Failure outside(long index, long first, long last) {
    return new Failure(
        SqlState.BAD_ARGUMENT,
        "log index " + index + " is not in this node's log",
        "The log holds the indexes " + first + " to " + last + ".",
        "Older entries are purged once a snapshot contains them.");
  }

  private static Failure unreadable(IOException e) {
    return new Failure(SqlState.CORRUPTION, "the log cannot be read", e.getMessage(), "Look into the server's log.");
  }
}
