package org.pgraft.tls;

/** What the JDK says of an alert by which the other side ended a handshake, as regular expressions whose group is its name. */
public final class Alerts {
  /** Any alert. */
  public static final String ANY = "Received fatal alert: (\\w+)";

  /** One by which the other side says that it does not take the certificate that it was shown. */
  public static final String OF_CERTIFICATE =
      "Received fatal alert: (certificate_\\w+|bad_certificate\\w*|unsupported_certificate|unknown_ca|access_denied)\\b";

  private Alerts() {}
}
