package org.pgraft.store;

import java.nio.ByteBuffer;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import org.lmdbjava.Cursor;
import org.lmdbjava.Dbi;
import org.lmdbjava.Txn;
import org.pgraft.command.Failure;
import org.pgraft.command.FeatureLevel;
import org.pgraft.command.PgraftException;
import org.pgraft.command.Request;
import org.pgraft.command.SqlState;
import org.pgraft.command.WireReader;
import org.pgraft.command.WireWriter;

/**
 * What is known of each node that ever took part, and the decision whether a node that starts may: it must come with its
 * own directory, in the newest state of it, and not have been removed.
 *
 * <p>Table "member": node (4) to node (4), directory (16), run (8), host, port (4), name, feature level (4), removed (1),
 * retired run (8).
 *
 * <p>Not thread-safe; apply thread only.
 */
final class MemberTable {
  private final Dbi<ByteBuffer> table;
  private final TreeMap<Integer, MemberRecord> members = new TreeMap<>();
  private final ByteBuffer key = ByteBuffer.allocateDirect(Integer.BYTES);
  private List<MemberRecord> all = List.of();

  MemberTable(Dbi<ByteBuffer> table) {
    this.table = table;
  }

  void load(Txn<ByteBuffer> txn) {
    try (Cursor<ByteBuffer> cursor = table.openCursor(txn)) {
      for (boolean found = cursor.first(); found; found = cursor.next()) {
        final MemberRecord member = read(cursor.val());
        members.put(member.node(), member);
      }
    }
    all = List.copyOf(members.values());
  }

  /** All of them, in the order of their ids. Immutable. */
  List<MemberRecord> all() {
    return all;
  }

  /**
   * To be called before anything enters the state that version 1.0 does not know, see {@link Counters#useLayout}.
   *
   * @param what what would enter it
   * @param levelUsed the feature level of what the state holds already; a member that knows less is no hindrance then, but
   *     shut out ({@link #start})
   * @throws PgraftException when a member is of such a version
   */
  void requireNewest(String what, int levelUsed) throws PgraftException {
    final Optional<MemberRecord> oldest = oldest();
    if (levelUsed < FeatureLevel.LEASES_AND_GRANTS
        && oldest.isPresent() && oldest.get().featureLevel() < FeatureLevel.LEASES_AND_GRANTS) {
      throw new PgraftException(
          new Failure(
              SqlState.NOT_SUPPORTED,
              "not every member of the cluster knows " + what,
              "Node " + oldest.get().node() + " runs a version of pgraft without them.",
              "Install the same version on every node and restart them one after the other."));
    }
  }

  /** The member that knows the least, of those that registered and were not removed; empty when there is none. */
  private Optional<MemberRecord> oldest() {
    return all.stream()
        .filter(member -> !member.removed())
        .min(Comparator.comparingInt(MemberRecord::featureLevel));
  }

  /**
   * Whether batches of a run must not be carried out any more, because its node was removed meanwhile. Afterwards the node
   * may come back with a new directory, whose runs are numbered from the start.
   */
  boolean retired(int node, long start) {
    final MemberRecord known = members.get(node);
    return known != null && (start == known.retiredStart() || known.removed() && start == known.start());
  }

  /**
   * Enters the start of a node. Its address is that of its first entry, because its id belongs to that for good.
   *
   * <p>A program that knows less than what the state holds may have passed over entries before it was refused. So it is
   * entered with its level, and its directory is refused from then on, also when a newer program comes with it.
   *
   * @param levelUsed the feature level of what the state holds already
   * @throws PgraftException when it must not take part
   */
  void start(Txn<ByteBuffer> txn, Request.NodeStart request, int levelUsed) throws PgraftException {
    final MemberRecord known = members.get(request.node());
    final boolean tooOld = request.featureLevel() < levelUsed;
    if (tooOld && (known == null || known.removed())) {
      throw tooOld(request.node());
    }
    long retired = MemberRecord.NO_START;
    if (known != null) {
      check(known, request);
      retired = known.removed() ? known.start() : known.retiredStart();
      if (!known.removed() && known.featureLevel() < levelUsed) {
        throw refused(
            "node " + request.node() + " was started with a version of pgraft that is too old for this cluster, and its store may"
                + " lack what that version does not know",
            "Remove the node, and add it again with an empty pgraft directory.");
      }
    }
    write(
        txn,
        new MemberRecord(
            request.node(),
            request.directory(),
            request.start(),
            known == null ? request.host() : known.host(),
            known == null ? request.port() : known.port(),
            request.name(),
            request.featureLevel(),
            false,
            retired));
    if (tooOld) {
      throw tooOld(request.node());
    }
  }

