package org.pgraft.tls;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.pgraft.config.TlsMode;
import org.pgraft.config.TlsSettings;

/** An authority that signs members' certificates, by the program openssl, in a directory of its own. */
public final class TestAuthority {
  private final Path directory;

  /** Makes the authority's key and certificate. */
  public TestAuthority(Path directory) throws IOException {
    this.directory = Files.createDirectories(directory);
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
        "-subj", "/CN=" + directory.getFileName(), "-keyout", "ca.key", "-out", "ca.crt");
  }

  /** A certificate and its key, as {@code name.crt} and {@code name.key}, and the first host that it is for. */
  public record Member(Path certificate, Path key, String host) {
    Member(Path certificate, Path key) {
      this(certificate, key, "");
    }
  }

  /**
   * Signs a certificate.
   *
   * @param name of the files, and the common name
   * @param alternatives as openssl writes them, for example {@code IP:127.0.0.1}
   */
  public Member sign(String name, String... alternatives) throws IOException {
    return sign(name, List.of("-days", "2"), alternatives);
  }

  /** One that was valid until yesterday. */
  public Member signExpired(String name) throws IOException {
    return sign(name, List.of("-days", "-1"), "IP:127.0.0.1");
  }

  private Member sign(String name, List<String> validity, String... alternatives) throws IOException {
    Files.writeString(directory.resolve(name + ".ext"), "subjectAltName=" + String.join(",", alternatives)
        + "\nextendedKeyUsage=serverAuth,clientAuth\n");
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=" + name, "-keyout", name + ".key", "-out", name + ".csr");
    final List<String> signing =
        new ArrayList<>(List.of("x509", "-req", "-in", name + ".csr", "-CA", "ca.crt", "-CAkey", "ca.key",
            "-CAcreateserial", "-extfile", name + ".ext", "-out", name + ".crt"));
    signing.addAll(validity);
    openssl(signing.toArray(String[]::new));
    return new Member(
        directory.resolve(name + ".crt"), directory.resolve(name + ".key"), alternatives[0].replaceFirst("^[^:]*:", ""));
  }

  /** The authority's own certificate. */
  public Path certificate() {
    return directory.resolve("ca.crt");
  }

  /** For a client that believes this authority alone. */
  public SSLContext trusting() throws Exception {
    final KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
    trusted.load(null, null);
    try (InputStream in = Files.newInputStream(certificate())) {
      trusted.setCertificateEntry("ca", CertificateFactory.getInstance("X.509").generateCertificate(in));
    }
    final TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(trusted);
    final SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, trust.getTrustManagers(), null);
    return context;
  }

  /** What a node with such a certificate is told. */
  public TlsSettings settings(TlsMode mode, Member member, String... allowedNames) {
    return new TlsSettings(mode, member.certificate(), member.key(), certificate(), List.of(allowedNames));
  }

  private void openssl(String... arguments) throws IOException {
    final List<String> command = new ArrayList<>(List.of("openssl"));
    command.addAll(List.of(arguments));
    final Process process =
        new ProcessBuilder(command).directory(directory.toFile()).redirectErrorStream(true).start();
    final String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    try {
      if (process.waitFor() != 0) {
        throw new IOException(String.join(" ", command) + ": " + output);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(e);
    }
  }
}
