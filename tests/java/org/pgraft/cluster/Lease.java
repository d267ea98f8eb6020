package org.pgraft.cluster;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.junit.jupiter.api.Assertions;

/**
 * An interval in which a node held the leadership lease, as the node recorded it. All nodes of a test run on
 * one machine, so that their CLOCK_BOOTTIME is one clock and intervals of different nodes can be compared.
 *
 * @param node the node's id
 * @param term the Raft term
 * @param from the beginning, in nanoseconds of CLOCK_BOOTTIME, included
 * @param until the end, not included
 */
public record Lease(int node, long term, long from, long until) {
  /** The intervals of one node, oldest first. */
  public static List<Lease> history(TestNode node) throws SQLException {
    List<Lease> leases = new ArrayList<>();
    for (List<String> row : node.rows("SELECT node_id, term, from_ns, until_ns FROM pgraft_lease_history()")) {
      leases.add(new Lease(Integer.parseInt(row.get(0)), Long.parseLong(row.get(1)),
          Long.parseLong(row.get(2)), Long.parseLong(row.get(3))));
    }
    leases.sort(Comparator.comparingLong(Lease::from));
    return leases;
  }

  /** Asserts that intervals of different nodes do not meet; returns all of them in the order of time. */
  public static List<Lease> assertDisjoint(List<TestNode> nodes) throws SQLException {
    List<Lease> all = new ArrayList<>();
    for (TestNode node : nodes) {
      all.addAll(history(node));
    }
    all.sort(Comparator.comparingLong(Lease::from));
    for (Lease one : all) {
      Assertions.assertTrue(one.from <= one.until, () -> "an interval ends before it begins: " + one);
      for (Lease other : all) {
        if (one.node < other.node) {
          Assertions.assertTrue(one.until <= other.from || other.until <= one.from,
              () -> "two nodes held the lease at one time: " + one + " and " + other);
        }
      }
    }
    return all;
  }
}
