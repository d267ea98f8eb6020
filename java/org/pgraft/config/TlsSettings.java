package org.pgraft.config;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * What the members' TLS is made of. The files are in PEM format. Immutable.
 *
 * @param mode who may and must use TLS
 * @param certificate this node's certificate, and those between it and the authority's
 * @param key the certificate's private key
 * @param authority the certificates of the authorities that members' certificates are signed by
 * @param allowedNames names of which a member's certificate must bear one; empty to take every certificate of the authority
 */
public record TlsSettings(
    TlsMode mode, Path certificate, Path key, Path authority, List<String> allowedNames) {

  /** Relative paths begin in {@code pgdata}, like those of PostgreSQL's own certificates. */
  static TlsSettings of(RawSettings raw, Path pgdata) throws ConfigException {
    final TlsMode mode = TlsMode.parse(raw.text("tls_enabled", "off"));
    return new TlsSettings(
        mode,
        file(raw, "tls_cert_file", mode, pgdata),
        file(raw, "tls_key_file", mode, pgdata),
        file(raw, "tls_ca_file", mode, pgdata),
        Arrays.stream(raw.text("tls_allowed_names", "").split(","))
            .map(String::strip)
            .filter(name -> !name.isEmpty())
            .toList());
  }

  private static Path file(RawSettings raw, String name, TlsMode mode, Path pgdata) throws ConfigException {
    final String text = raw.text(name, "");
    if (text.isEmpty() && mode.accepts()) {
      throw new ConfigException(
          "pgraft.tls_enabled is " + mode.name().toLowerCase(Locale.ROOT) + ", but pgraft." + name + " is not set",
          "TLS between members needs pgraft.tls_cert_file, pgraft.tls_key_file and pgraft.tls_ca_file.");
    }
    return pgdata.resolve(text);
  }
}
