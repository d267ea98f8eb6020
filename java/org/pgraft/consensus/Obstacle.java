package org.pgraft.consensus;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.ratis.thirdparty.io.grpc.Status;
import org.apache.ratis.util.JavaUtils;
import org.pgraft.tls.Alerts;

/**
 * What kept a node from being reached, in words for who wants it in, and the way out. Of a call that was to wait for a
 * connection the transport tells that its time is over, and what failed meanwhile stands in the text of that alone; so the
 * text is what is looked at here. What cannot be made out of it is shown in the transport's own words. Immutable.
 *
 * @param reason a part of a sentence, in which the node that was called is "there" and the one that called is the leader
 * @param hint whole sentences about the server that was not reached
 */
record Obstacle(String reason, String hint) {
  private static final String PORT = " The port is its pgraft.port, not that of its PostgreSQL.";
  private static final String WAY =
      "See that the address is right, that the machine runs, and that no firewall between the members stands in the way."
          + PORT;
  private static final String CLOSED =
      "Either all members use TLS or none does: see pgraft.tls_enabled there and on the members. The log of that server says"
          + " whom it did not let in." + PORT;

  /** What a text is known by, what it means, with what its group holds at %s, and the way out. */
  private record Sign(Pattern pattern, String reason, String hint) {
    Sign(String pattern, String reason, String hint) {
      this(Pattern.compile(pattern), reason, hint);
    }

    Obstacle read(Matcher seen) {
      return new Obstacle(seen.groupCount() == 0 ? reason : reason.formatted(seen.group(1)), hint);
    }
  }

  private static final List<Sign> SIGNS =
      List.of(
          new Sign("deadline exceeded|DEADLINE_EXCEEDED", "nothing answered there in time", WAY),
          new Sign("[Cc]onnection timed out", "nothing answered there in time (connection timed out)", WAY),
          new Sign("No route to host|NoRouteToHost", "there is no route to that address", WAY),
          new Sign("Network is unreachable", "the network of that address is unreachable", WAY),
          new Sign(
              "Unable to resolve host ([^\\s,\\]]+)",
              "the leader's machine knows no host \"%s\"",
              "Give an address, or a name that the machines of all members know."),
          new Sign(
              "Connection refused",
              "nothing listens there (connection refused)",
              "See that it is started, with pgraft in shared_preload_libraries, and that its pgraft.listen_address, which is"
                  + " 127.0.0.1 unless it is set, lets the members reach it." + PORT),
          new Sign(
              "not an SSL/TLS record",
              "what listens there does not use TLS, which the leader does",
              "Set pgraft.tls_enabled there as on the members, with a certificate of their authority." + PORT),
          new Sign(
              "Network closed for unknown reason|First received frame was not SETTINGS|closed while performing TLS"
                  + " negotiation|Connection reset|Broken pipe",
              "what listens there closes the connection",
              CLOSED),
          new Sign(
              "PKIX path building failed",
              "the leader does not trust the certificate that is shown there: it is not signed by an authority in its"
                  + " pgraft.tls_ca_file",
              "Both nodes need certificates of one authority: sign one for that server by the members' own."),
          new Sign(
              "(Not(?:After|Before): [^\\n]+)",
              "the certificate that is shown there is not valid now (%s)",
              "Give that server a certificate that is, and see that the clocks of the machines are right."),
          new Sign(
              "No subject alternative |No name matching ",
              "the certificate that is shown there does not name that address",
              "Sign one for that server that has the address among its alternative names, or give the address that it"
                  + " names."),
          new Sign(
              "(none of the names \\[[^\\n]*\\] of the certificate is in pgraft.tls_allowed_names)",
              "the leader does not let in who is there: %s",
              "Add a name of that server's certificate to pgraft.tls_allowed_names on all members."),
          new Sign(
              Alerts.OF_CERTIFICATE,
              "what listens there does not take the leader's certificate (%s)",
              "Both nodes need certificates of one authority: see pgraft.tls_ca_file and pgraft.tls_allowed_names on that"
                  + " server, whose log says more."),
          // Of two signs at one place the first counts, so what is left here is not about certificates.
          new Sign(Alerts.ANY, "what listens there ends the TLS handshake (%s)", CLOSED));

  /** Reads what a call failed with: of all that the transport tells, the last obstacle counts. */
  static Obstacle of(Throwable failure) {
    final Throwable cause = JavaUtils.unwrapCompletionException(failure);
    final Status status = Status.fromThrowable(cause);
    final String text = status + " " + cause;
    Obstacle last = null;
    int at = -1;
    for (Sign sign : SIGNS) {
      final Matcher seen = sign.pattern().matcher(text);
      while (seen.find()) {
        if (seen.start() > at) {
          at = seen.start();
          last = sign.read(seen);
        }
      }
    }
    if (last != null) {
      return last;
    }
    final String words =
        Stream.of(status.getDescription(), cause.getMessage())
            .filter(said -> said != null && !said.isBlank())
            .findFirst()
            .orElse(cause.getClass().getSimpleName());
    return new Obstacle(words.strip().lines().findFirst().orElseThrow(), WAY);
  }
}
