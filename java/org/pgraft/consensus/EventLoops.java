package org.pgraft.consensus;

import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.regex.Pattern;

/**
 * Whether the threads live on which connections are accepted and their bytes move. Netty catches an error on such a
 * thread, logs it, ends the thread and starts no other in its place: the node would then accept no connections, or not
 * serve some of them, and nobody would be told.
 *
 * <p>Ratis and gRPC give these threads away to nobody, so they are known by their names. Those of Ratis' server ({@code
 * 1-server-workers--thread1}) live as long as it does. The others are gRPC's and belong to a group ({@code
 * grpc-default-worker-ELG-3-1} is the first of the third), which ends as a whole when nobody has used it for a while; one
 * that ends while others of its group live has died.
 *
 * <p>The worker's main thread only. Looks at all threads, but seldom.
 */
final class EventLoops implements BooleanSupplier {
  private static final Pattern OF_SERVER = Pattern.compile("-(boss|server-workers|client-workers)-.*thread");
  private static final String OF_GROUP = "-ELG-";

  /** The watch comes two to four times a second. */
  private static final int CALLS_PER_LOOK = 3;

  /** Threads that may have begun while they were counted. */
  private static final int SPARE = 16;

  private final Set<Thread> ofServer = new HashSet<>();
  private final Map<Thread, String> ofGroups = new HashMap<>();
  private int calls;
  private boolean well = true;

  @Override
  public boolean getAsBoolean() {
    if (calls++ % CALLS_PER_LOOK == 0) {
      well = look();
    }
    return well;
  }

  private boolean look() {
    for (Thread thread : all()) {
      final String name = thread.getName();
      if (OF_SERVER.matcher(name).find()) {
        ofServer.add(thread);
      } else if (name.contains(OF_GROUP)) {
        ofGroups.putIfAbsent(thread, name.substring(0, name.lastIndexOf('-')));
      }
    }
    final Set<String> living = new HashSet<>();
    ofGroups.forEach(
        (thread, group) -> {
          if (thread.isAlive()) {
            living.add(group);
          }
        });
    ofGroups.values().retainAll(living);
    return ofServer.stream().allMatch(Thread::isAlive) && ofGroups.keySet().stream().allMatch(Thread::isAlive);
  }

  private static Thread[] all() {
    ThreadGroup root = Thread.currentThread().getThreadGroup();
    while (root.getParent() != null) {
      root = root.getParent();
    }
    // The estimate may be too low by the threads that begin meanwhile: they are seen the next time.
    final Thread[] threads = new Thread[root.activeCount() + SPARE];
    return Arrays.copyOf(threads, root.enumerate(threads));
  }
}
