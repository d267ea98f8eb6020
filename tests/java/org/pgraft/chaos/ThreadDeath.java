package org.pgraft.chaos;

import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.pgraft.cluster.Await;
import org.pgraft.cluster.JvmAgent;
import org.pgraft.cluster.TestNode;

/**
 * An error in some thread of a node's JVM, wherever it happens to be. Each kind of thread comes once before any comes
 * again.
 */
final class ThreadDeath implements Fault {
  /** The JVM's own, which sleeps in native code until somebody sets its alarms: no error reaches it. */
  private static final String UNREACHABLE = "Notification Thread";

  private final Set<String> kindsHit = new HashSet<>();

  @Override
  public String name() {
    return "thread_death";
  }

  @Override
  public Set<Equipment> needs() {
    return Set.of(Equipment.JVM_AGENT);
  }

  @Override
  public Injection inject(Arena arena, Random random) throws Exception {
    TestNode node = arena.anyNode(random);
    JvmAgent agent = arena.agent(node);
    Survival survival = Survival.begin(arena, node);
    String thread = pick(agent.threads().stream().filter(name -> !name.equals(UNREACHABLE)).toList(), random);
    // a thread of a pool may end between the two
    boolean stopped = agent.stop(thread);
    return new Injection() {
      @Override
      public void heal() throws Exception {
        if (stopped) {
          // it takes the event with it when it ends the worker at once
          Await.until("the error has hit the thread " + thread + " of " + node,
              () -> {
                knock(node);
                return agent.hit().isPresent() || survival.reborn();
              });
        }
      }

      @Override
      public String choice() {
        return "an error in " + thread + " of " + node;
      }

      @Override
      public String bite() throws Exception {
        Injection.demand(stopped, "the thread " + thread + " of " + node + " was gone");
        String hit = agent.hit().orElse("hit " + thread);
        return node + ": " + hit + "; " + survival.judge();
      }
    };
  }

  /** The error hits a thread that waits for connections when one comes. */
  private static void knock(TestNode node) {
    node.host().run("bash", "-c", "exec 3<>/dev/tcp/" + node.host().address() + "/" + node.host().raftPort());
  }

  /** A thread of a kind that was not hit yet, if there is one. */
  private String pick(List<String> threads, Random random) {
    List<String> left = threads.stream().filter(thread -> !kindsHit.contains(kind(thread))).toList();
    if (left.isEmpty()) {
      kindsHit.clear();
      left = threads;
    }
    String thread = left.get(random.nextInt(left.size()));
    kindsHit.add(kind(thread));
    return thread;
  }

  /** The name without what differs between threads of one pool and between members. */
  private static String kind(String thread) {
    return thread.replaceAll("@group-\\w+", "").replaceAll("\\d+", "N");
  }
}
