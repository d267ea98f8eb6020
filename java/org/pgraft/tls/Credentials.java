package org.pgraft.tls;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Arrays;
import java.util.Date;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SSLException;
import org.apache.ratis.thirdparty.io.grpc.netty.GrpcSslContexts;
import org.apache.ratis.thirdparty.io.grpc.util.AdvancedTlsX509KeyManager;
import org.apache.ratis.thirdparty.io.grpc.util.AdvancedTlsX509TrustManager;
import org.apache.ratis.thirdparty.io.grpc.util.CertificateUtils;
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
   * @throws ConfigException when one is missing, cannot be used or is not kept secret
   */
  public static Credentials load(TlsSettings settings) throws ConfigException {
    final Credentials credentials = new Credentials(settings);
    credentials.reload(settings);
    return credentials;
  }

  /**
   * Reads the files again, perhaps under other names. The mode stays.
   *
   * @throws ConfigException as {@link #load}; what was read before stays in use
   */
  public synchronized void reload(TlsSettings settings) throws ConfigException {
    if (!mode.accepts()) {
      return;
    }
    final X509Certificate[] chain = certificates(settings.certificate());
    final PrivateKey key = key(settings.key());
    final X509Certificate[] authorities = certificates(settings.authority());
    try {
      chain[0].checkValidity();
      requirePair(chain[0], key, settings);
      identity.updateIdentityCredentials(chain, key);
      trust.updateTrustCredentials(authorities);
      allowedNames = settings.allowedNames();
      expiry = Arrays.stream(chain).map(X509Certificate::getNotAfter).map(Date::toInstant).min(Instant::compareTo).orElseThrow();
      // A new one, because a session of before could be resumed in the old one without showing a certificate again.
      accepting =
          GrpcSslContexts.configure(SslContextBuilder.forServer(identity), SslProvider.JDK)
              .trustManager(trust)
              .clientAuth(ClientAuth.REQUIRE)
              .protocols(PROTOCOLS)
              .build();
    } catch (GeneralSecurityException | IOException e) {
      throw unusable(e);
    }
  }

  private static void requirePair(X509Certificate certificate, PrivateKey key, TlsSettings settings)
      throws ConfigException, GeneralSecurityException {
    final String algorithm = key.getAlgorithm().equals("RSA") ? "SHA256withRSA" : "SHA256withECDSA";
    final byte[] sample = {1};
    if (certificate.getPublicKey().getAlgorithm().equals(key.getAlgorithm())) {
      final Signature signature = Signature.getInstance(algorithm);
      signature.initSign(key);
      signature.update(sample);
      final byte[] signed = signature.sign();
      signature.initVerify(certificate.getPublicKey());
      signature.update(sample);
      if (signature.verify(signed)) {
        return;
      }
    }
    throw new ConfigException(
        "the private key in \"" + settings.key() + "\" is not that of the certificate in \"" + settings.certificate() + "\"",
        "The two are made together; see pgraft.tls_cert_file and pgraft.tls_key_file.");
  }

  private static X509Certificate[] certificates(Path file) throws ConfigException {
    try (InputStream in = Files.newInputStream(file)) {
      final X509Certificate[] read = CertificateUtils.getX509Certificates(in);
      if (read.length > 0) {
        return read;
      }
    } catch (CertificateException e) {
      throw new ConfigException(
          "file \"" + file + "\" has no certificate that can be read: " + e.getMessage(), "Certificates are in PEM format.");
    } catch (IOException e) {
      throw unreadable(file, e);
    }
    throw new ConfigException("file \"" + file + "\" has no certificate", "Certificates are in PEM format.");
  }

  private static PrivateKey key(Path file) throws ConfigException {
    try (InputStream in = Files.newInputStream(file)) {
      KeyFile.check(file);
      return CertificateUtils.getPrivateKey(in);
    } catch (GeneralSecurityException e) {
      throw new ConfigException(
          "file \"" + file + "\" has no private key that can be read",
          "It must be an RSA or EC key in PEM format, PKCS #8, without a passphrase: \"openssl pkcs8 -topk8 -nocrypt\" makes"
              + " one.");
    } catch (IOException e) {
      throw unreadable(file, e);
    }
  }

  private static ConfigException unreadable(Path file, IOException cause) {
    return new ConfigException(
        "could not read file \"" + file + "\": "
            + (cause instanceof NoSuchFileException ? "No such file or directory" : cause.getMessage()),
        "See pgraft.tls_cert_file, pgraft.tls_key_file and pgraft.tls_ca_file.");
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
