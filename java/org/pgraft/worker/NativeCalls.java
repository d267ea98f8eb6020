package org.pgraft.worker;

import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;

/**
 * The way back into the server: functions of pgraft's C library ({@code native/bridge.h}), which PostgreSQL has loaded into
 * this process, found by name and bound by JNA's direct mapping.
 */
final class NativeCalls implements ServerCalls {
  static {
    Native.register(NativeCalls.class, NativeLibrary.getProcess());
  }

  private static native void pgraft_wake_worker();

  private static native void pgraft_wake_backend(int procno);

  private static native int pgraft_log_enqueue(int level, byte[] text, int length);

  private static native int pgraft_event_enqueue(int kind, byte[] text, int length);

  private static native long pgraft_boottime_ns();

  @Override
  public void wakeWorker() {
    pgraft_wake_worker();
  }

  @Override
  public void wakeSession(int procno) {
    pgraft_wake_backend(procno);
  }

  @Override
  public void log(int level, byte[] utf8) {
    pgraft_log_enqueue(level, utf8, utf8.length);
  }

  @Override
  public void event(int kind, byte[] utf8) {
    pgraft_event_enqueue(kind, utf8, utf8.length);
  }

  @Override
  public long boottimeNanos() {
    return pgraft_boottime_ns();
  }
}
