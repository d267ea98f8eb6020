package org.pgraft.docs;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.pgraft.cluster.Await;
import org.pgraft.cluster.NodeHost;
import org.pgraft.cluster.Output;
import org.pgraft.cluster.TestCluster;
import org.pgraft.cluster.TestNode;

/**
 * The SQL of the pages that only ask and store, typed into psql on a member of a cluster of three, in the order of the pages:
 * what comes has to be what is shown. What changes members, servers or files is typed by {@link MachinePagesTest}.
 */
@Tag("cluster")
@Timeout(value = 6, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class SqlPagesTest {
  private static final Duration UNTIL = Duration.ofMinutes(1);

  @Test
  void when_a_reader_types_the_sql_of_the_pages_then_comes_what_they_show() throws Exception {
    int typed = 0;
    try (TestCluster cluster = TestCluster.started(3,
        Map.of("pgraft.notify_database", "postgres", "pgraft.notify_keys", "orders/", "timezone", "UTC"))) {
      // what the pages show
      TestNode first = cluster.node(1);
      Await.until("node 1 leads", () -> first.leads()
          || cluster.leader().truth("SELECT pgraft_transfer_leadership(1)") && first.leads());
      Await.until("all are healthy",
          () -> first.number("SELECT count(*) FROM pgraft.cluster_health WHERE health = 'healthy'") == 3);
      for (Document page : Document.all()) {
        try (Typist typist = new Typist(page, new Member(cluster), UNTIL)) {
          for (Document.Block block : Commands.of(page, SqlPagesTest.class)) {
            typist.type(block);
            typed++;
          }
        }
      }
    }
    assertTrue(typed >= 6, "blocks are found: " + typed);
  }

  /** A terminal on the host of node 1. */
  private record Member(TestCluster cluster) implements Terminal {
    private NodeHost host() {
      return cluster.node(1).host();
    }

    @Override
    public Output type(Transcript step) {
      return host().run("env", "LANG=C.UTF-8", "bash", "-c", step.command());
    }

    @Override
    public String psql() {
      return "%s/psql -h %s -p %d -U postgres postgres".formatted(host().binaries(), host().address(), host().serverPort());
    }

    @Override
    public String log(Transcript step) {
      return "\n" + cluster.logs(40);
    }
  }
}