  private static PgraftException tooOld(int node) {
    return refused(
        "node " + node + " runs a version of pgraft that is too old for this cluster",
        "The cluster uses what came with a later version, which this node's store may now lack. Remove the node, install the"
            + " version that the other members run, and add it again with an empty pgraft directory.");
  }

  private static void check(MemberRecord known, Request.NodeStart request) throws PgraftException {
    final boolean same = known.directory().equals(request.directory());
    if (known.removed()) {
      if (same) {
        throw refused(
            "node " + known.node() + " was removed from the cluster",
            "To add it again, give it an empty pgraft directory and run pgraft_add_node() on a member.");
      }
      return;
    }
    if (!same) {
      throw refused(
          "the cluster knows node " + known.node() + " with another directory",
          "Put the node's own directory back. If it is lost, run pgraft_remove_node(" + known.node()
              + ") on another member and add the node again.");
    }
    if (request.start() == known.start()) {
      // The same start once more: its answer was lost.
      return;
    }
    if (request.previous() != known.start()
        && Request.NodeStart.count(request.previous()) <= Request.NodeStart.count(known.start())) {
      throw refused(
          "the directory of node " + known.node() + " is not in the state in which the node took part last, but an old copy:"
              + " the cluster knows start " + Request.NodeStart.count(known.start()) + ", the directory's last is "
              + Request.NodeStart.count(request.previous()),
          "Put the newest directory back. If it is lost, run pgraft_remove_node(" + known.node()
              + ") on another member and add the node again.");
    }
  }

  private static PgraftException refused(String message, String hint) {
    return new PgraftException(new Failure(SqlState.WRONG_STATE, message, "", hint));
  }

  /** Enters that a node was removed, also one that never started: who repeats the removal must find that it was one. */
  void remove(Txn<ByteBuffer> txn, Request.NodeRemoved request) {
    final MemberRecord known = members.get(request.node());
    if (known == null) {
      write(
          txn,
          new MemberRecord(
              request.node(),
              MemberRecord.NO_DIRECTORY,
              MemberRecord.NO_START,
              request.host(),
              request.port(),
              "",
              0,
              true,
              MemberRecord.NO_START));
    } else if (!known.removed()) {
      write(
          txn,
          new MemberRecord(
              known.node(),
              known.directory(),
              known.start(),
              known.host(),
              known.port(),
              known.name(),
              known.featureLevel(),
              true,
              known.retiredStart()));
    }
  }

  private void write(Txn<ByteBuffer> txn, MemberRecord member) {
    final ByteBuffer bytes =
        new WireWriter()
            .i32(member.node())
            .i64(member.directory().getMostSignificantBits())
            .i64(member.directory().getLeastSignificantBits())
            .i64(member.start())
            .text(member.host())
            .i32(member.port())
            .text(member.name())
            .i32(member.featureLevel())
            .u8(member.removed() ? 1 : 0)
            .i64(member.retiredStart())
            .done();
    table.reserve(txn, key.putInt(0, member.node()), bytes.remaining()).put(bytes);
    members.put(member.node(), member);
    all = List.copyOf(members.values());
  }

  private static MemberRecord read(ByteBuffer bytes) {
    final WireReader in = new WireReader(bytes, "member");
    try {
      final MemberRecord member =
          new MemberRecord(
              in.i32(),
              new UUID(in.i64(), in.i64()),
              in.i64(),
              in.text(),
              in.i32(),
              in.text(),
              in.i32(),
              in.u8() != 0,
              in.i64());
      in.end();
      return member;
    } catch (PgraftException e) {
      throw new DamagedException("what is known of a node makes no sense");
    }
  }
}
