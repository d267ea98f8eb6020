package org.pgraft.chaos;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.pgraft.cluster.LogsOnFailure;

/** About a minute of what "make chaos" does, so that neither it nor what it tests breaks unnoticed. */
@Tag("cluster")
@Timeout(value = 8, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
@ExtendWith(LogsOnFailure.class)
final class BriefChaosTest {
  @Test
  void when_some_faults_come_and_go_then_every_answer_stays_true_and_the_cluster_recovers() throws Exception {
    ChaosRun.run(Options.brief(1, "kill9_leader", "worker_pause", "isolate_leader", "transfer_leadership",
        "heap_exhaustion"));
  }
}
