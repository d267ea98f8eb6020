package org.pgraft.worker;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.pgraft.command.Failure;
import org.pgraft.command.Op;
import org.pgraft.command.PgraftException;
import org.pgraft.command.Request;
import org.pgraft.command.Requests;
import org.pgraft.command.Responses;
import org.pgraft.command.SqlState;
import org.pgraft.config.ConfigException;
import org.pgraft.config.LogLevel;
import org.pgraft.config.Settings;
import org.pgraft.consensus.Engine;
import org.pgraft.consensus.EngineException;
import org.pgraft.consensus.EngineStatus;
import org.pgraft.consensus.EventKind;
import org.pgraft.worker.StatusPage.WorkerState;
import org.pgraft.tls.Credentials;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The engine of this server, and its ties to shared memory: requests come out of slots and results go back, and what the
 * engine knows of itself goes to the status page.
 *
 * <p>Threads: {@link #boot}, {@link #tick}, {@link #reload} and {@link #shutdown} are called by the worker's main thread
 * only. The engine starts and stops on threads of their own and sets the volatile fields here. No locks.
 */
final class EngineHost {
  private static final Logger LOG = LoggerFactory.getLogger(EngineHost.class);
  private static final String WAITS =
      "member of no cluster; pgraft_init() here or pgraft_add_node() on a member makes it one";
  private static final String DIED = "a thread of the engine died";
  private static final String NO_MEMORY =
      "the Java virtual machine ran out of memory; see the server's log, pgraft.jvm_heap may be too small";
  private static final long HEAP_INTERVAL_NANOS = 1_000_000_000L;
  private static final long LOOK_INTERVAL_NANOS = 150_000_000L;

  /** What the worker is to do after a round. */
  enum Tick {
    /** Sleep, and come again. */
    GO_ON,
    /** Start again. */
    SICK,
    /** Leave: the engine has stopped as it was asked to. */
    STOPPED
  }

  private final ServerCalls server;
  private final SlotTable slots;
  private final StatusPage page;
  private final LeaseWord lease;
  private final WatchBell bell;
  private final SlotTable.Handler handler = this::handle;
  private final AtomicBoolean sick = new AtomicBoolean();
  private final Queue<Runnable> afterShowing = new ConcurrentLinkedQueue<>();

  private Settings settings;
  private Engine engine;
  private MetricsPage metrics;
  private PauseWatch pauses;
  private volatile String causeOfDeath = DIED;
  private volatile boolean started;
  private volatile boolean stopped;
  private volatile boolean changed;
  private volatile EngineException startFailure;
  private EngineStatus shown;
  private String shownMessage = "";
  private String refusedSettings = "";
  private long heapShownAt;
  private long lookedAt;
  private boolean refuses;

  EngineHost(SharedMemory memory, SharedLayout layout, ServerCalls server) {
    this.server = server;
    this.slots = new SlotTable(memory, layout, server);
    this.page = new StatusPage(memory, layout);
    this.lease = new LeaseWord(memory, layout, server::boottimeNanos, System::currentTimeMillis);
    this.bell = new WatchBell(memory, server::wakeWorker);
  }

  void boot(List<String> lines) {
    ServerLog.instance().open(server, LogLevel.WARNING);
    Thread.setDefaultUncaughtExceptionHandler((thread, thrown) -> died("thread " + thread.getName(), thrown));
    final Credentials credentials;
    try {
      settings = Settings.parse(lines);
      credentials = Credentials.load(settings.tls(), settings.advertisedHost());
    } catch (ConfigException e) {
      refuse(e.getMessage(), e.hint());
      return;
    }
    ServerLog.instance().setThreshold(settings.logLevel());
    if (settings.listensOnlyToItself()) {
      LOG.warn(unreachable());
    }
    if (settings.isInsecure()) {
      LOG.warn(
          "the members' port on {} takes connections without TLS (pgraft.allow_insecure): whoever reaches it can change"
              + " and destroy what the cluster keeps",
          settings.listenHost());
    }
    engine = new Engine(settings, credentials, lease, server::boottimeNanos, this::changed, bell::ring, this::tell);
    pauses = PauseWatch.ofThisJvm(engine.latencies());
    metrics = new MetricsPage(settings.metrics(), page, engine, server::boottimeNanos);
    daemon("pgraft-boot", this::start);
  }

  /** The engine has something new to tell. Any thread. */
  private void changed() {
    changed = true;
    server.wakeWorker();
  }

  /** No restart helps before the settings are others: stays up, and says so. */
  private void refuse(String message, String hint) {
    refuses = true;
    LOG.error("{}; {}", message, hint);
    page.state(WorkerState.ERROR, sentence(message, hint));
    tell(EventKind.ENGINE_FAILED, sentence(message, hint));
  }

  /** Something happened. Any thread. */
  private void tell(EventKind kind, String detail) {
    server.event(kind.code(), detail.getBytes(StandardCharsets.UTF_8));
  }

  private void start() {
    try {
      engine.start();
      started = true;
    } catch (EngineException e) {
      startFailure = e;
    }
    server.wakeWorker();
  }

  /** Memory may be what is lacking, so the part that needs none comes first. */
  private void died(String what, Throwable thrown) {
    final boolean noMemory = thrown instanceof OutOfMemoryError;
    causeOfDeath = noMemory ? NO_MEMORY : DIED;
    sick.set(true);
    if (!noMemory) {
      causeOfDeath = what + " died: " + thrown;
    }
    LOG.error("{} died", what, thrown);
    server.wakeWorker();
  }

  private static void daemon(String name, Runnable work) {
    final Thread thread = new Thread(work, name);
    thread.setDaemon(true);
    thread.start();
  }

  private static String sentence(String message, String hint) {
    return hint.isEmpty() ? message : message + ". " + hint;
  }

  Tick tick() {
    if (sick.get()) {
      page.state(WorkerState.ERROR, causeOfDeath);
      return Tick.SICK;
    }
    if (stopped) {
      return Tick.STOPPED;
    }
    if (refuses) {
      slots.takeReady((request, deadline) -> CompletableFuture.completedFuture(refusal()));
      return Tick.GO_ON;
    }
    final long now = server.boottimeNanos();
    pauses.begun(now);
    final Tick seen = lookIsDue(now) ? look() : Tick.GO_ON;
    if (seen == Tick.GO_ON && started && engine.failure().isEmpty()) {
      slots.takeReady(handler);
    }
    pauses.ended(server.boottimeNanos());
    return seen;
  }

  /** Requests come by the thousand, and each may bring a round; what the engine tells of itself can wait a moment. */
  private boolean lookIsDue(long now) {
    if (!changed && now - lookedAt < LOOK_INTERVAL_NANOS && afterShowing.isEmpty()) {
      return false;
    }
    changed = false;
    lookedAt = now;
    return true;
  }

  private Tick look() {
    final Optional<EngineException> failure =
        Optional.ofNullable(startFailure).or(() -> engine.failure());
    if (failure.isPresent()) {
      LOG.error("{}; {}", failure.get().getMessage(), failure.get().hint());
      page.state(WorkerState.ERROR, sentence(failure.get().getMessage(), failure.get().hint()));
      return Tick.SICK;
    }
    final Optional<String> overdue = engine.overdue();
    if (overdue.isPresent()) {
      LOG.error("the engine hangs: {}", overdue.get());
      page.state(WorkerState.ERROR, "the engine hangs: " + overdue.get());
      return Tick.SICK;
    }
    pauses.look();
    final int due = afterShowing.size();
    show();
    for (int i = 0; i < due; i++) {
      afterShowing.remove().run();
    }
    if (started) {
      metrics.open();
    }
    return Tick.GO_ON;
  }

  private static ByteBuffer refusal() {
    return Responses.error(
        new Failure(
            SqlState.NOT_ACCEPTED,
            "pgraft request was not accepted",
            "The pgraft worker has no engine.",
            "See pgraft_node_status() for the reason."));
  }

  private CompletableFuture<ByteBuffer> handle(ByteBuffer request, long deadline) {
    if (request.remaining() > 1 && request.get(1) == Op.SET_DEBUG.code()) {
      return CompletableFuture.completedFuture(setDebug(request));
    }
    final CompletableFuture<ByteBuffer> response = engine.submit(request, deadline);
    return showsInStatus(request) ? shownFirst(response) : response;
  }

  /** Whether a session that has the result will look for it on the status page. */
  private static boolean showsInStatus(ByteBuffer request) {
    return request.remaining() > 1 && request.get(1) >= Op.INIT.code();
  }

  /** The response, given only after the status page was written once more. */
  private CompletableFuture<ByteBuffer> shownFirst(CompletableFuture<ByteBuffer> response) {
    final CompletableFuture<ByteBuffer> shownResponse = new CompletableFuture<>();
    response.thenAccept(
        result -> {
          afterShowing.add(() -> shownResponse.complete(result));
          server.wakeWorker();
        });
    return shownResponse;
  }

  private ByteBuffer setDebug(ByteBuffer request) {
    try {
      final boolean enabled = ((Request.SetDebug) Requests.decode(request)).enabled();
      ServerLog.instance().setThreshold(enabled ? LogLevel.DEBUG : settings.logLevel());
      return Responses.ok(ByteBuffer.wrap(new byte[] {1}));
    } catch (PgraftException e) {
      return Responses.error(e.failure());
    }
  }

  /** Shows what has changed since the last round. */
  private void show() {
    final EngineStatus status = engine.status();
    final String message = message(status.phase());
    if (!status.equals(shown) || !message.equals(shownMessage)) {
      page.figures(status);
      if (shown == null || shown.phase() != status.phase() || !message.equals(shownMessage)) {
        showPhase(status.phase(), message);
      }
      shown = status;
      shownMessage = message;
    }
    final long now = server.boottimeNanos();
    if (now - heapShownAt > HEAP_INTERVAL_NANOS) {
      final Runtime runtime = Runtime.getRuntime();
      page.heap(runtime.totalMemory() - runtime.freeMemory(), runtime.maxMemory());
      heapShownAt = now;
    }
  }

  /** What there is to say beside the phase. */
  private String message(EngineStatus.Phase phase) {
    return phase == EngineStatus.Phase.WAITING
        ? Stream.of(waits(), unreachable(), refusedSettings)
            .filter(text -> !text.isEmpty())
            .collect(Collectors.joining("; "))
        : refusedSettings;
  }

  private String waits() {
    return engine.waitsFor().map(awaited -> "the node " + awaited).orElse(WAITS);
  }

  /** Why no member can reach this node, as far as its own settings tell; else empty. */
  private String unreachable() {
    return settings.listensOnlyToItself()
        ? "the other members cannot reach this node at " + settings.advertisedHost() + ": it listens on "
            + settings.listenHost() + " only, see pgraft.listen_address"
        : "";
  }

  private void showPhase(EngineStatus.Phase phase, String message) {
    switch (phase) {
      case STARTING -> {
        // The worker has shown that itself, or still shows why the last start failed.
      }
      case WAITING -> page.state(WorkerState.WAITING, message);
      case RUNNING -> page.state(WorkerState.RUNNING, message);
      case STOPPING, STOPPED -> page.state(WorkerState.STOPPING, "");
    }
  }

  void reload(List<String> lines) {
    if (refuses) {
      // What was refused may be good now; a worker that begins anew finds out.
      stopped = true;
      return;
    }
    if (engine == null) {
      return;
    }
    try {
      settings = Settings.parse(lines);
    } catch (ConfigException e) {
      refused("no setting was taken over: " + sentence(e.getMessage(), e.hint()));
      return;
    }
    ServerLog.instance().setThreshold(settings.logLevel());
    final Reload reload = new Reload();
    reload.takeOver(() -> engine.reload(settings));
    metrics.reload(settings.metrics(), reload);
    refused(reload.refused());
  }

  /** Says it once in the log, and in the status and the metrics until a reload is better. */
  private void refused(String what) {
    if (!what.isEmpty()) {
      LOG.error(what);
    }
    refusedSettings = what;
    metrics.settingsRefused(!what.isEmpty());
    changed();
  }

  void shutdown() {
    if (engine == null || !started) {
      stopped = true;
      return;
    }
    page.state(WorkerState.STOPPING, "");
    daemon(
        "pgraft-stop",
        () -> {
          try {
            engine.stop();
            metrics.close();
          } finally {
            stopped = true;
            server.wakeWorker();
          }
        });
  }
}
