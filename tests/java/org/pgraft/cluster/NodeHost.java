package org.pgraft.cluster;

import java.util.List;
import java.util.Optional;

/**
 * The place where one node lives: processes of this machine, or a container. A {@link TestNode} does
 * all its work by commands run here, so that every test is the same in both places.
 */
public interface NodeHost {
  /** The node's name, unique within its site. */
  String name();

  /** The address by which the other nodes reach this one. */
  String address();

  /** The port of the engine on that address. */
  int raftPort();

  /** The addresses the server listens on, as PostgreSQL's listen_addresses has them. */
  String listenAddresses();

  /** The port the server listens on. */
  int serverPort();

  /** Where a test reaches the server: host and port. */
  String clientAddress();

  /** The directory of PostgreSQL's programs. */
  String binaries();

  /** A directory that the user of the servers owns. */
  String directory();

  /**
   * Runs a command to its end, as the user of the servers.
   *
   * @throws IllegalStateException if it cannot be run, or does not end within two minutes
   */
  Output run(String... command);

  /** Why this host cannot be cut off from others; empty if it can. */
  Optional<String> whyNotCut();

  /** Calls iptables for the network of this host, as root. */
  Output firewall(String... arguments);

  /** Mounts a file system in memory on a directory, for the node's user; fails where that is not allowed. */
  Output mountMemory(String directory, int megabytes);

  /** Drops everything between this host and the others, silently and both ways; clients still reach it. */
  default void cutFrom(List<NodeHost> others) {
    deafTo(others);
    muteTo(others);
  }

  /** Drops what the others send to this host; what it sends still arrives. */
  default void deafTo(List<NodeHost> others) {
    for (NodeHost other : others) {
      firewall("-A", "INPUT", "-s", other.address(), "-j", "DROP").orFail("iptables");
    }
  }

  /** Drops what this host sends to the others; what they send still arrives. */
  default void muteTo(List<NodeHost> others) {
    for (NodeHost other : others) {
      firewall("-A", "OUTPUT", "-d", other.address(), "-j", "DROP").orFail("iptables");
    }
  }

  /** Drops some of the packets that the others send to this host, each with that probability. */
  default void loseFrom(List<NodeHost> others, double probability) {
    for (NodeHost other : others) {
      firewall("-A", "INPUT", "-s", other.address(), "-m", "statistic", "--mode", "random",
          "--probability", Double.toString(probability), "-j", "DROP").orFail("iptables");
    }
  }

  /** How many packets were dropped here since the first of the cuts that are in force. */
  default long dropped() {
    return firewall("-L", "-v", "-n", "-x").orFail("iptables").text().lines()
        .map(line -> line.strip().split("\\s+"))
        .filter(columns -> columns.length > 2 && columns[2].equals("DROP"))
        .mapToLong(columns -> Long.parseLong(columns[0]))
        .sum();
  }

  /** Undoes every cut of this host. */
  default void heal() {
    firewall("-F").orFail("iptables");
  }
}
