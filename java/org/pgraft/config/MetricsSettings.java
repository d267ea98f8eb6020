package org.pgraft.config;

import java.nio.file.Path;
import java.util.Optional;

/**
 * The page for Prometheus and the pages for load balancers. Immutable.
 *
 * @param enabled whether they are served
 * @param address on which address
 * @param port on which port
 * @param certificate the certificate to serve them over TLS; empty for plain text
 * @param key its private key
 * @param token the file of the token that who reads the metrics must bear; empty to let everybody
 */
public record MetricsSettings(
    boolean enabled, String address, int port, Optional<Path> certificate, Optional<Path> key, Optional<Path> token) {

  static MetricsSettings of(RawSettings raw, Path pgdata) throws ConfigException {
    return new MetricsSettings(
        raw.on("metrics_enabled"),
        raw.text("metrics_address", "127.0.0.1"),
        raw.integer("metrics_port", 9100),
        file(raw, "metrics_tls_cert_file", pgdata),
        file(raw, "metrics_tls_key_file", pgdata),
        file(raw, "metrics_token_file", pgdata));
  }

  /**
   * Whether the pages are served over TLS.
   *
   * @throws ConfigException when only one of certificate and key is set
   */
  public boolean isEncrypted() throws ConfigException {
    if (certificate.isPresent() != key.isPresent()) {
      throw new ConfigException(
          "only one of pgraft.metrics_tls_cert_file and pgraft.metrics_tls_key_file is set",
          "Set both to serve the metrics over TLS, or none.");
    }
    return certificate.isPresent();
  }

  private static Optional<Path> file(RawSettings raw, String name, Path pgdata) {
    return Optional.of(raw.text(name, "")).filter(text -> !text.isEmpty()).map(pgdata::resolve);
  }
}
