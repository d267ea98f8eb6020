package org.pgraft.consensus;

import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.UUID;

/**
 * A member's answer to the question that every node asks before its engine starts: who are you, and what do you know of
 * me? From it the asking node learns that its directory is lost, old or a copy, before it could vote with it.
 *
 * @param node the answering node
 * @param member whether the answering node is a member of a cluster
 * @param listed whether the asking node is in the answering node's configuration
 * @param record what the replicated member table says of the asking node
 */
record Greeting(int node, boolean member, boolean listed, Optional<KnownDirectory> record) {
  /**
   * The directory with which a node was last seen.
   *
   * @param directory its id
   * @param start the number of its last start
   * @param removed whether the node was removed from the cluster
   */
  record KnownDirectory(UUID directory, long start, boolean removed) {}

  private static final int BYTES = 4 + 1 + 1 + 1 + 16 + 8 + 1;

  ByteBuffer encode() {
    final ByteBuffer out = ByteBuffer.allocate(BYTES);
    out.putInt(node).put((byte) (member ? 1 : 0)).put((byte) (listed ? 1 : 0)).put((byte) (record.isPresent() ? 1 : 0));
    record.ifPresent(
        known -> {
          out.putLong(known.directory().getMostSignificantBits());
          out.putLong(known.directory().getLeastSignificantBits());
          out.putLong(known.start()).put((byte) (known.removed() ? 1 : 0));
        });
    return out.flip();
  }

  static Greeting decode(ByteBuffer in) {
    final int node = in.getInt();
    final boolean member = in.get() == 1;
    final boolean listed = in.get() == 1;
    if (in.get() != 1) {
      return new Greeting(node, member, listed, Optional.empty());
    }
    return new Greeting(
        node,
        member,
        listed,
        Optional.of(
            new KnownDirectory(new UUID(in.getLong(), in.getLong()), in.getLong(), in.get() == 1)));
  }

  /**
   * Refuses a start that could break a promise.
   *
   * @param mine the identity with which this node is about to start
   * @throws EngineException when the answering member knows better
   */
  void check(Identity mine) throws EngineException {
    if (node == mine.nodeId()) {
      throw new EngineException(
          "another server answers as node " + mine.nodeId() + " of this cluster",
          "Give every server its own pgraft.name or pgraft.node_id, and its own pgraft.data_dir.");
    }
    if (record.isEmpty()) {
      return;
    }
    final KnownDirectory known = record.get();
    final boolean same = known.directory().equals(mine.directory());
    if (known.removed()) {
      if (same) {
        throw new EngineException(
            "node " + mine.nodeId() + " was removed from the cluster",
            "To add it again, delete its pgraft directory and the file pgraft.identity in its data directory,"
                + " restart it without pgraft.initial_cluster, and run pgraft_add_node() on a member.");
      }
      return;
    }
    if (!same) {
      throw new EngineException(
          "the cluster knows node " + mine.nodeId() + " with another directory than this server's",
          "Put the node's own directory back. If it is lost, run pgraft_remove_node(" + mine.nodeId()
              + ") on another member and add the node again.");
    }
    if (known.start() >= mine.start()) {
      throw new EngineException(
          "the directory of node " + mine.nodeId() + " is an old copy: the cluster has seen start "
              + known.start() + ", the directory counts " + mine.start(),
          "Put the newest directory back. If it is lost, run pgraft_remove_node(" + mine.nodeId()
              + ") on another member and add the node again.");
    }
  }
}
