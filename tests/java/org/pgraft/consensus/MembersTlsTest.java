package org.pgraft.consensus;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.ratis.thirdparty.io.grpc.CallOptions;
import org.apache.ratis.thirdparty.io.grpc.ManagedChannel;
import org.apache.ratis.thirdparty.io.grpc.Server;
import org.apache.ratis.thirdparty.io.grpc.Status;
import org.apache.ratis.thirdparty.io.grpc.StatusRuntimeException;
import org.apache.ratis.thirdparty.io.grpc.netty.GrpcSslContexts;
import org.apache.ratis.thirdparty.io.grpc.netty.NettyChannelBuilder;
import org.apache.ratis.thirdparty.io.grpc.netty.NettyServerBuilder;
import org.apache.ratis.thirdparty.io.grpc.stub.ClientCalls;
import org.apache.ratis.thirdparty.io.grpc.util.CertificateUtils;
import org.apache.ratis.thirdparty.io.netty.channel.EventLoopGroup;
import org.apache.ratis.thirdparty.io.netty.handler.ssl.SslContextBuilder;
import org.apache.ratis.thirdparty.io.netty.handler.ssl.SslProvider;
import org.apache.ratis.util.NettyUtils;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgraft.config.TlsMode;
import org.pgraft.tls.Credentials;
import org.pgraft.tls.TestAuthority;
import org.pgraft.tls.TlsDoor;

/** Who gets through to the service behind the members' port, and who does not, by what he shows. */
final class MembersTlsTest {
  private static final UUID CLUSTER = RaftNode.clusterUuid("tls");
  private static final long PATIENCE_MILLIS = 20_000;
  private static final byte[] ANSWER = {42};
  private static final byte[] MESSAGE =
      new PeerMessage(PeerMessage.Kind.MEMBERS, CLUSTER, 2, ByteBuffer.allocate(0)).encode();

  @TempDir private Path root;
  private final List<AutoCloseable> open = new ArrayList<>();
  private final AtomicInteger served = new AtomicInteger();
  private final EventLoopGroup threads = NettyUtils.newEventLoopGroup("tls-test", 1, true);
  private TestAuthority authority;
  private TestAuthority.Member member;
  private TestAuthority.Member other;

