package org.pgraft.tls;

import java.io.IOException;
import java.net.InetAddress;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Locale;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;
import org.pgraft.config.ConfigException;
import org.pgraft.config.TlsSettings;

/**
 * Looks at this node's certificate as the other members will, before it is shown to them: a node that they would refuse is
 * better told so in its own log. Immutable.
 *
 * @param own what is to be shown
 * @param authorities whom this node, and so the others, believe
 * @param settings which files, and the names that are allowed
 */
record OwnCertificate(KeyAndChain own, X509Certificate[] authorities, TlsSettings settings) {
  private static final String ANY_KEY_EXCHANGE = "UNKNOWN";

  /**
   * Checks all that members check.
   *
   * @param host at which they dial this node
   * @throws ConfigException when they would refuse it
   */
  void check(String host) throws ConfigException {
    final List<String> names;
    try {
      for (TrustManager manager : trusting()) {
        final X509TrustManager trust = (X509TrustManager) manager;
        trust.checkServerTrusted(own.chainArray(), ANY_KEY_EXCHANGE);
        trust.checkClientTrusted(own.chainArray(), ANY_KEY_EXCHANGE);
      }
      new AllowedNames(settings::allowedNames).check(own.chain().get(0));
      names =
          AllowedNames.alternatives(
              own.chain().get(0), isAddress(host) ? AllowedNames.IP_ADDRESS : AllowedNames.DNS_NAME);
    } catch (GeneralSecurityException | IOException e) {
      throw new ConfigException(
          "the other members would refuse the certificate in \"" + settings.certificate() + "\": " + e.getMessage(),
          "It must be signed by an authority in pgraft.tls_ca_file, for TLS servers and clients alike, and bear a name of"
              + " pgraft.tls_allowed_names if that is set.");
    }
    if (names.stream().noneMatch(name -> isFor(name, host))) {
      throw new ConfigException(
          "the certificate in \"" + settings.certificate() + "\" is not for " + host + ", where the other members dial this node",
          "Its alternative names of that kind are " + names + "; one of them must be the host of this node in"
              + " pgraft.initial_cluster or pgraft.address.");
    }
  }

  private TrustManager[] trusting() throws GeneralSecurityException, IOException {
    final KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    for (int i = 0; i < authorities.length; i++) {
      store.setCertificateEntry(Integer.toString(i), authorities[i]);
    }
    final TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    factory.init(store);
    return factory.getTrustManagers();
  }

  /** By RFC 2818, section 3.1: the same address, the same name, or a name with a wildcard for its first label. */
  private static boolean isFor(String name, String host) {
    final String wanted = host.toLowerCase(Locale.ROOT);
    final String offered = name.toLowerCase(Locale.ROOT);
    if (offered.equals(wanted)) {
      return true;
    }
    if (offered.startsWith("*.")) {
      final int dot = wanted.indexOf('.');
      return dot > 0 && offered.substring(1).equals(wanted.substring(dot));
    }
    return isAddress(offered) && isAddress(wanted) && isSameAddress(offered, wanted);
  }

  /** Not a name that would have to be looked up. */
  private static boolean isAddress(String text) {
    return text.contains(":") || text.matches("[0-9.]+");
  }

  private static boolean isSameAddress(String one, String other) {
    try {
      return InetAddress.getByName(one).equals(InetAddress.getByName(other));
    } catch (IOException e) {
      return false;
    }
  }
}
