package org.pgraft.consensus;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import org.apache.ratis.proto.RaftProtos.ServerRpcProto;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.server.RaftConfiguration;
import org.apache.ratis.server.RaftServer;
import org.pgraft.consensus.EngineStatus.MemberStatus;

/**
 * What is known of each member. The lease holder knows it at first hand: from its log appenders and from the answers to
 * its lease questions. It sends its view along with each question, so that every node can tell the same; a node that
 * hears from no holder shows the configuration alone, and everything else as unknown.
 *
 * <p>Thread-safe: the maps are concurrent, the view is one immutable value.
 */
final class MemberBoard {
  private static final int NAME_BYTES_MAX = 255;
  private static final long UNKNOWN = -1;

  /** What a member said of itself in its answer to a lease question. */
  record Report(long term, long appliedIndex, long storeBytes, long uptimeMillis, long receivedNanos) {}

  /** A holder's view and the instant on this node's clock when it was true. */
  record View(List<MemberStatus> members, long asOfNanos) {}

  private static final View NOTHING = new View(List.of(), 0);

  private final Map<Integer, Report> reports = new ConcurrentHashMap<>();
  /** When each member was asked for the first time since this node leads, or since the node became one. */
  private final Map<Integer, Long> asked = new ConcurrentHashMap<>();
  private volatile View received = NOTHING;

  /** A member is asked a lease question. */
  void asked(int member, long nowNanos) {
    asked.putIfAbsent(member, nowNanos);
  }

  /** A member answered a lease question. */
  void reported(int member, Report report) {
    reports.put(member, report);
  }

  /** The view of the lease holder, or of the leader that is to become it, arrived with its question. */
  void received(List<MemberStatus> members, long nowNanos) {
    received = new View(members, nowNanos);
  }

  /** Forgets the holder's view: this node does not know any more who holds the lease. */
  void forget() {
    received = NOTHING;
    reports.clear();
    asked.clear();
  }

  View received() {
    return received;
  }

  /**
   * The view of the node that leads.
   *
   * @param division its member of the group
   * @param self its own line
   * @param names the names that members gave themselves
   * @param reachableNanos a member that answered within this time is reachable
   */
  List<MemberStatus> leaderView(
      RaftServer.Division division,
      MemberStatus self,
      Map<Integer, String> names,
      long nowNanos,
      long reachableNanos) {
    final List<ServerRpcProto> followers =
        // Empty on a node that leads no more.
        division.getInfo().getRoleInfoProto().getLeaderInfo().getFollowerInfoList();
    final long[] match = division.getInfo().getFollowerMatchIndices();
    final long[] next = division.getInfo().getFollowerNextIndices();
    final List<MemberStatus> members = new ArrayList<>();
    for (RaftPeer peer : division.getRaftConf().getAllPeers()) {
      final int id = RaftNode.nodeId(peer.getId());
      if (id == self.nodeId()) {
        members.add(self);
        continue;
      }
      final int at = indexOf(followers, peer);
      final Report report = reports.get(id);
      final long sinceReport = report == null ? UNKNOWN : (nowNanos - report.receivedNanos()) / 1_000_000;
      final Boolean reachable = reachable(id, report, nowNanos, reachableNanos);
      final boolean answers = Boolean.TRUE.equals(reachable);
      // The appenders' arrays have the order of the follower list, unless the membership changed in between.
      final boolean sameOrder = at >= 0 && match != null && next != null && match.length == followers.size()
          && next.length == followers.size();
      final java.net.InetSocketAddress address = HostPort.parse(peer.getAddress());
      members.add(
          new MemberStatus(
              id,
              names.getOrDefault(id, ""),
              address.getHostString(),
              address.getPort(),
              true,
              reachable,
              sameOrder ? match[at] : UNKNOWN,
              sameOrder ? next[at] : UNKNOWN,
              sinceReport,
              answers ? report.appliedIndex() : UNKNOWN,
              answers ? report.storeBytes() : UNKNOWN,
              answers ? report.term() : UNKNOWN,
              answers ? report.uptimeMillis() : UNKNOWN));
    }
    forgetAllBut(members);
    final RaftConfiguration configuration = division.getRaftConf();
    for (int at = 0; at < followers.size(); at++) {
      final RaftPeerId id = RaftPeerId.valueOf(followers.get(at).getId().getId());
      if (configuration.getPeer(id) == null) {
        members.add(learner(followers.get(at), at, match, next, followers.size(), names, reachableNanos / 1_000_000));
      }
    }
    return members;
  }

  /** A node that was removed may come back under its id, and its silence meanwhile is nothing that it is to be judged by. */
  private void forgetAllBut(List<MemberStatus> members) {
    final Predicate<Integer> gone = id -> members.stream().noneMatch(member -> member.nodeId() == id);
    asked.keySet().removeIf(gone);
    reports.keySet().removeIf(gone);
  }

