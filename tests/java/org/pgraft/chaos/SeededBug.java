package org.pgraft.chaos;

import java.util.List;
import java.util.Set;

/**
 * A bug that is put into a copy of pgraft, and how it has to be found.
 *
 * @param name of its patch in tests/seeded
 * @param faults names of faults that bring it out, taken in turn
 * @param checks any of which has to find it
 * @param rounds how many at most
 */
record SeededBug(String name, List<String> faults, Set<String> checks, int rounds) {
  static final SeededBug ACKNOWLEDGE_BEFORE_COMMIT = new SeededBug("acknowledge-before-commit",
      List.of("isolate_leader", "kill9_all"), Set.of("kept writes"), 4);
  static final SeededBug SKIP_LEASE_WAIT = new SeededBug("skip-lease-wait",
      List.of("isolate_patient_leader"), Set.of("lease"), 3);
  static final SeededBug CHECK_LEASE_BEFORE_READ_ONLY = new SeededBug("check-lease-before-read-only",
      List.of("pause_idle_leader"), Set.of("linearizability"), 4);
  static final SeededBug TRUST_READ_INDEX = new SeededBug("trust-read-index",
      List.of("isolate_patient_leader"), Set.of("linearizability"), 5);
  static final SeededBug DROP_THE_FSYNC = new SeededBug("drop-the-fsync",
      List.of("power_cut_all"), Set.of("kept writes", "counter", "linearizability", "liveness"), 4);
  static final SeededBug FORGET_A_VOTE = new SeededBug("forget-a-vote",
      List.of("power_cut_after_vote"), Set.of("votes"), 3);
  static final SeededBug RESUBMIT_UNDER_A_NEW_IDENTITY = new SeededBug("resubmit-under-a-new-identity",
      List.of("lost_answers"), Set.of("counter", "linearizability"), 5);
  static final SeededBug END_LEASES_WITH_THE_LEADER = new SeededBug("end-leases-with-the-leader",
      List.of("transfer_leadership"), Set.of("lock"), 5);

  /** All of them. */
  static final List<SeededBug> ALL = List.of(ACKNOWLEDGE_BEFORE_COMMIT, SKIP_LEASE_WAIT, CHECK_LEASE_BEFORE_READ_ONLY,
      TRUST_READ_INDEX, DROP_THE_FSYNC, FORGET_A_VOTE, RESUBMIT_UNDER_A_NEW_IDENTITY,
      END_LEASES_WITH_THE_LEADER);
}
