package org.pgraft.cluster;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * What tests with several servers share: the tag by which the build picks them, a limit in time, the servers'
 * logs when one fails, and the end of the clusters that a test opened.
 */
@Tag("cluster")
@Timeout(value = 8, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
@ExtendWith(LogsOnFailure.class)
abstract class ClusterTest {
  private final List<TestCluster> opened = new ArrayList<>();

  /** A cluster with a leader that ends with the test. */
  TestCluster cluster(int size) throws Exception {
    return untilTheEnd(TestCluster.started(size));
  }

  /** The same with settings. */
  TestCluster cluster(int size, Map<String, String> settings) throws Exception {
    return untilTheEnd(TestCluster.started(size, settings));
  }

  /** Closes a cluster at the end of the test. */
  TestCluster untilTheEnd(TestCluster cluster) {
    opened.add(cluster);
    return cluster;
  }

  @AfterEach
  void closeClusters() {
    opened.forEach(TestCluster::close);
    opened.clear();
  }
}
