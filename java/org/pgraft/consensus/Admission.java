package org.pgraft.consensus;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import org.apache.ratis.protocol.RaftGroup;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftPeer;
import org.pgraft.config.ClusterMember;
import org.pgraft.config.Settings;

/**
 * Decides at the start whether this node may take part, and in what: by asking the members it knows, and by what is in its
 * own directory. What a member once promised, its votes and the entries it acknowledged, must still be there.
 *
 * <p>Used by the thread that starts the engine; blocks while members are asked.
 */
final class Admission {
  private final Settings settings;
  private final int self;
  private final UUID cluster;
  private final EngineFiles files;
  private final Identity identity;
  private final PeerClients clients;

  Admission(Settings settings, UUID cluster, EngineFiles files, Identity identity, PeerClients clients) {
    this.settings = settings;
    this.self = settings.nodeId();
    this.cluster = cluster;
    this.files = files;
    this.identity = identity;
    this.clients = clients;
  }

  /**
   * Asks every known member who this node is to it.
   *
   * @return false when a member belongs to a cluster that this node is no member of, so that it must wait to be added
   */
  boolean greetMembers() throws EngineException {
    final Map<Integer, String> known = new TreeMap<>(identity.members());
    for (ClusterMember member : settings.initialMembers()) {
      known.putIfAbsent(member.nodeId(), HostPort.format(member.host(), member.port()));
    }
    // Nobody may answer at this node's own address: that would be another server with the same directory.
    return new Greeter(self, cluster, clients).greet(known, identity);
  }

  /**
   * The group to open at the start: the one in this node's storage, or a new one; none when this node has to wait.
   *
   * @throws EngineException when this node is a member whose votes are missing
   */
  Optional<RaftGroup> initialGroup(boolean invited) throws EngineException {
    final RaftGroupId groupId = RaftGroupId.valueOf(cluster);
    if (identity.member()) {
      requireVotes();
      // The configuration is in the group's own storage.
      return Optional.of(RaftGroup.valueOf(groupId, List.of()));
    }
    if (settings.initialMembers().isEmpty() || !invited) {
      return Optional.empty();
    }
    final List<RaftPeer> peers =
        settings.initialMembers().stream()
            .map(member -> RaftNode.peer(member.nodeId(), HostPort.format(member.host(), member.port())))
            .toList();
    return Optional.of(RaftGroup.valueOf(groupId, peers));
  }

  /** A member's votes and log are never made anew: what it promised would be forgotten. */
  private void requireVotes() throws EngineException {
    final Path votes = files.raft().resolve(cluster.toString()).resolve("current").resolve("raft-meta");
    if (!Files.exists(votes)) {
      throw new EngineException(
          "the Raft log of node " + self + " is lost: \"" + votes + "\" is missing", StartFailure.DAMAGED);
    }
  }

  /**
   * The store can be ahead of the log only if the log is an older one.
   *
   * @param applied last index in the store, -1 when there is none
   * @param logged last index in the log or the snapshot before it
   */
  void requireWholeLog(long applied, long logged) throws EngineException {
    if (applied > logged) {
      throw new EngineException(
          "the Raft log of node " + self + " ends at " + logged + ", but the store has applied " + applied,
          StartFailure.DAMAGED);
    }
  }
}
