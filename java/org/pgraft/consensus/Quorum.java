package org.pgraft.consensus;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.pgraft.consensus.EngineStatus.MemberStatus;

/**
 * Whether a configuration would have a majority of members that can be reached. A change that would leave none is refused,
 * as by etcd's strict-reconfig-check. Immutable.
 *
 * @param size members of the configuration
 * @param reachable those of them that can be reached
 * @param unmeasured those of which a leader that is new cannot tell yet
 */
record Quorum(int size, int reachable, int unmeasured) {
  /**
   * The quorum of a configuration. A node that is no voter yet counts for its size alone.
   *
   * @param configuration ids of its voters
   * @param self the node that asks; it reaches itself
   * @param members what the leader knows of the members of now
   */
  static Quorum of(Set<Integer> configuration, int self, List<MemberStatus> members) {
    int reachable = configuration.contains(self) ? 1 : 0;
    int unmeasured = 0;
    for (MemberStatus member : members) {
      final int id = member.nodeId();
      if (!member.voter() || id == self || !configuration.contains(id)) {
        continue;
      }
      if (member.reachable() == null) {
        unmeasured++;
      } else if (member.reachable()) {
        reachable++;
      }
    }
    return new Quorum(configuration.size(), reachable, unmeasured);
  }

  /**
   * The quorum with one more voter. No majority may depend on a newcomer that was never seen to last, but for that of two,
   * who need each other anyway.
   */
  static Quorum afterAdding(int newcomer, Set<Integer> voters, int self, List<MemberStatus> members) {
    final Set<Integer> changed = new HashSet<>(voters);
    changed.add(newcomer);
    final Quorum quorum = of(changed, self, members);
    return changed.size() == 2 ? new Quorum(2, quorum.reachable() + 1, quorum.unmeasured()) : quorum;
  }

  /** The quorum with one voter less. */
  static Quorum afterRemoving(int leaving, Set<Integer> voters, int self, List<MemberStatus> members) {
    final Set<Integer> changed = new HashSet<>(voters);
    changed.remove(leaving);
    return of(changed, self, members);
  }

  /** Whether a majority is known to be reachable. */
  boolean isThere() {
    return reachable > size / 2;
  }

  /** Whether a majority may turn out to be reachable when all were asked. */
  boolean mayBeThere() {
    return reachable + unmeasured > size / 2;
  }
}
