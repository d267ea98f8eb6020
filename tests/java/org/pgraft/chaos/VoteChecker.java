package org.pgraft.chaos;

import java.util.List;

/** A node votes for at most one candidate in a term (Raft paper, section 5.2), also over a restart in between. */
final class VoteChecker {
  private VoteChecker() {}

  /** Checks what a node answered to two different candidates of a term. */
  static List<Violation> check(String voter, long term, Candidate.Answer first, Candidate.Answer second) {
    return first.granted() && second.granted()
        ? List.of(new Violation("votes", voter + " voted for two candidates in term " + term)) : List.of();
  }
}
