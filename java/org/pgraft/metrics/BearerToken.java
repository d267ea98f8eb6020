package org.pgraft.metrics;

import com.sun.net.httpserver.Authenticator;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpPrincipal;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.function.Supplier;

/** Lets requests pass that bear the token (RFC 6750). Thread-safe; the HTTP server's threads. */
final class BearerToken extends Authenticator {
  private static final int UNAUTHORIZED = 401;
  private static final String SCHEME = "Bearer ";
  private static final HttpPrincipal BEARER = new HttpPrincipal("bearer", "pgraft");

  private final Supplier<String> token;

  /**
   * @param token the token of now; empty to let everybody pass
   */
  BearerToken(Supplier<String> token) {
    this.token = token;
  }

  @Override
  public Result authenticate(HttpExchange exchange) {
    final String wanted = token.get();
    final String shown = exchange.getRequestHeaders().getFirst("Authorization");
    if (wanted.isEmpty() || shown != null && isSame(shown, SCHEME + wanted)) {
      return new Success(BEARER);
    }
    exchange.getResponseHeaders().set("WWW-Authenticate", "Bearer realm=\"pgraft\"");
    return new Failure(UNAUTHORIZED);
  }

  /** In a time that does not tell how much of it was right. */
  private static boolean isSame(String shown, String wanted) {
    return MessageDigest.isEqual(shown.getBytes(StandardCharsets.UTF_8), wanted.getBytes(StandardCharsets.UTF_8));
  }
}
