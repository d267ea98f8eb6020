package org.pgraft.metrics;

import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsParameters;
import com.sun.net.httpserver.HttpsServer;
import io.prometheus.client.CollectorRegistry;
import io.prometheus.client.exporter.HTTPServer;
import io.prometheus.client.hotspot.GarbageCollectorExports;
import io.prometheus.client.hotspot.MemoryPoolsExports;
import io.prometheus.client.hotspot.StandardExports;
import io.prometheus.client.hotspot.ThreadExports;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;

/**
 * Serves the metrics page at {@code /metrics}: the engine's figures, the latencies, and the JVM's memory, garbage
 * collections, pauses and threads; and beside it the {@link HealthPages}, for which no token is asked.
 *
 * <p>Thread-safe. The HTTP server has daemon threads of its own, which end when nobody asks.
 */
public final class MetricsServer implements AutoCloseable {
  private static final int BACKLOG_OF_THE_SYSTEM = 0;
  private static final String[] PROTOCOLS = {"TLSv1.3", "TLSv1.2"};

  /** One that is held up by a client that says nothing leaves others for the load balancers. */
  private static final int THREADS = 8;

  private static final int IDLE_SECONDS = 30;

  private final HttpServer server;
  private final ThreadPoolExecutor threads;

  /**
   * Where the pages are, and whom they are for.
   *
   * @param address where to listen
   * @param tls the certificate to show; empty for plain text
   * @param token the token that who reads the metrics must bear now; empty to let everybody
   */
  public record Access(InetSocketAddress address, Optional<SSLContext> tls, Supplier<String> token) {
    /** In plain text, for everybody who reaches it. */
    static Access open(InetSocketAddress address) {
      return new Access(address, Optional.empty(), () -> "");
    }
  }

  /**
   * Starts serving.
   *
   * @param access where to listen, and whom to let in
   * @param view the engine's figures; called on the server's threads
   * @param health how the node is; called on the server's threads
   * @param latencies the histograms to show
   * @throws IOException when the address cannot be listened on
   */
  public MetricsServer(
      Access access, Supplier<MetricsView> view, Supplier<Health> health, Latencies latencies) throws IOException {
    final CollectorRegistry registry = new CollectorRegistry();
    new EngineCollector(view).register(registry);
    latencies.register(registry);
    new MemoryPoolsExports().register(registry);
    new GarbageCollectorExports().register(registry);
    new ThreadExports().register(registry);
    new StandardExports().register(registry);
    server = listen(access);
    HealthPages.addTo(server, health);
    for (String path : List.of("/", "/metrics")) {
      server
          .createContext(path, new HTTPServer.HTTPMetricHandler(registry))
          .setAuthenticator(new BearerToken(access.token()));
    }
    threads =
        new ThreadPoolExecutor(
            THREADS,
            THREADS,
            IDLE_SECONDS,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(),
            task -> daemon(task, "pgraft-metrics"));
    threads.allowCoreThreadTimeOut(true);
    server.setExecutor(threads);
    start();
  }

  /** From a daemon thread, because the server's own thread takes that from the one that starts it. */
  private void start() {
    final Thread starter = daemon(server::start, "pgraft-metrics-start");
    starter.start();
    try {
      starter.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static Thread daemon(Runnable task, String name) {
    final Thread thread = new Thread(task, name);
    thread.setDaemon(true);
    return thread;
  }

  private static HttpServer listen(Access access) throws IOException {
    if (access.tls().isEmpty()) {
      return HttpServer.create(access.address(), BACKLOG_OF_THE_SYSTEM);
    }
    final HttpsServer https = HttpsServer.create(access.address(), BACKLOG_OF_THE_SYSTEM);
    https.setHttpsConfigurator(
        new HttpsConfigurator(access.tls().get()) {
          @Override
          public void configure(HttpsParameters parameters) {
            final SSLParameters secure = getSSLContext().getDefaultSSLParameters();
            secure.setProtocols(PROTOCOLS);
            parameters.setSSLParameters(secure);
          }
        });
    return https;
  }

  /** The port that is listened on. */
  public int port() {
    return server.getAddress().getPort();
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdown();
  }
}
