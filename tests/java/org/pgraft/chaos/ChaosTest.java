package org.pgraft.chaos;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.pgraft.cluster.LogsOnFailure;

/** "make chaos": as long as one likes, with all faults. */
@Tag("chaos")
@ExtendWith(LogsOnFailure.class)
final class ChaosTest {
  @Test
  void when_faults_come_and_go_then_every_answer_stays_true_and_the_cluster_recovers() throws Exception {
    ChaosRun.run(Options.given());
  }
}
