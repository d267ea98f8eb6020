package org.pgraft.chaos;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.pgraft.cluster.LogsOnFailure;

/** "make seeded": the faults and checks of "make chaos" find bugs that are put in, and find nothing without them. */
@Tag("seeded")
@Timeout(value = 10, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
@ExtendWith(LogsOnFailure.class)
final class SeededBugsTest {
  private static final long SEED = 1;

  @Test
  void when_a_write_is_acknowledged_before_it_is_committed_then_lost_writes_are_found() throws Exception {
    SeededHunt.find(SeededBug.ACKNOWLEDGE_BEFORE_COMMIT, SEED);
  }

  @Test
  void when_the_wait_for_the_old_lease_is_skipped_then_two_holders_are_found() throws Exception {
    SeededHunt.find(SeededBug.SKIP_LEASE_WAIT, SEED);
  }

  @Test
  void when_the_lease_is_checked_before_the_read_only_then_stale_reads_are_found() throws Exception {
    SeededHunt.find(SeededBug.CHECK_LEASE_BEFORE_READ_ONLY, SEED);
  }

  @Test
  void when_the_read_index_of_ratis_is_trusted_then_stale_reads_are_found() throws Exception {
    SeededHunt.find(SeededBug.TRUST_READ_INDEX, SEED);
  }

  @Test
  void when_the_fsync_of_the_log_is_dropped_then_lost_writes_are_found() throws Exception {
    SeededHunt.find(SeededBug.DROP_THE_FSYNC, SEED);
  }

  @Test
  void when_a_vote_is_forgotten_then_a_second_vote_in_its_term_is_found() throws Exception {
    SeededHunt.find(SeededBug.FORGET_A_VOTE, SEED);
  }

  @Test
  void when_a_batch_of_unknown_outcome_is_offered_as_a_new_one_then_double_writes_are_found() throws Exception {
    SeededHunt.find(SeededBug.RESUBMIT_UNDER_A_NEW_IDENTITY, SEED);
  }

  @Test
  void when_a_new_leader_gives_leases_no_time_then_two_holders_of_a_lock_are_found() throws Exception {
    SeededHunt.find(SeededBug.END_LEASES_WITH_THE_LEADER, SEED);
  }

  @Test
  void when_no_bug_is_put_in_then_the_same_faults_find_nothing() throws Exception {
    ChaosRun.run(Options.control(SEED,
        SeededBug.ALL.stream().flatMap(bug -> bug.faults().stream()).distinct().toArray(String[]::new)));
  }
}
