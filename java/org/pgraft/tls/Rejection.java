package org.pgraft.tls;

import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.security.cert.CertPathBuilderException;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLException;
import org.apache.ratis.thirdparty.io.netty.handler.ssl.NotSslRecordException;

/**
 * Why a handshake that somebody else began came to nothing, in words. Who hung up was not turned away: that happens whenever
 * a server ends, and a program that only looked at this node's certificate does it, too. Stateless.
 */
final class Rejection {
  /**
   * Of a peer that gives up before its keys are in use: its last word is an alert of two bytes in plain text, where the JDK
   * expects an encrypted record, which is longer.
   */
  private static final String ALERT_IN_PLAIN_TEXT = "Insufficient buffer remaining for AEAD cipher fragment";

  private static final Pattern CLOSED =
      Pattern.compile("close_notify|Received fatal alert: user_canceled|Connection reset|Broken pipe");
  private static final Pattern ALERT = Pattern.compile(Alerts.ANY);
  private static final Pattern ALERT_OF_CERTIFICATE = Pattern.compile(Alerts.OF_CERTIFICATE);

  private Rejection() {}

  /** The reason as a sentence about the peer; empty when it hung up. */
  static Optional<String> of(Throwable failure) {
    String words = failure.getClass().getSimpleName();
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      final String message = String.valueOf(cause.getMessage());
      if (isHangUp(cause, message)) {
        return Optional.empty();
      }
      if (cause instanceof NotSslRecordException) {
        return Optional.of("it does not speak TLS");
      }
      if (cause instanceof CertPathBuilderException) {
        return Optional.of("its certificate is not signed by an authority in pgraft.tls_ca_file");
      }
      if (cause instanceof SSLException && message.startsWith("Empty client certificate chain")) {
        return Optional.of("it shows no certificate");
      }
      final Matcher alert = ALERT.matcher(message);
      if (alert.find()) {
        final boolean ofCertificate = ALERT_OF_CERTIFICATE.matcher(message).find();
        return Optional.of(
            (ofCertificate ? "it does not take this node's certificate (" : "it ended the handshake (") + alert.group(1) + ")");
      }
      if (cause.getMessage() != null) {
        words = message;
      }
    }
    return Optional.of(words);
  }

  private static boolean isHangUp(Throwable cause, String message) {
    return cause instanceof ClosedChannelException
        || cause instanceof IOException && CLOSED.matcher(message).find()
        || message.startsWith(ALERT_IN_PLAIN_TEXT);
  }
}
