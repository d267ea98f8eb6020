package org.pgraft.consensus;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import org.pgraft.command.Failure;
import org.pgraft.command.PgraftException;
import org.pgraft.command.Responses;
import org.pgraft.command.WireReader;
import org.pgraft.command.WireWriter;
import org.pgraft.config.Settings;
import org.pgraft.tls.Credentials;

/** An engine with a lease word of its own, without a PostgreSQL around it: several fit into one test's process. */
final class TestEngine implements LeaseSink {
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(60);

  private final List<String> settings;
  private final AtomicLong leaseTerm = new AtomicLong();
  private final AtomicLong leaseUntil = new AtomicLong();
  private final List<String> told = new CopyOnWriteArrayList<>();
  private Engine engine;

  TestEngine(Path root, int node, String... settings) throws IOException {
    final Path pgdata = root.resolve("pgdata" + node);
    Files.createDirectories(pgdata);
    this.settings = new ArrayList<>(List.of(settings));
    this.settings.add("pgdata=" + pgdata);
    this.settings.add("data_dir=" + root.resolve("pgdata" + node + ".pgraft"));
    this.settings.add("max_processes=64");
    this.settings.add("max_store_size=" + (256L << 20));
  }

  /** Distinct ports that nobody listens on at the moment. */
  static int[] freePorts(int count) throws IOException {
    final List<ServerSocket> sockets = new ArrayList<>();
    final int[] ports = new int[count];
    for (int i = 0; i < count; i++) {
      sockets.add(new ServerSocket(0));
      ports[i] = sockets.get(i).getLocalPort();
    }
    for (ServerSocket socket : sockets) {
      socket.close();
    }
    return ports;
  }

  TestEngine start() throws Exception {
    final Settings parsed = Settings.parse(settings);
    engine = new Engine(parsed, Credentials.load(parsed.tls(), parsed.advertisedHost()), this, System::nanoTime, () -> {}, () -> {}, this::tell);
    engine.start();
    return this;
  }

  void stop() {
    engine.stop();
  }

  Engine engine() {
    return engine;
  }

  private void tell(EventKind kind, String detail) {
    told.add(kind + " " + detail);
  }

  /** The details of what it has told of a kind. */
  List<String> told(String kind) {
    return told.stream().filter(line -> line.startsWith(kind + " ")).map(line -> line.substring(kind.length() + 1)).toList();
  }

  boolean holdsLease() {
    return System.nanoTime() < leaseUntil.get();
  }

  @Override
  public void publish(long term, long expiryNanos) {
    leaseTerm.set(term);
    leaseUntil.set(expiryNanos);
  }

  @Override
  public void storeIs(long generation) {}

  @Override
  public void clear(int endedHow) {
    leaseUntil.set(0);
  }

  /** Stores a value and returns the revision. */
  long put(String key, String value) throws PgraftException {
    final ByteBuffer response =
        submit(new WireWriter().u8(1).u8(1).text(key).text(value).i64(0).u8(0).done());
    return new WireReader(result(response), "put").i64();
  }

  /** The linearizable value of a key, or null. */
  String get(String key) throws PgraftException {
    final ByteBuffer response =
        submit(new WireWriter().u8(1).u8(4).text(key).text("").i64(1).i64(0).u8(0).done());
    final WireReader in = new WireReader(result(response), "range");
    in.i64();
    in.i64();
    in.u8();
    if (in.i32() == 0) {
      return null;
    }
    in.bytes();
    return StandardCharsets.UTF_8.decode(in.bytes()).toString();
  }

  /** Founds a cluster. */
  void init() throws PgraftException {
    call(request(41));
  }

  /** Adds a node of this machine to the cluster. */
  void addNode(int node, int port) throws PgraftException {
    call(request(42).i32(node).text("127.0.0.1").i32(port));
  }

  void removeNode(int node) throws PgraftException {
    call(request(43).i32(node));
  }

  /** Takes a snapshot, and returns the index of its last entry. */
  long snapshot() throws PgraftException {
    return new WireReader(call(request(50)), "snapshot").i64();
  }

  /** Sends a request of one operation and a body, and returns the body of its result. */
  ByteBuffer call(WireWriter request) throws PgraftException {
    return result(submit(request.done()));
  }

  static WireWriter request(int op) {
    return new WireWriter().u8(1).u8(op);
  }

  private ByteBuffer submit(ByteBuffer request) {
    return engine.submit(request, System.nanoTime() + TimeUnit.SECONDS.toNanos(20)).join();
  }

  private static ByteBuffer result(ByteBuffer response) throws PgraftException {
    if (!Responses.isOk(response)) {
      final Failure failure = Responses.failure(response);
      throw new PgraftException(failure);
    }
    return Responses.body(response);
  }

  static void await(String what, BooleanSupplier condition) throws InterruptedException {
    final long deadline = System.nanoTime() + PATIENCE_NANOS;
    while (!condition.getAsBoolean()) {
      assertTrue(System.nanoTime() < deadline, "waited in vain for " + what);
      Thread.sleep(20);
    }
  }
}
