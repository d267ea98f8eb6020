package org.pgraft.consensus;

import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.UUID;

/**
 * A member's answer to the introduction that every node makes before it takes part: this is my directory; who are you, and
 * what do you know of me? From it the asking node learns that its directory is lost, old or a copy, before it could vote
 * with it.
 *
 * @param node the answering node
 * @param member whether the answering node is a member of a cluster
 * @param listed whether the asking node is in the answering node's configuration
 * @param record with which directory the answering node knows the asking one
 */
record Greeting(int node, boolean member, boolean listed, Optional<KnownDirectory> record) {
  private static final int BYTES = 4 + 1 + 1 + 1 + 16 + 8 + 1;

  ByteBuffer encode() {
    final ByteBuffer out = ByteBuffer.allocate(BYTES);
    out.putInt(node).put((byte) (member ? 1 : 0)).put((byte) (listed ? 1 : 0)).put((byte) (record.isPresent() ? 1 : 0));
    record.ifPresent(
        known -> {
          out.putLong(known.directory().getMostSignificantBits());
          out.putLong(known.directory().getLeastSignificantBits());
          out.putLong(known.run()).put((byte) (known.removed() ? 1 : 0));
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
   * @param nodeId this node's id
   * @param mine the directory and the run with which this node is about to take part
   * @throws EngineException when the answering member knows better
   */
  void check(int nodeId, ShownDirectory mine) throws EngineException {
    if (node == nodeId) {
      throw new EngineException(
          "another server answers as node " + nodeId + " of this cluster",
          "Give every server its own pgraft.name or pgraft.node_id, and its own pgraft.data_dir.");
    }
    if (record.isEmpty() || !record.get().forbids(mine)) {
      return;
    }
    final KnownDirectory known = record.get();
    if (known.removed()) {
      throw new EngineException(
          "node " + nodeId + " was removed from the cluster",
          Failures.START_AFRESH);
    }
    final String replace = " If it is lost, run pgraft_remove_node(" + nodeId + ") on another member and add the node again.";
    if (!known.directory().equals(mine.directory())) {
      throw new EngineException(
          "the cluster knows node " + nodeId + " with another directory than this server's",
          "Put the node's own directory back." + replace);
    }
    throw new EngineException(
        "the directory of node " + nodeId + " is not in the state in which the node took part last, but an old copy: the"
            + " cluster knows start " + Incarnations.start(known.run()) + ", the directory's last is "
            + Incarnations.start(mine.previous()),
        "Put the newest directory back." + replace);
  }
}
