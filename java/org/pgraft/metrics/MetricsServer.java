package org.pgraft.metrics;

import io.prometheus.client.CollectorRegistry;
import io.prometheus.client.exporter.HTTPServer;
import io.prometheus.client.hotspot.GarbageCollectorExports;
import io.prometheus.client.hotspot.MemoryPoolsExports;
import io.prometheus.client.hotspot.StandardExports;
import io.prometheus.client.hotspot.ThreadExports;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.function.Supplier;

/**
 * Serves the metrics page at {@code /metrics}: the engine's figures, the latencies, and the JVM's memory, garbage
 * collections, pauses and threads.
 *
 * <p>Thread-safe. The HTTP server has a few daemon threads of its own.
 */
public final class MetricsServer implements AutoCloseable {
  private final HTTPServer server;

  /**
   * Starts serving.
   *
   * @param address where to listen
   * @param view the engine's figures; called on the server's threads
   * @param latencies the histograms to show
   * @throws IOException when the address cannot be listened on
   */
  public MetricsServer(InetSocketAddress address, Supplier<MetricsView> view, Latencies latencies)
      throws IOException {
    final CollectorRegistry registry = new CollectorRegistry();
    new EngineCollector(view).register(registry);
    latencies.register(registry);
    new MemoryPoolsExports().register(registry);
    new GarbageCollectorExports().register(registry);
    new ThreadExports().register(registry);
    new StandardExports().register(registry);
    server =
        new HTTPServer.Builder()
            .withInetSocketAddress(address)
            .withRegistry(registry)
            .withDaemonThreads(true)
            .build();
  }

  /** The port that is listened on. */
  public int port() {
    return server.getPort();
  }

  @Override
  public void close() {
    server.close();
  }
}
