package org.pgraft.tls;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import org.apache.ratis.thirdparty.io.grpc.util.CertificateUtils;
import org.pgraft.config.ConfigException;

/**
 * A certificate, those between it and its authority, and its private key, read from PEM files and found to belong together.
 * Immutable.
 *
 * @param chain the certificate first
 * @param key its key
 */
record KeyAndChain(List<X509Certificate> chain, PrivateKey key) {
  /**
   * Reads them.
   *
   * @throws ConfigException when a file is missing, is not what it should be, is not kept secret, or is out of date
   */
  static KeyAndChain read(Path certificate, Path key) throws ConfigException {
    final KeyAndChain read = new KeyAndChain(certificates(certificate), key(key));
    try {
      read.chain().get(0).checkValidity();
      if (!read.isPair()) {
        throw new ConfigException(
            "the private key in \"" + key + "\" is not that of the certificate in \"" + certificate + "\"",
            "The two are made together; give both files of the same pair.");
      }
    } catch (GeneralSecurityException e) {
      throw new ConfigException(
          "the certificate in \"" + certificate + "\" cannot be used: " + e.getMessage(), "Give a certificate that is valid now.");
    }
    return read;
  }

  /** Certificates alone, at least one. */
  static List<X509Certificate> certificates(Path file) throws ConfigException {
    final byte[] text;
    try {
      text = Files.readAllBytes(file);
    } catch (IOException e) {
      throw unreadable(file, e);
    }
    try {
      final X509Certificate[] read = CertificateUtils.getX509Certificates(new ByteArrayInputStream(text));
      if (read.length > 0) {
        return List.of(read);
      }
    } catch (CertificateException | IllegalArgumentException e) {
      throw new ConfigException(
          "file \"" + file + "\" has no certificate that can be read: " + e.getMessage(), "Certificates are in PEM format.");
    }
    throw new ConfigException("file \"" + file + "\" has no certificate", "Certificates are in PEM format.");
  }

  private static PrivateKey key(Path file) throws ConfigException {
    try (InputStream in = Files.newInputStream(file)) {
      SecretFile.check(file, "private key file");
      return CertificateUtils.getPrivateKey(in);
    } catch (GeneralSecurityException | IllegalArgumentException e) {
      throw new ConfigException(
          "file \"" + file + "\" has no private key that can be read",
          "It must be an RSA or EC key in PEM format, PKCS #8, without a passphrase: \"openssl pkcs8 -topk8 -nocrypt\" makes"
              + " one.");
    } catch (IOException e) {
      throw unreadable(file, e);
    }
  }

  private boolean isPair() throws GeneralSecurityException {
    if (!chain.get(0).getPublicKey().getAlgorithm().equals(key.getAlgorithm())) {
      return false;
    }
    final byte[] sample = {1};
    final Signature signature = Signature.getInstance(key.getAlgorithm().equals("RSA") ? "SHA256withRSA" : "SHA256withECDSA");
    signature.initSign(key);
    signature.update(sample);
    final byte[] signed = signature.sign();
    signature.initVerify(chain.get(0).getPublicKey());
    signature.update(sample);
    return signature.verify(signed);
  }

  private static ConfigException unreadable(Path file, IOException cause) {
    return new ConfigException(
        "could not read file \"" + file + "\": " + FileFault.of(cause),
        "It must exist, and the server's user must be able to read it.");
  }

  X509Certificate[] chainArray() {
    return chain.toArray(X509Certificate[]::new);
  }

  /** When the first of them is out of date. */
  Instant expiry() {
    return chain.stream().map(X509Certificate::getNotAfter).map(Date::toInstant).min(Instant::compareTo).orElseThrow();
  }
}
