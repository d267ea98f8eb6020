package org.pgraft.worker;

import java.lang.invoke.VarHandle;

/**
 * Tells sessions that wait for a change of the store that there is one: the other side of {@code native/watch.c}. Where nobody
 * waits it reads one word.
 *
 * <p>Thread-safe; called on the thread that applies entries, after each.
 */
final class WatchBell {
  private static final int WATCHED = 1128;
  private static final int RUNG = 1136;

  private final SharedMemory memory;
  private final Runnable wakeWorker;

  /**
   * @param memory the shared memory
   * @param wakeWorker has the worker's main thread look at it; it wakes the sessions
   */
  WatchBell(SharedMemory memory, Runnable wakeWorker) {
    this.memory = memory;
    this.wakeWorker = wakeWorker;
  }

  /** The store has changed, and readers see it. */
  void ring() {
    // A session says that it waits, and then looks at the store; this is the same the other way round.
    VarHandle.fullFence();
    if (memory.read(WATCHED) != 0) {
      memory.write(RUNG, 1);
      wakeWorker.run();
    }
  }
}
