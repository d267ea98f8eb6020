package org.pgraft.chaos;

import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.pgraft.cluster.Await;
import org.pgraft.cluster.TestNode;

/** SIGSTOP and later SIGCONT: processes that cannot act, and do not know for how long they could not. */
record Pause(String name, boolean wholeServer) implements Fault {
  private static final int SHORTEST_MILLIS = 100;
  private static final int LONGEST_PER_SHORTEST = 300;

  /** From a tenth of a second to 30 seconds, short ones as often as long ones. */
  @Override
  public Duration hold(Random random) {
    return Duration.ofMillis((long) (SHORTEST_MILLIS * Math.pow(LONGEST_PER_SHORTEST, random.nextDouble())));
  }

  @Override
  public Injection inject(Arena arena, Random random) throws Exception {
    TestNode node = arena.anyNode(random);
    long worker = node.worker();
    List<Long> stopped = wholeServer ? node.processes() : List.of(worker);
    // the postmaster first, so that it starts no others meanwhile
    signal(node, "STOP", stopped);
    if (wholeServer) {
      stopped = node.processes();
      signal(node, "STOP", stopped);
    }
    List<Long> pids = stopped;
    // a thread that runs is stopped a moment later
    Await.until("the worker of " + node + " has stopped", () -> node.host().run("sh", "-c",
        "sed -E 's/.*\\) ([A-Za-z]) .*/\\1/' /proc/$1/stat", "sh", Long.toString(worker)).text().strip().equals("T"));
    return new Injection() {
      @Override
      public void heal() {
        signal(node, "CONT", pids);
      }

      @Override
      public String bite() {
        return pids.size() + " processes of " + node + " were stopped";
      }
    };
  }

  private static void signal(TestNode node, String signal, List<Long> pids) {
    // some may have ended
    node.host().run("sh", "-c", "for pid in $2; do kill -$1 $pid 2>/dev/null; done; true", "sh",
        signal, String.join(" ", pids.stream().map(Object::toString).toList())).orFail("kill");
  }
}
