package org.pgraft.config;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.pgraft.command.Limits;

/**
 * Reads {@code pgraft.initial_cluster}: {@code name=host:port}, separated by commas. The order counts: a member's position
 * is its node id. Stateless.
 */
final class InitialCluster {
  private static final String SETTING = "pgraft.initial_cluster";
  private static final String HINT = "Write name=host:port for each member, separated by commas.";

  private InitialCluster() {}

  static List<ClusterMember> parse(String text) throws ConfigException {
    final List<ClusterMember> members = new ArrayList<>();
    if (text.isBlank()) {
      return List.of();
    }
    final Set<String> names = new HashSet<>();
    final Set<Endpoint> endpoints = new HashSet<>();
    for (String part : text.split(",", -1)) {
      final int equals = part.indexOf('=');
      final String name = equals < 0 ? "" : part.substring(0, equals).trim();
      if (name.isEmpty()) {
        throw new ConfigException(SETTING + " has a member without a name: \"" + part.trim() + "\"", HINT);
      }
      final Endpoint endpoint = Endpoint.parse(part.substring(equals + 1), SETTING);
      if (endpoint.host().equals("*")) {
        throw new ConfigException(SETTING + " has a member without a host: \"" + part.trim() + "\"", HINT);
      }
      if (endpoint.port() == 0) {
        throw new ConfigException(SETTING + " has a member without a port: \"" + part.trim() + "\"", HINT);
      }
      if (!names.add(name)) {
        throw new ConfigException(SETTING + " names \"" + name + "\" twice", "Give each member a name of its own.");
      }
      if (!endpoints.add(endpoint)) {
        throw new ConfigException(
            SETTING + " has two members at \"" + part.substring(equals + 1).trim() + "\"",
            "Give each member an address or port of its own.");
      }
      members.add(new ClusterMember(members.size() + 1, name, endpoint.host(), endpoint.port()));
    }
    if (members.size() > Limits.MEMBERS_MAX) {
      throw new ConfigException(
          SETTING + " has " + members.size() + " members, more than " + Limits.MEMBERS_MAX, "3, 5 or 7 are usual.");
    }
    return List.copyOf(members);
  }

  /** The member with a name. */
  static Optional<ClusterMember> named(List<ClusterMember> members, String name) {
    return members.stream().filter(member -> member.name().equals(name)).findFirst();
  }
}
