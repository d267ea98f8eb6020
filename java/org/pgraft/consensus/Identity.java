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
 * @param run the number of the last run in which an engine took part with this directory, see {@link Incarnations}; 0 if none
 *     did. It is written before the others are told of the run, and not at all when the run is refused: a copy that is refused
 *     again and again does not catch up
 * @param member whether the node was ever a member of its cluster
 * @param members the members of the last configuration seen, id to host:port, to be asked at the next start
 * @param introduced the directories with which other nodes introduced themselves last, by id; see {@link Greeting}
 */
record Identity(
    String clusterId,
    int nodeId,
    UUID directory,
    long run,
    boolean member,
    Map<Integer, String> members,
    Map<Integer, KnownDirectory> introduced) {
  Identity {
    members = Map.copyOf(members);
    introduced = Map.copyOf(introduced);
  }

  static Identity fresh(String clusterId, int nodeId) {
    return new Identity(clusterId, nodeId, UUID.randomUUID(), 0, false, Map.of(), Map.of());
  }

  Identity inRun(long begun) {
    return new Identity(clusterId, nodeId, directory, begun, member, members, introduced);
  }

  Identity asMember() {
    return new Identity(clusterId, nodeId, directory, run, true, members, introduced);
  }

  Identity withMembers(Map<Integer, String> current) {
    return new Identity(clusterId, nodeId, directory, run, member, current, introduced);
  }

  Identity withIntroduced(int node, KnownDirectory known) {
    final Map<Integer, KnownDirectory> all = new TreeMap<>(introduced);
    all.put(node, known);
    return new Identity(clusterId, nodeId, directory, run, member, members, all);
  }

  /** The members as one line, in the order of their ids: {@code 1=host:port,2=host:port}. */
  String membersLine() {
    final StringBuilder line = new StringBuilder();
    new TreeMap<>(members)
        .forEach((id, address) -> line.append(line.length() == 0 ? "" : ",").append(id).append('=').append(address));
    return line.toString();
  }

  /** The introductions as one line: {@code 2=directory/run,3=directory/run}. */
  String introducedLine() {
    final StringBuilder line = new StringBuilder();
    new TreeMap<>(introduced)
        .forEach(
            (id, known) ->
                line.append(line.length() == 0 ? "" : ",").append(id).append('=')
                    .append(known.directory()).append('/').append(known.run()));
    return line.toString();
  }
}
