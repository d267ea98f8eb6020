package org.pgraft.consensus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLServerSocket;
import org.apache.ratis.thirdparty.io.grpc.Server;
import org.apache.ratis.thirdparty.io.grpc.Status;
import org.apache.ratis.thirdparty.io.grpc.netty.NettyServerBuilder;
import org.apache.ratis.thirdparty.io.netty.channel.EventLoopGroup;
import org.apache.ratis.util.NettyUtils;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgraft.config.TlsMode;
import org.pgraft.config.TlsSettings;
import org.pgraft.tls.Credentials;
import org.pgraft.tls.PageCertificate;
import org.pgraft.tls.TestAuthority;
import org.pgraft.tls.TlsDoor;

/** What a call that came to nothing is told to be, of real calls where this machine can make them fail in that way. */
final class ObstacleTest {
  private static final String HOST = "127.0.0.1";
  private static final long PATIENCE_SECONDS = 2;

  @TempDir private Path root;
  private final List<AutoCloseable> open = new ArrayList<>();
  private final EventLoopGroup threads = NettyUtils.newEventLoopGroup("obstacle-test", 1, true);
  private TestAuthority authority;
  private TestAuthority elsewhere;
  private Credentials member;

  @BeforeEach
  void makeCertificates() throws Exception {
    authority = new TestAuthority(root.resolve("ca"));
    elsewhere = new TestAuthority(root.resolve("elsewhere"));
    member = credentials(authority, authority.sign("n1", "IP:" + HOST));
  }

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable closeable : open) {
      closeable.close();
    }
    threads.shutdownGracefully(0, PATIENCE_SECONDS, TimeUnit.SECONDS);
  }

  @Test
  void when_nothingListens_then_theHintNamesWhereTheServerListens() throws Exception {
    final int port;
    try (ServerSocket taken = new ServerSocket(0)) {
      port = taken.getLocalPort();
    }
    assertObstacle("nothing listens there (connection refused)", "pgraft.listen_address", call(HOST, port, member));
  }

  @Test
  void when_whatListensDoesNotAnswer_then_theHintIsAboutTheWay() throws Exception {
    try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getByName(HOST))) {
      assertObstacle("nothing answered there in time", "firewall", call(HOST, silent.getLocalPort(), member));
    }
  }

  @Test
  void when_onlyOneOfTheTwoUsesTls_then_itIsSaidAndTheSettingNamed() throws Exception {
    assertObstacle(
        "what listens there does not use TLS, which the leader does",
        "Set pgraft.tls_enabled there",
        call(HOST, listen(Credentials.none()), member));
    assertObstacle(
        "what listens there closes the connection", "pgraft.tls_enabled", call(HOST, listen(member), Credentials.none()));
  }

  @Test
  void when_whatListensIsAnotherProgram_then_theHintTellsThePortsApart() throws Exception {
    try (ServerSocket listening = new ServerSocket(0, 50, InetAddress.getByName(HOST))) {
      final Thread impolite = new Thread(() -> hangUpOnEverybody(listening));
      impolite.setDaemon(true);
      impolite.start();
      for (Credentials dialing : List.of(member, Credentials.none())) {
        assertObstacle(
            "what listens there closes the connection",
            "not that of its PostgreSQL",
            call(HOST, listening.getLocalPort(), dialing));
      }
    }
  }

  @Test
  void when_oneSideDoesNotTrustTheOther_then_itIsSaidWhich() throws Exception {
    final Credentials foreign = credentials(elsewhere, elsewhere.sign("n2", "IP:" + HOST));
    assertObstacle(
        "the leader does not trust the certificate that is shown there: it is not signed by an authority in its"
            + " pgraft.tls_ca_file",
        "certificates of one authority",
        call(HOST, listen(foreign), member));

    final Path both = root.resolve("both.crt");
    Files.writeString(both, Files.readString(authority.certificate()) + Files.readString(elsewhere.certificate()));
    final TestAuthority.Member shown = elsewhere.sign("n3", "IP:" + HOST);
    final Credentials trusting =
        Credentials.load(new TlsSettings(TlsMode.ON, shown.certificate(), shown.key(), both, List.of()), HOST);
    assertObstacle(
        "what listens there does not take the leader's certificate (certificate_unknown)",
        "pgraft.tls_ca_file and pgraft.tls_allowed_names on that server",
        call(HOST, listen(member), trusting));
  }

  @Test
  void when_aCertificateIsForAnotherAddress_then_itIsSaid() throws Exception {
    final TestAuthority.Member misnamed = authority.sign("n4", "IP:10.0.0.4");
    assertObstacle(
        "the certificate that is shown there does not name that address",
        "alternative names",
        call(HOST, listen(Credentials.load(authority.settings(TlsMode.ON, misnamed), "10.0.0.4")), member));
  }

  @Test
  void when_whatListensIsAnotherProgramWithTls_then_itIsNotPutDownToTheCertificates() throws Exception {
    final TestAuthority.Member shown = authority.sign("web", "IP:" + HOST);
    final SSLContext context = new PageCertificate(shown.certificate(), shown.key()).context();
    try (SSLServerSocket listening =
        (SSLServerSocket) context.getServerSocketFactory().createServerSocket(0, 50, InetAddress.getByName(HOST))) {
      final SSLParameters parameters = listening.getSSLParameters();
      parameters.setApplicationProtocols(new String[] {"http/1.1"});
      listening.setSSLParameters(parameters);
      final Thread talking = new Thread(() -> hangUpOnEverybody(listening));
      talking.setDaemon(true);
      talking.start();
      assertObstacle(
          "what listens there ends the TLS handshake (no_application_protocol)",
          "not that of its PostgreSQL",
          call(HOST, listening.getLocalPort(), member));
    }
  }

  @Test
  void when_aHandshakeIsEndedByAnAlert_then_onlyThoseAboutCertificatesBlameThem() {
    for (String alert : List.of("certificate_expired", "bad_certificate", "unsupported_certificate", "unknown_ca", "access_denied")) {
      final Obstacle met = Obstacle.of(unavailable("Received fatal alert: " + alert));
      assertEquals("what listens there does not take the leader's certificate (" + alert + ")", met.reason());
      assertTrue(met.hint().contains("pgraft.tls_ca_file"), met::hint);
    }
    for (String alert : List.of("handshake_failure", "protocol_version", "internal_error")) {
      final Obstacle met = Obstacle.of(unavailable("Received fatal alert: " + alert));
      assertEquals("what listens there ends the TLS handshake (" + alert + ")", met.reason());
      assertTrue(met.hint().contains("pgraft.tls_enabled"), met::hint);
    }
  }

  /** What cannot be brought about here, as the transport has told it. */
  @Test
  void when_theTransportTellsOfANetwork_then_itIsPutInWords() {
    assertEquals(
        "there is no route to that address",
        Obstacle.of(unavailable("AbstractChannel$AnnotatedNoRouteToHostException: null: /255.255.255.255:7001")).reason());
    assertEquals(
        "nothing answered there in time (connection timed out)",
        Obstacle.of(unavailable("connection timed out after 1000 ms: /10.0.0.9:7001")).reason());
    assertEquals(
        "the certificate that is shown there is not valid now (NotAfter: Fri Nov 27 10:00:00 UTC 2026)",
        Obstacle.of(
                unavailable(
                    "PKIX path validation failed: java.security.cert.CertPathValidatorException: validity check failed\n"
                        + "Caused by: java.security.cert.CertificateExpiredException:"
                        + " NotAfter: Fri Nov 27 10:00:00 UTC 2026\n\tat"))
            .reason());
  }

  @Test
  void when_nothingIsKnownOfAFailure_then_itsFirstLineIsShown() {
    assertEquals(
        "the leader's machine knows no host \"nowhere.invalid\"",
        Obstacle.of(unavailable("Unable to resolve host nowhere.invalid")).reason());
    assertEquals("strange", Obstacle.of(unavailable("strange\n\tat somewhere")).reason());
    assertEquals("IllegalStateException", Obstacle.of(new IllegalStateException()).reason());
  }

  private static Throwable unavailable(String description) {
    return Status.UNAVAILABLE.withDescription(description).asRuntimeException();
  }

  private static void assertObstacle(String reason, String hint, Obstacle met) {
    assertEquals(reason, met.reason());
    assertTrue(met.hint().contains(hint), met::hint);
    final String all = met.reason() + met.hint();
    assertFalse(all.contains("Exception") || all.contains("deadline exceeded"), all);
  }

  private static void hangUpOnEverybody(ServerSocket listening) {
    try {
      while (true) {
        try (Socket accepted = listening.accept()) {
          accepted.getInputStream().read();
        } catch (SSLException e) {
          // That is told to who came.
        }
      }
    } catch (IOException e) {
      // The test is over.
    }
  }

  private static Credentials credentials(TestAuthority by, TestAuthority.Member shown) throws Exception {
    return Credentials.load(by.settings(TlsMode.ON, shown), HOST);
  }

  private Obstacle call(String host, int port, Credentials dialing) {
    final PeerClients clients = new PeerClients(1 << 20, dialing, address -> HOST);
    open.add(clients);
    final byte[] message =
        new PeerMessage(PeerMessage.Kind.MEMBERS, RaftNode.clusterUuid("obstacles"), 2, ByteBuffer.allocate(0)).encode();
    final CompletableFuture<byte[]> answer =
        clients.callWhenReachable(
            InetSocketAddress.createUnresolved(host, port), message, TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS));
    return Obstacle.of(assertThrows(ExecutionException.class, answer::get).getCause());
  }

  private int listen(Credentials credentials) throws IOException {
    final Doorkeeper doorkeeper =
        new Doorkeeper(Doorkeeper.Limits.ofThisProcess(), System::nanoTime, new TlsDoor(credentials)::guard);
    final Server server =
        new MembersPort(doorkeeper)
            .guard(NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getByName(HOST), 0)))
            .bossEventLoopGroup(threads)
            .workerEventLoopGroup(threads)
            .addService(PeerService.definition(request -> CompletableFuture.completedFuture(new byte[1])))
            .build()
            .start();
    open.add(server::shutdownNow);
    return server.getPort();
  }
}
