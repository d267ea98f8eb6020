package org.pgraft.worker;

import java.util.ArrayList;
import java.util.List;

/** A server that remembers whom it was asked to wake. */
final class FakeServer implements ServerCalls {
  final List<Integer> woken = new ArrayList<>();
  Runnable onWake = () -> {};

  @Override
  public void wakeWorker() {}

  @Override
  public void wakeSession(int procno) {
    woken.add(procno);
    onWake.run();
  }

  @Override
  public void log(int level, byte[] utf8) {}

  @Override
  public void event(int kind, byte[] utf8) {}

  @Override
  public long boottimeNanos() {
    return 0;
  }
}
