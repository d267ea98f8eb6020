package org.pgraft.worker;

import java.util.List;
import org.pgraft.consensus.EngineStatus;
import org.pgraft.consensus.EngineStatus.MemberStatus;

/**
 * The page on which sessions and scripts read how this node is, and the members below it ({@code PgraftStatus} and {@code
 * PgraftMember} in {@code native/shared.h}). It is written under a number that is odd meanwhile.
 *
 * <p>The worker's main thread only.
 */
final class StatusPage {
  /** What {@code pgraft_get_worker_state()} says. */
  enum WorkerState {
    /** Not written from here: the worker does it. */
    STOPPED,
    /** The engine is starting. */
    INITIALIZING,
    /** Takes part in a cluster. */
    RUNNING,
    /** Giving back what it has. */
    STOPPING,
    /** No engine; the message says why. */
    ERROR,
    /** A member of no cluster yet. */
    WAITING
  }

  /** What the metrics page does. */
  enum MetricsState {
    /** Not wanted. */
    OFF,
    /** Serving. */
    SERVING,
    /** Wanted, but could not be started. */
    FAILED
  }

  private static final int SEQUENCE = 0;
  private static final int STATE = 2 * Long.BYTES;
  private static final int FIRST_FIGURE = 8 * Long.BYTES;
  private static final int METRICS_STATE = 32 * Long.BYTES;
  private static final int HEAP_USED = 33 * Long.BYTES;
  private static final int HEAP_MAX = 34 * Long.BYTES;
  private static final int MEMBERS_COUNT = 35 * Long.BYTES;
  private static final int MEMBERS_AS_OF = 36 * Long.BYTES;
  private static final int MESSAGE = 37 * Long.BYTES;
  private static final int MESSAGE_BYTES = 512;
  private static final int CLUSTER = MESSAGE + MESSAGE_BYTES;
  private static final int CLUSTER_BYTES = 128;
  private static final int METRICS_MESSAGE = CLUSTER + CLUSTER_BYTES;
  private static final int METRICS_MESSAGE_BYTES = 256;

  private static final int MEMBERS_MAX = 32;
  private static final int MEMBER_BYTES = 392;
  private static final int MEMBER_FIGURES = 16;
  private static final int MEMBER_HOST = 72;
  private static final int MEMBER_HOST_BYTES = 256;
  private static final int MEMBER_NAME = MEMBER_HOST + MEMBER_HOST_BYTES;
  private static final int MEMBER_NAME_BYTES = 64;

  private final SharedMemory memory;
  private final int page;
  private final int members;

  StatusPage(SharedMemory memory, SharedLayout layout) {
    this.memory = memory;
    this.page = layout.status();
    this.members = layout.members();
  }

  /** Shows what the worker does, and why. */
  void state(WorkerState state, String message) {
    change(
        () -> {
          memory.writeText(page + MESSAGE, MESSAGE_BYTES, message);
          memory.write(page + STATE, state.ordinal());
        });
  }

  /** Shows what the metrics page does, and why. */
  void metrics(MetricsState state, String message) {
    change(
        () -> {
          memory.writeText(page + METRICS_MESSAGE, METRICS_MESSAGE_BYTES, message);
          memory.write(page + METRICS_STATE, state.ordinal());
        });
  }

  /** Shows the engine's figures and the members. */
  void figures(EngineStatus status) {
    change(
        () -> {
          writeFigures(status);
          writeMembers(status.members(), status.membersAsOfNanos());
        });
  }

  /** Shows the memory in use; not worth a sequence number of its own. */
  void heap(long used, long max) {
    memory.write(page + HEAP_USED, used);
    memory.write(page + HEAP_MAX, max);
  }

  private void change(Runnable writing) {
    final long sequence = memory.read(page + SEQUENCE);
    memory.writeAndFence(page + SEQUENCE, sequence + 1);
    writing.run();
    memory.writeAndFence(page + SEQUENCE, sequence + 2);
  }

  private void writeFigures(EngineStatus status) {
    final EngineStatus.SnapshotStatus snapshot = status.snapshot();
    final EngineStatus.StoreStatus store = status.store();
    final EngineStatus.Counters counters = status.counters();
    final long[] figures = {
      status.nodeId(),
      status.role().ordinal(),
      status.term(),
      status.leaderId(),
      status.lastLogIndex(),
      status.lastLogTerm(),
      status.firstLogIndex(),
      status.commitIndex(),
      status.appliedIndex(),
      status.appliedTerm(),
      store.revision(),
      store.compactedRevision(),
      snapshot.index(),
      snapshot.term(),
      snapshot.timeMillis(),
      counters.elections(),
      counters.requestsOk(),
      counters.requestsFailed(),
      counters.requestsUnknown(),
      counters.leaseRounds(),
      store.keys(),
      store.keyBytes(),
      store.fileBytes(),
      store.quotaBytes()
    };
    writeAll(page + FIRST_FIGURE, figures);
    memory.writeText(page + CLUSTER, CLUSTER_BYTES, status.clusterId());
  }

  private void writeMembers(List<MemberStatus> all, long asOf) {
    final int count = Math.min(all.size(), MEMBERS_MAX);
    for (int i = 0; i < count; i++) {
      writeMember(members + i * MEMBER_BYTES, all.get(i));
    }
    memory.write(page + MEMBERS_COUNT, count);
    memory.write(page + MEMBERS_AS_OF, asOf);
  }

  private void writeMember(int at, MemberStatus member) {
    final Boolean reachable = member.reachable();
    memory.writeInt(at, member.nodeId());
    memory.writeInt(at + 4, member.port());
    memory.writeInt(at + 8, member.voter() ? 1 : 0);
    memory.writeInt(at + 12, reachable == null ? -1 : reachable ? 1 : 0);
    writeAll(
        at + MEMBER_FIGURES,
        new long[] {
          member.matchIndex(),
          member.nextIndex(),
          member.lastContactMillis(),
          member.appliedIndex(),
          member.storeBytes(),
          member.term(),
          member.uptimeMillis()
        });
    memory.writeText(at + MEMBER_HOST, MEMBER_HOST_BYTES, member.host());
    memory.writeText(at + MEMBER_NAME, MEMBER_NAME_BYTES, member.name());
  }

  private void writeAll(int at, long[] figures) {
    for (int i = 0; i < figures.length; i++) {
      memory.write(at + i * Long.BYTES, figures[i]);
    }
  }
}
