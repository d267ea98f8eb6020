package org.pgraft.tls;

import java.nio.file.Path;
import java.security.GeneralSecurityException;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import org.apache.ratis.thirdparty.io.grpc.util.AdvancedTlsX509KeyManager;
import org.pgraft.config.ConfigException;

/**
 * The certificate of a page that this node serves to who need not show one himself. It can be read anew while the page is
 * served.
 *
 * <p>Thread-safe.
 */
public final class PageCertificate {
  private final AdvancedTlsX509KeyManager identity = new AdvancedTlsX509KeyManager();
  private final SSLContext context;

  /**
   * Reads the files.
   *
   * @throws ConfigException when one is missing, cannot be used or is not kept secret
   */
  public PageCertificate(Path certificate, Path key) throws ConfigException {
    try {
      context = SSLContext.getInstance("TLS");
      context.init(new KeyManager[] {identity}, null, null);
    } catch (GeneralSecurityException e) {
      throw new ConfigException("TLS is not to be had in this Java: " + e.getMessage(), "");
    }
    reload(certificate, key);
  }

  /**
   * Reads the files again, perhaps under other names.
   *
   * @throws ConfigException as the constructor; what was read before stays in use
   */
  public void reload(Path certificate, Path key) throws ConfigException {
    final KeyAndChain own = KeyAndChain.read(certificate, key);
    identity.updateIdentityCredentials(own.chainArray(), own.key());
  }

  /** For the server of the page. */
  public SSLContext context() {
    return context;
  }
}
