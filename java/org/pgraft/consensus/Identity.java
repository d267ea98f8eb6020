package org.pgraft.consensus;

import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;

/**
 * Who a directory belongs to. A vote or an acknowledged entry is a promise of one member with one directory; a copy of
 * the directory, an older copy of it, or an empty one in its place could break the promise, so none of them may take
 * part. See {@link IdentityFiles} for where it is kept and checked.
 *
 * @param clusterId name of the cluster, from {@code pgraft.cluster_id}
 * @param nodeId the member's id
 * @param directory drawn at random when the directory was made
 * @param start how often an engine was started on this directory; raised and fsynced before each start
 * @param member whether the node was ever a member of its cluster
 * @param members the members of the last configuration seen, id to host:port, to be asked at the next start
 */
record Identity(
    String clusterId, int nodeId, UUID directory, long start, boolean member, Map<Integer, String> members) {
  Identity {
    members = Map.copyOf(members);
  }

  static Identity fresh(String clusterId, int nodeId) {
    return new Identity(clusterId, nodeId, UUID.randomUUID(), 0, false, Map.of());
  }

  Identity nextStart() {
    return new Identity(clusterId, nodeId, directory, start + 1, member, members);
  }

  Identity asMember() {
    return new Identity(clusterId, nodeId, directory, start, true, members);
  }

  Identity withMembers(Map<Integer, String> current) {
    return new Identity(clusterId, nodeId, directory, start, member, current);
  }

  /** The members as one line, in the order of their ids: {@code 1=host:port,2=host:port}. */
  String membersLine() {
    final StringBuilder line = new StringBuilder();
    new TreeMap<>(members)
        .forEach((id, address) -> line.append(line.length() == 0 ? "" : ",").append(id).append('=').append(address));
    return line.toString();
  }
}
