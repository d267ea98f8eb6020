package org.pgraft.cluster;

import java.util.List;
import java.util.Optional;

/**
 * The place where one node lives: processes of this machine, or a container. A {@link TestNode} does
 * all its work by commands run here, so that every test is the same in both places.
 */
interface NodeHost {
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

  /** Drops everything between this host and the others, silently and both ways; clients still reach it. */
  void cutFrom(List<NodeHost> others);

  /** Undoes every cut of this host. */
  void heal();
}
