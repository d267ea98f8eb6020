package org.pgraft.consensus;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;

/** Whole engines, which stop when the test is over. */
abstract class EngineFixture {
  @TempDir Path temp;

  /** Those that run, in the order in which they were started, unless a test says otherwise. */
  final List<TestEngine> engines = new ArrayList<>();

  @AfterEach
  final void stopAll() {
    engines.forEach(TestEngine::stop);
  }

  /** Starts one node for each port, with the ids from 1, which are members of no cluster. */
  final void startOutside(int[] ports) throws Exception {
    for (int node = 1; node <= ports.length; node++) {
      engines.add(new TestEngine(temp, node, "node_id=" + node, "port=" + ports[node - 1]).start());
    }
  }
}
