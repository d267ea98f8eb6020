package org.pgraft.worker;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.pgraft.config.LogLevel;
import org.slf4j.bridge.SLF4JBridgeHandler;

/** What comes of errors that a library catches and logs. */
final class ServerLogTest {
  private static final String LIBRARY = "io.grpc.internal.ManagedChannelImpl";

  private final List<Throwable> handedOn = new ArrayList<>();
  private final Thread.UncaughtExceptionHandler before = Thread.getDefaultUncaughtExceptionHandler();

  @BeforeEach
  void listen() {
    ServerLog.instance().open(new FakeServer(), LogLevel.WARNING);
    Thread.setDefaultUncaughtExceptionHandler((thread, thrown) -> handedOn.add(thrown));
  }

  @AfterEach
  void restore() {
    Thread.setDefaultUncaughtExceptionHandler(before);
    SLF4JBridgeHandler.uninstall();
  }

  @Test
  void when_aLibraryLogsAnErrorOfTheVirtualMachine_then_itCountsAsUncaught() {
    final Error broken = new InternalError("broken");
    ServerLog.instance().log(LIBRARY, LogLevel.ERROR, "Panic!", broken);
    assertEquals(List.of(broken), handedOn);
  }

  @Test
  void when_whatIsLoggedIsNoSuchError_then_itIsOnlyLogged() {
    ServerLog.instance().log(LIBRARY, LogLevel.ERROR, "failed", new IllegalStateException("closed"));
    ServerLog.instance().log(LIBRARY, LogLevel.ERROR, "no buffer", new OutOfMemoryError("direct memory"));
    ServerLog.instance().log(LIBRARY, LogLevel.WARNING, "tried in vain", new InternalError("no such call"));
    ServerLog.instance().log("org.pgraft.worker.EngineHost", LogLevel.ERROR, "died", new InternalError("told already"));
    assertEquals(List.of(), handedOn);
  }
}
