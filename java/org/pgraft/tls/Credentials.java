package org.pgraft.tls;

import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SSLException;
import org.apache.ratis.thirdparty.io.grpc.netty.GrpcSslContexts;
import org.apache.ratis.thirdparty.io.grpc.util.AdvancedTlsX509KeyManager;
import org.apache.ratis.thirdparty.io.grpc.util.AdvancedTlsX509TrustManager;
import org.apache.ratis.thirdparty.io.netty.handler.ssl.ClientAuth;
import org.apache.ratis.thirdparty.io.netty.handler.ssl.SslContext;
import org.apache.ratis.thirdparty.io.netty.handler.ssl.SslContextBuilder;
import org.apache.ratis.thirdparty.io.netty.handler.ssl.SslProvider;
import org.pgraft.config.ConfigException;
import org.pgraft.config.TlsMode;
import org.pgraft.config.TlsSettings;

/**
 * Who this node is to the other members and whom it believes: its certificate and key, and the authority that has signed the
 * certificates of all. Both sides of every connection show a certificate (mutual TLS, RFC 8446 and RFC 5246). The side that
 * dials also compares the other's certificate with the address it dialed (RFC 2818).
 *
 * <p>The files can be read anew while connections stand: those go on, and new ones are made with what was read. Nothing is
 * taken over unless all of it is good.
 *
 * <p>Thread-safe; the files are read by the thread that loads or reloads, one at a time.
 */
public final class Credentials {
  private static final String[] PROTOCOLS = {"TLSv1.3", "TLSv1.2"};

  /** A session that is resumed shows no certificate again, so it must not outlive a reload; connections last for long anyway. */
  private static final int SESSION_SECONDS = 1;

  private final TlsMode mode;
  private final AdvancedTlsX509KeyManager identity = new AdvancedTlsX509KeyManager();
  private final AdvancedTlsX509TrustManager trust;
  private volatile List<String> allowedNames = List.of();
  private volatile SslContext accepting;
  private volatile Instant expiry;
  private final SslContext dialing;

  private Credentials(TlsSettings settings) throws ConfigException {
    mode = settings.mode();
    try {
      trust =
          AdvancedTlsX509TrustManager.newBuilder()
              .setVerification(AdvancedTlsX509TrustManager.Verification.CERTIFICATE_AND_HOST_NAME_VERIFICATION)
              .setSslSocketAndEnginePeerVerifier(new AllowedNames(() -> allowedNames))
              .build();
      dialing =
          mode.dials()
              ? GrpcSslContexts.configure(SslContextBuilder.forClient().keyManager(identity), SslProvider.JDK)
                  .trustManager(trust)
                  .protocols(PROTOCOLS)
                  .sessionTimeout(SESSION_SECONDS)
                  .build()
              : null;
    } catch (CertificateException | SSLException e) {
      throw unusable(e);
    }
  }

  /** None: members talk in plain text. */
  public static Credentials none() {
    try {
      return new Credentials(new TlsSettings(TlsMode.OFF, Path.of(""), Path.of(""), Path.of(""), List.of()));
    } catch (ConfigException e) {
      throw new IllegalStateException(e);
    }
  }

  /**
   * Reads the files.
   *
   * @param settings which
   * @param host where the other members dial this node
   * @throws ConfigException when one is missing, cannot be used or is not kept secret, or when the other members, if they were
   *     configured alike, would refuse this node
   */
  public static Credentials load(TlsSettings settings, String host) throws ConfigException {
    final Credentials credentials = new Credentials(settings);
    credentials.reload(settings, host);
    return credentials;
  }

  /**
   * Reads the files again, perhaps under other names. The mode stays.
   *
   * @throws ConfigException as {@link #load}; what was read before stays in use
   */
  public synchronized void reload(TlsSettings settings, String host) throws ConfigException {
    if (!mode.accepts()) {
      return;
    }
    final KeyAndChain own = KeyAndChain.read(settings.certificate(), settings.key());
    final X509Certificate[] authorities =
        KeyAndChain.certificates(settings.authority()).toArray(X509Certificate[]::new);
    new OwnCertificate(own, authorities, settings).check(host);
    try {
      identity.updateIdentityCredentials(own.chainArray(), own.key());
      trust.updateTrustCredentials(authorities);
      allowedNames = settings.allowedNames();
      expiry = own.expiry();
      accepting =
          GrpcSslContexts.configure(SslContextBuilder.forServer(identity), SslProvider.JDK)
              .trustManager(trust)
              .clientAuth(ClientAuth.REQUIRE)
              .protocols(PROTOCOLS)
              .sessionTimeout(SESSION_SECONDS)
              .build();
    } catch (GeneralSecurityException | IOException e) {
      throw unusable(e);
    }
  }

  private static ConfigException unusable(Exception cause) {
    return new ConfigException(
        "the certificates for TLS between members cannot be used: " + cause.getMessage(),
        "See pgraft.tls_cert_file, pgraft.tls_key_file and pgraft.tls_ca_file.");
  }

  /** Who may and must use TLS. */
  public TlsMode mode() {
    return mode;
  }

  /** For connections to other members; empty to make them without TLS. */
  public Optional<SslContext> dialing() {
    return Optional.ofNullable(dialing);
  }

  /** When this node's certificate, or one between it and the authority, is out of date; empty without TLS. */
  public Optional<Instant> expiry() {
    return Optional.ofNullable(expiry);
  }

  /** For the next connection from another member; only if the mode accepts TLS. */
  SslContext accepting() {
    return accepting;
  }
}