  /** One that catches up to become a member; nobody asks it lease questions, so only its log is known. */
  private static MemberStatus learner(
      ServerRpcProto follower,
      int at,
      long[] match,
      long[] next,
      int count,
      Map<Integer, String> names,
      long reachableMillis) {
    final int id = RaftNode.nodeId(RaftPeerId.valueOf(follower.getId().getId()));
    final java.net.InetSocketAddress address = HostPort.parse(follower.getId().getAddress());
    final boolean sameOrder = match != null && next != null && match.length == count && next.length == count;
    final long silent = follower.getLastRpcElapsedTimeMs();
    // Until its first answer Ratis counts from a moment before it was asked.
    final boolean answered = sameOrder && match[at] >= 0 || silent <= reachableMillis;
    return new MemberStatus(
        id,
        names.getOrDefault(id, ""),
        address.getHostString(),
        address.getPort(),
        false,
        answered ? Boolean.valueOf(silent <= reachableMillis) : null,
        sameOrder ? match[at] : UNKNOWN,
        sameOrder ? next[at] : UNKNOWN,
        answered ? silent : UNKNOWN,
        UNKNOWN,
        UNKNOWN,
        UNKNOWN,
        UNKNOWN);
  }

  /** Null until the member has answered once, or has had the time to. */
  private Boolean reachable(int member, Report report, long nowNanos, long reachableNanos) {
    final Long since = asked.get(member);
    // An answer that was under way when the node was removed says nothing of the one that came back.
    if (report != null && since != null && report.receivedNanos() - since >= 0) {
      return nowNanos - report.receivedNanos() <= reachableNanos;
    }
    return since == null || nowNanos - since <= reachableNanos ? null : Boolean.FALSE;
  }

  private static int indexOf(List<ServerRpcProto> followers, RaftPeer peer) {
    for (int i = 0; i < followers.size(); i++) {
      if (followers.get(i).getId().getId().equals(peer.getId().toByteString())) {
        return i;
      }
    }
    return -1;
  }

  /** The members of the configuration, with nothing known of them. */
  static List<MemberStatus> configured(RaftServer.Division division, Map<Integer, String> names) {
    final List<MemberStatus> members = new ArrayList<>();
    for (RaftPeer peer : division.getRaftConf().getAllPeers()) {
      final int id = RaftNode.nodeId(peer.getId());
      final java.net.InetSocketAddress address = HostPort.parse(peer.getAddress());
      members.add(
          new MemberStatus(
              id, names.getOrDefault(id, ""), address.getHostString(), address.getPort(), true, null,
              UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN));
    }
    return members;
  }

  /** Writes a view in the form that travels with a lease question. */
  static ByteBuffer encode(List<MemberStatus> members) {
    int bytes = 4;
    for (MemberStatus member : members) {
      bytes += 4 + 4 + 1 + 1 + 7 * 8 + 2 * (4 + NAME_BYTES_MAX);
    }
    final ByteBuffer out = ByteBuffer.allocate(bytes);
    out.putInt(members.size());
    for (MemberStatus member : members) {
      out.putInt(member.nodeId()).putInt(member.port());
      out.put((byte) (member.voter() ? 1 : 0));
      out.put((byte) (member.reachable() == null ? -1 : member.reachable() ? 1 : 0));
      out.putLong(member.matchIndex()).putLong(member.nextIndex()).putLong(member.lastContactMillis());
      out.putLong(member.appliedIndex()).putLong(member.storeBytes()).putLong(member.term());
      out.putLong(member.uptimeMillis());
      PeerMessage.putText(out, clipped(member.host()));
      PeerMessage.putText(out, clipped(member.name()));
    }
    return out.flip();
  }

  private static byte[] clipped(String text) {
    final byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    return utf8.length <= NAME_BYTES_MAX ? utf8 : java.util.Arrays.copyOf(utf8, NAME_BYTES_MAX);
  }

  static List<MemberStatus> decode(ByteBuffer in) {
    final int count = in.getInt();
    final List<MemberStatus> members = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      final int id = in.getInt();
      final int port = in.getInt();
      final boolean voter = in.get() == 1;
      final byte reachable = in.get();
      final long[] figures = new long[7];
      for (int j = 0; j < figures.length; j++) {
        figures[j] = in.getLong();
      }
      final String host = PeerMessage.text(in);
      final String name = PeerMessage.text(in);
      members.add(
          new MemberStatus(
              id, name, host, port, voter, reachable < 0 ? null : reachable == 1,
              figures[0], figures[1], figures[2], figures[3], figures[4], figures[5], figures[6]));
    }
    return members;
  }
}
