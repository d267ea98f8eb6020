package org.pgraft.cluster;

import java.util.List;
import java.util.Optional;

/** How the nodes of a {@link LocalSite} are connected. */
interface Wiring {
  /**
   * Where a node is plugged in.
   *
   * @param address the address the other nodes and the test reach it by
   * @param serverPort the server's port
   * @param raftPort the engine's port
   * @param enter a command that runs another one where the node is; may be empty
   */
  record Plug(String address, int serverPort, int raftPort, List<String> enter) {}

  /** What this is, for the reader of a test's output. */
  String describe();

  /** A place for one more node. */
  Plug plug();

  /** Why nodes cannot be cut off from each other; empty if they can. */
  Optional<String> whyNotCut();

  /** Removes what was made. */
  void close();

  /** All nodes on 127.0.0.1, each with ports of its own. */
  final class Loopback implements Wiring {
    @Override
    public String describe() {
      return "on 127.0.0.1";
    }

    @Override
    public Plug plug() {
      return new Plug("127.0.0.1", Ports.take(), Ports.take(), List.of());
    }

    @Override
    public Optional<String> whyNotCut() {
      return Optional.of("processes on 127.0.0.1 cannot be cut off from each other;"
          + " network namespaces (as root) and containers can");
    }

    @Override
    public void close() {
      // nothing was made
    }
  }
}
