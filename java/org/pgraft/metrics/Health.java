package org.pgraft.metrics;

/**
 * How a node is, for who chooses a node by it.
 *
 * @param node its id
 * @param takesPart whether its engine runs, as that of a member
 * @param storeOpen whether it has a store to read
 * @param leader the node that it believes to lead, 0 when it knows of none
 * @param holdsLease whether it holds the leadership lease at this moment
 * @param term the Raft term
 */
public record Health(int node, boolean takesPart, boolean storeOpen, int leader, boolean holdsLease, long term) {
  /** Whether its sessions can read and write, as far as it knows. */
  boolean isReady() {
    return takesPart && storeOpen && (leader != 0 || holdsLease);
  }

  /** For people who look at it; what counts is the status of the answer. */
  String toJson() {
    return "{\"node\": " + node + ", \"role\": \"" + role() + "\", \"leader\": " + (leader == 0 ? "null" : leader)
        + ", \"term\": " + term + "}\n";
  }

  private String role() {
    if (holdsLease) {
      return "leader";
    }
    return takesPart ? "replica" : "none";
  }
}
