package org.pgraft.cluster;

import java.util.Collections;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** The clusters that are open in this process: ended when it is, whatever ends it short of kill -9. */
final class OpenClusters {
  private static final List<TestCluster> OPEN = new CopyOnWriteArrayList<>();

  static {
    Runtime.getRuntime().addShutdownHook(new Thread(() -> OPEN.forEach(TestCluster::close), "close clusters"));
  }

  private OpenClusters() {}

  static void add(TestCluster cluster) {
    OPEN.add(cluster);
  }

  static void remove(TestCluster cluster) {
    OPEN.remove(cluster);
  }

  static List<TestCluster> all() {
    return Collections.unmodifiableList(OPEN);
  }
}
