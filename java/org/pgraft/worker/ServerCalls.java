package org.pgraft.worker;

/**
 * What the engine may ask of the server it runs in. Every method may be called from any thread, returns at once and throws
 * nothing.
 */
interface ServerCalls {
  /** Lets the worker call {@link Worker#tick} now instead of at its next round. */
  void wakeWorker();

  /**
   * Wakes a session.
   *
   * @param procno its number in PostgreSQL's array of processes, as it stands in its slot
   */
  void wakeSession(int procno);

  /**
   * Puts a message on its way to the server's log; it is dropped, and counted, when the log is too slow.
   *
   * @param level 0 debug, 1 info, 2 warning, 3 error
   * @param utf8 the message
   */
  void log(int level, byte[] utf8);

  /**
   * Puts an event on its way to those who wait for it; it is dropped, and its id is skipped, when they come too fast.
   *
   * @param kind its number, {@link org.pgraft.consensus.EventKind#code}
   * @param utf8 what is to be said of it
   */
  void event(int kind, byte[] utf8);

  /** Nanoseconds on {@code CLOCK_BOOTTIME}, which goes on while the machine sleeps. */
  long boottimeNanos();
}
