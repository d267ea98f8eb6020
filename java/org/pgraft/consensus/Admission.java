package org.pgraft.consensus;

import java.io.IOException;
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
 * Decides in which group this node takes part, and by what is in its own directory whether it can: what a member once
 * promised, its votes and the entries it acknowledged, must still be there. What others know of it is asked by
 * {@link Clearance}.
 *
 * <p>Immutable. It changes no file but an empty one that Ratis left when it could not write.
 */
final class Admission {
  private final Settings settings;
  private final int self;
  private final UUID cluster;
  private final EngineFiles files;

  Admission(Settings settings, UUID cluster, EngineFiles files) {
    this.settings = settings;
    this.self = settings.nodeId();
    this.cluster = cluster;
    this.files = files;
  }

  /** The members of {@code pgraft.initial_cluster}, id to host:port. */
  Map<Integer, String> initialMembers() {
    final Map<Integer, String> initial = new TreeMap<>();
    for (ClusterMember member : settings.initialMembers()) {
      initial.put(member.nodeId(), HostPort.format(member.host(), member.port()));
    }
    return initial;
  }

  /**
   * The group to open: the one in this node's storage, or a new one; none when this node waits to be added to one.
   *
   * @param member whether this directory is a member's already
   * @param founds whether this node founds the cluster of {@code pgraft.initial_cluster} with the others
   * @throws EngineException when this node is a member whose votes are missing
   */
  Optional<RaftGroup> group(boolean member, boolean founds) throws EngineException {
    final RaftGroupId groupId = RaftGroupId.valueOf(cluster);
    if (member) {
      requireVotes();
      // The configuration is in the group's own storage.
      return Optional.of(RaftGroup.valueOf(groupId, List.of()));
    }
    if (!founds) {
      return Optional.empty();
    }
    final List<RaftPeer> peers =
        initialMembers().entrySet().stream()
            .map(initial -> RaftNode.peer(initial.getKey(), initial.getValue()))
            .toList();
    return Optional.of(RaftGroup.valueOf(groupId, peers));
  }

  /** A member's votes and log are never made anew: what it promised would be forgotten. */
  private void requireVotes() throws EngineException {
    final Path current = files.raft().resolve(cluster.toString()).resolve("current");
    final Path votes = VoteFile.in(current);
    try {
      DurableFile.restoreIfEmpty(votes, DirectorySync.FSYNC);
      DurableFile.restoreIfEmpty(ConfigurationFile.in(current), DirectorySync.FSYNC);
    } catch (IOException e) {
      throw DiskError.of(e, files.root()).orElseGet(() -> new EngineException(e.getMessage(), StartFailure.DAMAGED, e));
    }
    if (!Files.exists(votes)) {
      throw new EngineException(
          "the Raft log of node " + self + " is lost: \"" + votes + "\" is missing", StartFailure.DAMAGED);
    }
    try {
      VoteFile.read(current);
    } catch (IOException e) {
      throw DiskError.of(e, files.root()).orElseGet(() -> new EngineException(e.getMessage(), StartFailure.DAMAGED, e));
    }
  }
}
