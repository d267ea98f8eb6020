package org.pgraft.store;

import java.util.UUID;

/**
 * What the replicated table says of a node.
 *
 * @param node its id
 * @param directory the id of the directory with which it was last seen; {@link #NO_DIRECTORY} if it never was
 * @param start the number under which its last run writes
 * @param host the host at which the members reach it
 * @param port the port at which they do
 * @param name its name, may be empty
 * @param featureLevel the highest kind of requests it knows
 * @param removed whether it was removed from the cluster
 * @param retiredStart the last run with the directory before, whose batches are not carried out any more; {@link #NO_START}
 *     when there was none
 */
public record MemberRecord(
    int node,
    UUID directory,
    long start,
    String host,
    int port,
    String name,
    int featureLevel,
    boolean removed,
    long retiredStart) {
  /** No run has this number. */
  public static final long NO_START = -1;

  /** No directory has this id. */
  public static final UUID NO_DIRECTORY = new UUID(0, 0);
}
