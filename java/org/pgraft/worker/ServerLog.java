package org.pgraft.worker;

import java.nio.charset.StandardCharsets;
import java.util.logging.Level;
import java.util.logging.LogManager;
import org.pgraft.config.LogLevel;
import org.slf4j.bridge.SLF4JBridgeHandler;

/**
 * Decides which messages of the engine and its libraries go to the server's log, and how they look there. Messages of
 * libraries must be one level more severe than pgraft's own: Ratis reports as warnings what is usual when a member is away.
 * Stack traces are shown at {@code debug} only.
 *
 * <p>A library may catch an error of the virtual machine, log it, and be of no use from then on: gRPC does so with a channel
 * in whose midst one was thrown. So what is logged as such is handed on to the handler of uncaught errors, too.
 *
 * <p>Thread-safe. There is one for the process, because SLF4J finds its provider by name; until {@link #open} is called
 * nothing is logged.
 */
final class ServerLog {
  private static final ServerLog INSTANCE = new ServerLog();
  private static final String OWN = "org.pgraft.";

  /** Reports what its caller reports, too, and that better. */
  private static final String REPEATS = "org.apache.ratis.util.LifeCycle";

  private static final int CAUSES_MAX = 5;

  private volatile ServerCalls server;
  private volatile LogLevel threshold = LogLevel.WARNING;

  private ServerLog() {}

  static ServerLog instance() {
    return INSTANCE;
  }

  /** Begins to log, also what libraries give to {@code java.util.logging}. */
  void open(ServerCalls to, LogLevel level) {
    threshold = level;
    server = to;
    LogManager.getLogManager().getLogger("").setLevel(Level.WARNING);
    SLF4JBridgeHandler.removeHandlersForRootLogger();
    SLF4JBridgeHandler.install();
  }

  void setThreshold(LogLevel level) {
    threshold = level;
  }

  /** Whether a message of this logger and level is wanted. */
  boolean isWanted(String logger, LogLevel level) {
    if (server == null) {
      return false;
    }
    if (logger.equals(REPEATS)) {
      return threshold == LogLevel.DEBUG;
    }
    final int handicap = logger.startsWith(OWN) ? 0 : 1;
    return level.ordinal() - handicap >= threshold.ordinal() || level == LogLevel.ERROR;
  }

  void log(String logger, LogLevel level, String message, Throwable thrown) {
    final StringBuilder line = new StringBuilder();
    if (!logger.startsWith(OWN)) {
      line.append(logger, logger.lastIndexOf('.') + 1, logger.length()).append(": ");
    }
    line.append(message);
    appendCauses(line, thrown);
    server.log(level.ordinal(), line.toString().getBytes(StandardCharsets.UTF_8));
    if (level == LogLevel.ERROR && !logger.startsWith(OWN)) {
      handOn(thrown);
    }
  }

  /** Not a lack of memory: of the heap's the JVM sees to it itself, and Netty throws one for a buffer that it refuses. */
  private static void handOn(Throwable thrown) {
    final Thread.UncaughtExceptionHandler handler = Thread.getDefaultUncaughtExceptionHandler();
    if (thrown instanceof VirtualMachineError && !(thrown instanceof OutOfMemoryError) && handler != null) {
      handler.uncaughtException(Thread.currentThread(), thrown);
    }
  }

  private void appendCauses(StringBuilder line, Throwable thrown) {
    int count = 0;
    for (Throwable cause = thrown; cause != null && count < CAUSES_MAX; cause = cause.getCause()) {
      line.append(count == 0 ? ": " : "; caused by ").append(cause);
      count++;
      if (threshold == LogLevel.DEBUG) {
        for (StackTraceElement frame : cause.getStackTrace()) {
          line.append("\n\tat ").append(frame);
        }
      }
    }
  }
}
