package org.pgraft.consensus;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.pgraft.command.Limits;
import org.pgraft.consensus.EngineStatus.MemberStatus;

/**
 * A new voter for an old one, in two changes of one voter each. Adding comes first where the members that run suffice for
 * it, because the cluster then never has fewer voters than before. Where they do not, because the old one is down, it is taken
 * out first: it helped nobody, and those that run are as large a majority without it. Immutable.
 *
 * @param voters ids of the voters of now, with the old one and without the new one
 * @param old the voter that goes
 * @param newcomer the voter that comes
 */
record Replacement(Set<Integer> voters, int old, int newcomer) {
  /** The change to begin with. */
  enum Step {
    ADD,
    REMOVE,
    /** It depends on members of which a leader that is new cannot tell yet. */
    WAIT,
    /** Neither would leave a majority that can be counted on. */
    NONE
  }

  /**
   * Where to begin.
   *
   * @param self the leader
   * @param members what it knows of the members
   */
  Step first(int self, List<MemberStatus> members) {
    if (voters.size() < Limits.MEMBERS_MAX) {
      final Quorum larger = Quorum.afterAdding(newcomer, voters, self, members);
      if (larger.mayBeThere()) {
        return larger.isThere() ? Step.ADD : Step.WAIT;
      }
    }
    final Quorum smaller = Quorum.afterRemoving(old, voters, self, members);
    if (smaller.mayBeThere()) {
      return smaller.isThere() ? Step.REMOVE : Step.WAIT;
    }
    return Step.NONE;
  }

  /** The quorum when both changes are done, without counting on the newcomer. */
  Quorum outcome(int self, List<MemberStatus> members) {
    final Set<Integer> changed = new HashSet<>(voters);
    changed.remove(old);
    changed.add(newcomer);
    return Quorum.of(changed, self, members);
  }
}