  @BeforeEach
  void makeCertificates() throws IOException {
    authority = new TestAuthority(root.resolve("ca"));
    member = authority.sign("n1", "IP:127.0.0.1");
    other = authority.sign("n2", "IP:10.0.0.2");
  }

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable closeable : open) {
      closeable.close();
    }
    threads.shutdownGracefully(0, PATIENCE_MILLIS, TimeUnit.MILLISECONDS);
  }

  @Test
  void when_bothShowCertificatesOfTheAuthority_then_theyTalk() throws Exception {
    final int port = listen(credentials(TlsMode.ON, member));
    assertArrayEquals(ANSWER, ask(port, credentials(TlsMode.ON, other)));
  }

  @Test
  void when_aStrangerShowsNoCertificate_then_nothingOfItIsServed() throws Exception {
    final int port = listen(credentials(TlsMode.ON, member));
    refused(port, Credentials.none());
    assertStrangersRefused(port);
  }

  @Test
  void when_theServersCertificateIsForAnotherAddress_then_theDialerHangsUp() throws Exception {
    final int port = listen(credentials(TlsMode.ON, other));
    refused(port, credentials(TlsMode.ON, member));
    assertEquals(0, served.get());
  }

  @Test
  void when_aNodeDialsItself_then_itsCertificateNeedNotNameTheAddressThatItListensOn() throws Exception {
    final int port = listen(credentials(TlsMode.ON, other));
    assertArrayEquals(ANSWER, ask(port, credentials(TlsMode.ON, member), "10.0.0.2"));
  }

  @Test
  void when_namesAreAllowed_then_othersOfTheSameAuthorityAreNot() throws Exception {
    final int port =
        listen(Credentials.load(authority.settings(TlsMode.ON, member, "127.0.0.1", "10.0.0.2", "n9.example"), "127.0.0.1"));
    assertArrayEquals(ANSWER, ask(port, credentials(TlsMode.ON, other)));
    assertArrayEquals(ANSWER, ask(port, credentials(TlsMode.ON, authority.sign("n9", "DNS:N9.example"))));
    refused(port, credentials(TlsMode.ON, authority.sign("n3", "IP:10.0.0.3")));
    final int byCommonName =
        listen(Credentials.load(authority.settings(TlsMode.ON, member, "n1", "n2"), "127.0.0.1"));
    assertArrayEquals(ANSWER, ask(byCommonName, credentials(TlsMode.ON, other)));
  }

  @Test
  void when_theClusterChangesToTls_then_bothKindsAreTaken() throws Exception {
    for (TlsMode mode : List.of(TlsMode.ACCEPT, TlsMode.PREFER)) {
      final int port = listen(credentials(mode, member));
      assertArrayEquals(ANSWER, ask(port, Credentials.none()), "plain, by " + mode);
      assertArrayEquals(ANSWER, ask(port, credentials(TlsMode.ON, other)), "encrypted, by " + mode);
    }
  }

  @Test
  void when_aStrangersCertificateComesToAPortOfBothKinds_then_itIsRefused() throws Exception {
    for (TlsMode mode : List.of(TlsMode.ACCEPT, TlsMode.PREFER)) {
      assertStrangersRefused(listen(credentials(mode, member)));
    }
  }

  @Test
  void when_theFilesAreReloaded_then_connectionsGoOnAndNewOnesUseThem() throws Exception {
    final Credentials listening = credentials(TlsMode.ON, member);
    final int port = listen(listening);
    final PeerClients standing = clients(credentials(TlsMode.ON, other), "127.0.0.1");
    assertArrayEquals(ANSWER, ask(standing, port));

    // Whoever dials trusts both authorities, so it is for the listener alone to refuse.
    final TestAuthority next = new TestAuthority(root.resolve("next"));
    final TestAuthority.Member renewed = next.sign("n2", "IP:127.0.0.1");
    listening.reload(next.settings(TlsMode.ON, next.sign("n1", "IP:127.0.0.1")), "127.0.0.1");
    assertArrayEquals(ANSWER, ask(standing, port), "the connection that stands");
    assertFalse(isServed(port, other, authority, next), "the certificate of before");
    assertTrue(isServed(port, renewed, authority, next), "the new one");
  }

  @Test
  void when_theDialersFilesAreReloaded_then_itsNextConnectionShowsThem() throws Exception {
    final TestAuthority next = new TestAuthority(root.resolve("next"));
    final Credentials dialing = credentials(TlsMode.ON, other);
    final int before = listen(credentials(TlsMode.ON, member));
    final int after = listen(Credentials.load(next.settings(TlsMode.ON, next.sign("n1", "IP:127.0.0.1")), "127.0.0.1"));
    assertArrayEquals(ANSWER, ask(before, dialing));
    refused(after, dialing);
    dialing.reload(next.settings(TlsMode.ON, next.sign("n2", "IP:127.0.0.1")), "127.0.0.1");
    assertArrayEquals(ANSWER, ask(after, dialing));
    TimeUnit.SECONDS.sleep(2);
    refused(before, dialing);
  }

  @Test
  void when_aClientSpeaksOnlyAnOldVersion_then_theHandshakeFails() throws Exception {
    final int port = listen(credentials(TlsMode.ON, member));
    assertFalse(handshake(port, "-tls1_1").contains("New, TLS"));
    assertTrue(handshake(port, "-tls1_2").contains("New, TLSv1.2"));
    assertTrue(handshake(port, "-tls1_3").contains("New, TLSv1.3"));
  }

  /** Whoever shows no certificate, or one that only looks like a member's; both believe the listener. */
  private void assertStrangersRefused(int port) throws Exception {
    final TestAuthority elsewhere = new TestAuthority(root.resolve("elsewhere" + port));
    assertFalse(isServed(port, null, authority), "no certificate");
    assertFalse(isServed(port, elsewhere.sign("n2", "IP:10.0.0.2"), authority), "one of another authority");
    assertFalse(isServed(port, authority.signExpired("old"), authority), "one that is out of date");
    assertEquals(0, served.get());
    assertTrue(isServed(port, other, authority), "a member's, in the same way");
    served.set(0);
  }

  /** Whether a client that is none of pgraft's gets an answer: it shows what it wants, and believes these authorities. */
  private boolean isServed(int port, TestAuthority.Member shown, TestAuthority... believed) throws Exception {
    final X509Certificate[] trusted = new X509Certificate[believed.length];
    for (int i = 0; i < believed.length; i++) {
      try (InputStream in = Files.newInputStream(believed[i].certificate())) {
        trusted[i] = CertificateUtils.getX509Certificates(in)[0];
      }
    }
    final SslContextBuilder tls = SslContextBuilder.forClient().trustManager(trusted);
    if (shown != null) {
      tls.keyManager(shown.certificate().toFile(), shown.key().toFile());
    }
    final ManagedChannel channel =
        NettyChannelBuilder.forAddress("127.0.0.1", port)
            .sslContext(GrpcSslContexts.configure(tls, SslProvider.JDK).build())
            .build();
    try {
      ClientCalls.blockingUnaryCall(
          channel, PeerService.CALL, CallOptions.DEFAULT.withDeadlineAfter(PATIENCE_MILLIS, TimeUnit.MILLISECONDS), MESSAGE);
      return true;
    } catch (StatusRuntimeException e) {
      assertEquals(Status.Code.UNAVAILABLE, e.getStatus().getCode(), e::toString);
      return false;
    } finally {
      channel.shutdownNow();
    }
  }

  private String handshake(int port, String version) throws Exception {
    final Process client =
        new ProcessBuilder(
                "openssl", "s_client", version, "-cipher", "DEFAULT:@SECLEVEL=0", "-connect", "127.0.0.1:" + port,
                "-cert", other.certificate().toString(), "-key", other.key().toString(), "-alpn", "h2")
            .redirectErrorStream(true)
            .start();
    client.getOutputStream().close();
    final String output = new String(client.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    client.waitFor();
    return output;
  }

  private Credentials credentials(TlsMode mode, TestAuthority.Member shown) throws Exception {
    return Credentials.load(authority.settings(mode, shown), shown.host());
  }

  private int listen(Credentials credentials) throws IOException {
    final Doorkeeper doorkeeper =
        new Doorkeeper(Doorkeeper.Limits.ofThisProcess(), System::nanoTime, new TlsDoor(credentials)::guard);
    final Server server =
        new MembersPort(doorkeeper)
            .guard(NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0)))
            .bossEventLoopGroup(threads)
            .workerEventLoopGroup(threads)
            .addService(PeerService.definition(request -> {
              served.incrementAndGet();
              return CompletableFuture.completedFuture(ANSWER);
            }))
            .build()
            .start();
    open.add(server::shutdownNow);
    return server.getPort();
  }

  private PeerClients clients(Credentials credentials, String certified) {
    final PeerClients clients = new PeerClients(1 << 20, credentials, host -> certified);
    open.add(clients);
    return clients;
  }

  private byte[] ask(int port, Credentials credentials) throws Exception {
    return ask(port, credentials, "127.0.0.1");
  }

  private byte[] ask(int port, Credentials credentials, String certified) throws Exception {
    return ask(clients(credentials, certified), port);
  }

  private static byte[] ask(PeerClients clients, int port) throws Exception {
    return clients
        .call(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), port),
            MESSAGE,
            TimeUnit.MILLISECONDS.toNanos(PATIENCE_MILLIS))
        .get(PATIENCE_MILLIS, TimeUnit.MILLISECONDS);
  }

  private void refused(int port, Credentials credentials) {
    assertThrows(ExecutionException.class, () -> ask(port, credentials));
  }
}
