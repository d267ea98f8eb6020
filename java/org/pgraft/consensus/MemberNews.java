package org.pgraft.consensus;

import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Tells when a node became a member or is none any more: when the configuration that a change ends with is applied here. A
 * change begins with a configuration that names the voters before, too, and that is what the end is compared with.
 *
 * <p>A change whose entries came inside a snapshot is not told; one whose begin and end are on two sides of a restart only if
 * the begin is still in the log.
 *
 * <p>Called on the thread that applies entries.
 */
final class MemberNews {
  private final Journal journal;

  /** Before the change that goes on, or now; null: not known. */
  private Set<Integer> voters;

  MemberNews(Journal journal) {
    this.journal = journal;
  }

  /**
   * A configuration was applied.
   *
   * @param now its voters
   * @param before those from which they are changed; empty when that is finished
   * @param again whether this node has applied it before, and goes over it again after a start
   */
  void applied(Set<Integer> now, Set<Integer> before, boolean again) {
    if (!before.isEmpty()) {
      voters = before;
      return;
    }
    if (voters != null && !again) {
      tell(EventKind.MEMBER_ADDED, now, voters, now);
      tell(EventKind.MEMBER_REMOVED, voters, now, now);
    }
    voters = now;
  }

  private static String list(Set<Integer> nodes) {
    return nodes.stream().sorted().map(String::valueOf).collect(Collectors.joining(", "));
  }

  /** Tells of each that is in the one and not in the other. */
  private void tell(EventKind kind, Set<Integer> in, Set<Integer> other, Set<Integer> now) {
    for (int node : new TreeSet<>(in)) {
      if (!other.contains(node)) {
        journal.tell(kind, "node " + node + "; the members are " + list(now));
      }
    }
  }
}
