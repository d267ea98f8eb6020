package org.pgraft.consensus;

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
   * The quorum of a configuration.
   *
   * @param configuration ids of its voters
   * @param self the node that asks; it reaches itself
   * @param newcomer one that counts as reachable although it is no member yet, 0 for none
   * @param members what the leader knows of the members of now
   */
  static Quorum of(Set<Integer> configuration, int self, int newcomer, List<MemberStatus> members) {
    int reachable = configuration.contains(self) ? 1 : 0;
    int unmeasured = 0;
    if (newcomer != self && configuration.contains(newcomer)) {
      reachable++;
    }
    for (MemberStatus member : members) {
      final int id = member.nodeId();
      if (!member.voter() || id == self || id == newcomer || !configuration.contains(id)) {
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

  /** Whether a majority is known to be reachable. */
  boolean isThere() {
    return reachable > size / 2;
  }

  /** Whether a majority may turn out to be reachable when all were asked. */
  boolean mayBeThere() {
    return reachable + unmeasured > size / 2;
  }
}
