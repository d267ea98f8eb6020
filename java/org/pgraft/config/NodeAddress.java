package org.pgraft.config;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Who this node is and where it listens, from the two styles of settings: {@code name} and {@code initial_cluster}, or
 * {@code node_id}, {@code address} and {@code port}. Both may be given as long as they agree.
 *
 * @param nodeId this node's id, from 1
 * @param name this node's name
 * @param listenHost the address the members' port is bound to
 * @param advertisedHost the address at which the other members reach this node
 * @param port the members' port
 */
record NodeAddress(int nodeId, String name, String listenHost, String advertisedHost, int port) {
  private static final int PORT = 7001;
  private static final Set<String> WILDCARDS = Set.of("0.0.0.0", "::", "*");

  static NodeAddress of(RawSettings raw, List<ClusterMember> members) throws ConfigException {
    final Optional<ClusterMember> self = self(raw, members);
    final Endpoint listen = Endpoint.parse(raw.text("listen_address", "127.0.0.1"), "pgraft.listen_address");
    final String address = raw.text("address", "");
    final int nodeId = self.map(ClusterMember::nodeId).orElse(Math.max(raw.integer("node_id", 0), 1));
    final String name = self.map(ClusterMember::name).orElse(raw.text("name", ""));

    final Endpoint reached =
        address.isEmpty() ? new Endpoint("", 0) : Endpoint.parse(address, "pgraft.address");
    final Map<String, Integer> ports = new LinkedHashMap<>();
    ports.put("pgraft.port", raw.integer("port", 0));
    ports.put("pgraft.listen_address", listen.port());
    ports.put("pgraft.address", reached.port());
    ports.put("pgraft.initial_cluster", self.map(ClusterMember::port).orElse(0));
    final int port = agreed(ports);
    String advertised = reached.host();
    if (self.isPresent() && !advertised.isEmpty() && !advertised.equals(self.get().host())) {
      throw new ConfigException(
          "pgraft.address is \"" + advertised + "\", but pgraft.initial_cluster has \"" + self.get().host()
              + "\" for this node",
          "Remove one of the two settings, or make them agree.");
    }
    if (advertised.isEmpty()) {
      advertised = self.map(ClusterMember::host).orElse(listen.host());
    }
    if (WILDCARDS.contains(advertised)) {
      throw new ConfigException(
          "the other members cannot reach this node at \"" + advertised + "\"",
          "Set pgraft.address to the address at which the other members reach this node.");
    }
    final String bound = listen.host().equals("*") ? "0.0.0.0" : listen.host();
    return new NodeAddress(nodeId, name, bound, advertised, port == 0 ? PORT : port);
  }

  private static Optional<ClusterMember> self(RawSettings raw, List<ClusterMember> members) throws ConfigException {
    final String name = raw.text("name", "");
    final int nodeId = raw.integer("node_id", 0);
    if (members.isEmpty()) {
      return Optional.empty();
    }
    if (nodeId > members.size() && name.isEmpty()) {
      throw new ConfigException(
          "pgraft.node_id is " + nodeId + ", but pgraft.initial_cluster has " + members.size() + " members",
          "A member's id is its position in pgraft.initial_cluster, from 1.");
    }
    if (name.isEmpty()) {
      if (nodeId == 0) {
        throw new ConfigException(
            "pgraft.initial_cluster is set, but neither pgraft.name nor pgraft.node_id says which member this node is",
            "Set pgraft.name to one of the names in pgraft.initial_cluster.");
      }
      return Optional.of(members.get(nodeId - 1));
    }
    final Optional<ClusterMember> named = InitialCluster.named(members, name);
    if (named.isEmpty()) {
      throw new ConfigException(
          "pgraft.name is \"" + name + "\", which pgraft.initial_cluster does not name",
          "Set pgraft.name to one of the names in pgraft.initial_cluster.");
    }
    if (nodeId != 0 && nodeId != named.get().nodeId()) {
      throw new ConfigException(
          "pgraft.node_id is " + nodeId + ", but \"" + name + "\" is number " + named.get().nodeId()
              + " in pgraft.initial_cluster",
          "Remove pgraft.node_id, or make the two agree.");
    }
    return named;
  }

  /** The port that the settings name, all that name one; 0 when none does. */
  private static int agreed(Map<String, Integer> ports) throws ConfigException {
    String first = "";
    for (Map.Entry<String, Integer> named : ports.entrySet()) {
      if (named.getValue() == 0) {
        continue;
      }
      if (first.isEmpty()) {
        first = named.getKey();
      } else if (!named.getValue().equals(ports.get(first))) {
        throw new ConfigException(
            "the members' port is " + ports.get(first) + " by " + first + " and " + named.getValue() + " by "
                + named.getKey(),
            "Remove one of the two settings, or make them agree.");
      }
    }
    return first.isEmpty() ? 0 : ports.get(first);
  }
}
