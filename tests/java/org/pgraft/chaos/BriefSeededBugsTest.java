package org.pgraft.chaos;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.pgraft.cluster.LogsOnFailure;
import org.pgraft.cluster.PatchedBuild;
import org.pgraft.cluster.RollingUpgradeTest;

/** What "make seeded" does, as far as it takes about a minute: all patches still fit, and two of the bugs are found. */
@Tag("cluster")
@Timeout(value = 8, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
@ExtendWith(LogsOnFailure.class)
final class BriefSeededBugsTest {
  private static final long SEED = 1;

  @Test
  void when_the_sources_change_then_every_patch_still_applies_and_compiles() throws Exception {
    assertEquals(SeededBug.ALL.stream().map(SeededBug::name).sorted().toList(), SeededBuild.patches());
    for (String patch : SeededBuild.patches()) {
      SeededBuild.check(patch);
    }
    PatchedBuild.check(RollingUpgradeTest.VERSION_1_0);
  }

  @Test
  void when_a_vote_is_forgotten_then_a_second_vote_in_its_term_is_found() throws Exception {
    SeededHunt.find(SeededBug.FORGET_A_VOTE, SEED);
  }

  @Test
  void when_a_batch_of_unknown_outcome_is_offered_as_a_new_one_then_double_writes_are_found() throws Exception {
    SeededHunt.find(SeededBug.RESUBMIT_UNDER_A_NEW_IDENTITY, SEED);
  }
}
