package org.pgraft.metrics;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * Pages for load balancers and the like, which send nobody to a node whose page does not answer with status 200. GET shows a
 * line of JSON as well; HEAD and OPTIONS, which HAProxy's httpchk sends, have the status alone.
 *
 * <p>Thread-safe; the HTTP server's threads. Nothing is kept: each answer is computed from the engine's state at that moment.
 */
final class HealthPages {
  private static final int OK = 200;
  private static final int NOT_FOUND = 404;
  private static final int METHOD_NOT_ALLOWED = 405;
  private static final int UNAVAILABLE = 503;
  private static final int NO_BODY = -1;
  private static final String ALLOWED = "GET, HEAD, OPTIONS";
  private static final Set<String> METHODS = Set.of(ALLOWED.split(", "));

  private final Supplier<Health> health;

  private HealthPages(Supplier<Health> health) {
    this.health = health;
  }

  /** Adds the pages to a server. */
  static void addTo(HttpServer server, Supplier<Health> health) {
    final HealthPages pages = new HealthPages(health);
    // It answers: the worker lives.
    pages.add(server, "/live", now -> true);
    pages.add(server, "/health", Health::takesPart);
    pages.add(server, "/ready", Health::isReady);
    pages.add(server, "/leader", Health::holdsLease);
    pages.add(server, "/replica", now -> now.isReady() && !now.holdsLease());
  }

  private void add(HttpServer server, String path, Predicate<Health> good) {
    server.createContext(path, exchange -> answer(exchange, path, good));
  }

  private void answer(HttpExchange exchange, String path, Predicate<Health> good) throws IOException {
    try (exchange) {
      if (!METHODS.contains(exchange.getRequestMethod())) {
        exchange.getResponseHeaders().set("Allow", ALLOWED);
        exchange.sendResponseHeaders(METHOD_NOT_ALLOWED, NO_BODY);
        return;
      }
      if (!exchange.getRequestURI().getPath().equals(path)) {
        exchange.sendResponseHeaders(NOT_FOUND, NO_BODY);
        return;
      }
      final Health now = health.get();
      final int status = good.test(now) ? OK : UNAVAILABLE;
      switch (exchange.getRequestMethod()) {
        case "GET" -> {
          final byte[] body = now.toJson().getBytes(StandardCharsets.UTF_8);
          exchange.getResponseHeaders().set("Content-Type", "application/json");
          exchange.sendResponseHeaders(status, body.length);
          exchange.getResponseBody().write(body);
        }
        case "OPTIONS" -> {
          exchange.getResponseHeaders().set("Allow", ALLOWED);
          exchange.sendResponseHeaders(status, NO_BODY);
        }
        default -> exchange.sendResponseHeaders(status, NO_BODY);
      }
    }
  }
}
