package org.pgraft.cluster;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.TestExecutionExceptionHandler;
import org.opentest4j.TestAbortedException;

/** Keeps the logs of all servers when a test fails: whole in a directory, their ends in the test's output. */
public final class LogsOnFailure implements TestExecutionExceptionHandler {
  private static final int SHOWN_LINES = 25;

  @Override
  public void handleTestExecutionException(ExtensionContext context, Throwable failure) throws Throwable {
    if (!(failure instanceof TestAbortedException)) {
      try {
        keep(context);
      } catch (IOException | RuntimeException e) {
        failure.addSuppressed(e);
      }
    }
    throw failure;
  }

  private static void keep(ExtensionContext context) throws IOException {
    String test = context.getRequiredTestClass().getSimpleName() + "." + context.getRequiredTestMethod().getName();
    Path directory = Path.of(System.getProperty("pgraft.test.logs", "target/cluster-logs"), test);
    for (TestCluster cluster : OpenClusters.all()) {
      keep(cluster, directory);
      System.out.println(test + " failed; the servers' logs are in " + directory + " and end so:");
      System.out.println(cluster.logs(SHOWN_LINES));
    }
  }

  /** Writes the whole logs of a cluster's servers to a directory, which is made if it is not there. */
  public static void keep(TestCluster cluster, Path directory) throws IOException {
    Files.createDirectories(directory);
    for (TestNode node : cluster.nodes()) {
      Files.writeString(directory.resolve(node.name() + ".log"), node.log());
    }
  }
}
