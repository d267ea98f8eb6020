package org.pgraft.worker;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;

/**
 * The class that the C part of the worker calls, through JNI: {@code native/jvm.c}. Its one static field is the bridge
 * between the two.
 *
 * <p>All methods are called by the worker's main thread, with all signals blocked, and return soon. An exception that gets
 * out makes the worker start again.
 */
public final class Worker {
  private static EngineHost host;

  private Worker() {}

  /**
   * Sets the engine up and lets it start on a thread of its own.
   *
   * @param shared pgraft's shared memory
   * @param settings {@code name=value}, as {@code native/guc.c} writes them
   */
  public static void boot(ByteBuffer shared, String[] settings) throws IOException {
    TemporaryFiles.clear(Path.of(System.getProperty("java.io.tmpdir")));
    final SharedLayout layout = SharedLayout.of(shared);
    host = new EngineHost(new SharedMemory(shared), layout, new NativeCalls());
    host.boot(List.of(settings));
  }

  /**
   * One round: takes requests, shows the state.
   *
   * @return 0 to go on, 1 when the worker has to start again, 2 when the engine has stopped after {@link #shutdown}
   */
  public static int tick() {
    return host.tick().ordinal();
  }

  /**
   * Takes over settings that have changed.
   *
   * @param settings all settings, as at {@link #boot}
   */
  public static void reload(String[] settings) {
    host.reload(List.of(settings));
  }

  /** Begins to stop; {@link #tick} tells when that is done. */
  public static void shutdown() {
    host.shutdown();
  }
}
