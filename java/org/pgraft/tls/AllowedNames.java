package org.pgraft.tls;

import java.net.Socket;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.function.Supplier;
import javax.naming.InvalidNameException;
import javax.naming.ldap.LdapName;
import javax.net.ssl.SSLEngine;
import org.apache.ratis.thirdparty.io.grpc.util.AdvancedTlsX509TrustManager.SslSocketAndEnginePeerVerifier;

/**
 * Lets a certificate pass that bears one of the allowed names: as a DNS name or an IP address among its alternative names, or
 * as its common name. Asked when the certificate's chain has been found good already.
 *
 * <p>Thread-safe; called during handshakes, on Netty's threads.
 */
final class AllowedNames implements SslSocketAndEnginePeerVerifier {
  static final int DNS_NAME = 2;
  static final int IP_ADDRESS = 7;

  private final Supplier<List<String>> allowed;

  /**
   * @param allowed the names that are allowed now, empty for all
   */
  AllowedNames(Supplier<List<String>> allowed) {
    this.allowed = allowed;
  }

  @Override
  public void verifyPeerCertificate(X509Certificate[] chain, String type, SSLEngine engine) throws CertificateException {
    check(chain[0]);
  }

  @Override
  public void verifyPeerCertificate(X509Certificate[] chain, String type, Socket socket) throws CertificateException {
    check(chain[0]);
  }

  /**
   * Asks about one certificate.
   *
   * @throws CertificateException when none of its names is allowed
   */
  void check(X509Certificate certificate) throws CertificateException {
    final List<String> now = allowed.get();
    final List<String> names = new ArrayList<>(alternatives(certificate));
    names.addAll(commonNames(certificate));
    if (!now.isEmpty() && names.stream().noneMatch(name -> now.stream().anyMatch(name::equalsIgnoreCase))) {
      throw new CertificateException("none of the names " + names + " of the certificate is in pgraft.tls_allowed_names");
    }
  }

  /** The DNS names and IP addresses among its alternative names. */
  private static List<String> alternatives(X509Certificate certificate) throws CertificateException {
    final List<String> names = new ArrayList<>(alternatives(certificate, DNS_NAME));
    names.addAll(alternatives(certificate, IP_ADDRESS));
    return names;
  }

  /** Its alternative names of one kind (RFC 5280, section 4.2.1.6). */
  static List<String> alternatives(X509Certificate certificate, int kind) throws CertificateException {
    final Collection<List<?>> alternatives = certificate.getSubjectAlternativeNames();
    return alternatives == null
        ? List.of()
        : alternatives.stream()
            .filter(alternative -> alternative.get(0).equals(kind))
            .map(alternative -> (String) alternative.get(1))
            .toList();
  }

  private static List<String> commonNames(X509Certificate certificate) throws CertificateException {
    try {
      return new LdapName(certificate.getSubjectX500Principal().getName())
          .getRdns().stream()
              .filter(part -> part.getType().equalsIgnoreCase("CN"))
              .map(part -> part.getValue().toString())
              .toList();
    } catch (InvalidNameException e) {
      throw new CertificateException("the subject of the certificate cannot be read", e);
    }
  }
}
