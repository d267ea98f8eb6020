package org.pgraft.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import org.apache.ratis.thirdparty.io.netty.bootstrap.ServerBootstrap;
import org.apache.ratis.thirdparty.io.netty.channel.Channel;
import org.apache.ratis.thirdparty.io.netty.channel.ChannelInitializer;
import org.apache.ratis.thirdparty.io.netty.channel.EventLoopGroup;
import org.apache.ratis.util.NettyUtils;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgraft.config.TlsMode;

/** What is said of who was not let in, and that nothing is said of who hung up. */
final class TlsDoorTest {
  private static final String HOST = "127.0.0.1";
  private static final int PATIENCE_MILLIS = 20_000;
  private static final byte[] CLOSE_NOTIFY_IN_PLAIN_TEXT = {21, 3, 3, 0, 2, 1, 0};
  private static final byte[] PROTOCOL_VERSION_IN_PLAIN_TEXT = {21, 3, 3, 0, 2, 2, 70};

  @TempDir private Path root;
  private final EventLoopGroup threads = NettyUtils.newEventLoopGroup("door-test", 1, true);
  private final BlockingQueue<String> warnings = new LinkedBlockingQueue<>();
  private final BlockingQueue<Channel> gone = new LinkedBlockingQueue<>();
  private TestAuthority authority;
  private TestAuthority.Member other;
  private int port;

  @BeforeEach
  void listen() throws Exception {
    authority = new TestAuthority(root.resolve("ca"));
    other = authority.sign("n2", "IP:10.0.0.2");
    final Credentials credentials =
        Credentials.load(authority.settings(TlsMode.ON, authority.sign("n1", "IP:" + HOST)), HOST);
    final TlsDoor door = new TlsDoor(credentials, warnings::add);
    final Channel listening =
        new ServerBootstrap()
            .group(threads)
            .channel(NettyUtils.getServerChannelClass(threads))
            .childHandler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel accepted) {
                    accepted.closeFuture().addListener(closed -> gone.add(accepted));
                    door.guard(accepted);
                  }
                })
            .bind(new InetSocketAddress(InetAddress.getByName(HOST), 0))
            .sync()
            .channel();
    port = ((InetSocketAddress) listening.localAddress()).getPort();
  }

  @AfterEach
  void close() {
    threads.shutdownGracefully(0, PATIENCE_MILLIS, TimeUnit.MILLISECONDS);
  }

  @Test
  void when_somebodyHangsUp_then_nothingIsSaid() throws Exception {
    try (Socket silent = connect()) {
      assertTrue(silent.isConnected());
    }
    awaitGone();
    try (Socket amidTheHandshake = connect()) {
      amidTheHandshake.getOutputStream().write(greeting());
      amidTheHandshake.getInputStream().read();
    }
    awaitGone();
    try (Socket reset = connect()) {
      reset.getOutputStream().write(greeting());
      reset.getInputStream().read();
      reset.setSoLinger(true, 0);
    }
    awaitGone();
    final byte[] greeting = greeting();
    try (Socket cutShort = connect()) {
      cutShort.getOutputStream().write(greeting, 0, greeting.length / 2);
    }
    awaitGone();
    assertEquals(List.of(), List.copyOf(warnings));
  }

  @Test
  void when_somebodyGivesUpBeforeItsKeysAreInUse_then_nothingIsSaid() throws Exception {
    try (Socket givingUp = connect()) {
      givingUp.getOutputStream().write(greeting());
      givingUp.getInputStream().read();
      givingUp.getOutputStream().write(CLOSE_NOTIFY_IN_PLAIN_TEXT);
      awaitGone();
    }
    assertEquals(List.of(), List.copyOf(warnings));
  }

  @Test
  void when_somebodyOnlyLooksAtTheCertificate_then_nothingIsSaid() throws Exception {
    for (int i = 0; i < 5; i++) {
      look("-tls1_3", other);
      look("-tls1_2", other);
    }
    assertEquals(List.of(), List.copyOf(warnings));
  }

  @Test
  void when_aCertificateIsMissing_then_itIsSaid() throws Exception {
    assertRefused("it shows no certificate");
  }

  @Test
  void when_aCertificateIsOfAnotherAuthority_then_itIsSaid() throws Exception {
    final TestAuthority.Member foreign = new TestAuthority(root.resolve("elsewhere")).sign("n2", "IP:10.0.0.2");
    assertRefused("its certificate is not signed by an authority in pgraft.tls_ca_file", foreign);
  }

  @Test
  void when_aCertificateIsOutOfDate_then_itIsSaid() throws Exception {
    final TestAuthority.Member expired = authority.signExpired("old");
    final Process client = client(shown(expired));
    assertTrue(warning().contains("NotAfter: "));
    client.destroy();
  }

  @Test
  void when_somebodyDoesNotSpeakTls_then_itIsSaidWithoutWhatItSent() throws Exception {
    try (Socket plain = connect()) {
      plain.getOutputStream().write("GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      assertWarning("it does not speak TLS");
    }
  }

  @Test
  void when_somebodyDoesNotTrustThisNode_then_itIsSaid() throws Exception {
    try (SSLSocket distrustful = (SSLSocket) SSLContext.getDefault().getSocketFactory().createSocket(HOST, port)) {
      assertThrows(SSLException.class, distrustful::startHandshake);
    }
    assertWarning("it does not take this node's certificate (certificate_unknown)");
  }

  @Test
  void when_somebodyEndsTheHandshakeForAnotherReason_then_itIsNotPutDownToTheCertificate() throws Exception {
    try (Socket outdated = connect()) {
      outdated.getOutputStream().write(PROTOCOL_VERSION_IN_PLAIN_TEXT);
      assertWarning("it ended the handshake (protocol_version)");
    }
  }

  private void assertWarning(String reason) throws InterruptedException {
    final String warning = warning();
    assertTrue(warning.startsWith("/" + HOST + ":"), warning);
    assertTrue(warning.endsWith(" is not let in to the members' port: " + reason), warning);
  }

  private String warning() throws InterruptedException {
    return String.valueOf(warnings.poll(PATIENCE_MILLIS, TimeUnit.MILLISECONDS));
  }

  private void awaitGone() throws InterruptedException {
    assertTrue(gone.poll(PATIENCE_MILLIS, TimeUnit.MILLISECONDS) != null, "the connection still stands");
  }

  private Socket connect() throws IOException {
    final Socket socket = new Socket(HOST, port);
    socket.setSoTimeout(PATIENCE_MILLIS);
    return socket;
  }

  /** What a client begins with. */
  private static byte[] greeting() throws Exception {
    final SSLEngine client = SSLContext.getDefault().createSSLEngine();
    client.setUseClientMode(true);
    final ByteBuffer greeting = ByteBuffer.allocate(client.getSession().getPacketBufferSize());
    client.wrap(ByteBuffer.allocate(0), greeting);
    final byte[] bytes = new byte[greeting.flip().remaining()];
    greeting.get(bytes);
    return bytes;
  }

  /** As somebody at a shell looks, who ends as soon as the handshake has. */
  private void look(String version, TestAuthority.Member as) throws Exception {
    final List<String> arguments = shown(as);
    arguments.add(version);
    final Process client = client(arguments);
    client.getOutputStream().close();
    client.getInputStream().readAllBytes();
    client.waitFor();
    awaitGone();
  }

  /** Of somebody who stays. */
  private void assertRefused(String reason, TestAuthority.Member... as) throws Exception {
    final Process client = client(as.length == 0 ? List.of() : shown(as[0]));
    assertWarning(reason);
    client.destroy();
  }

  private static List<String> shown(TestAuthority.Member as) {
    return new ArrayList<>(List.of("-cert", as.certificate().toString(), "-key", as.key().toString()));
  }

  private Process client(List<String> arguments) throws IOException {
    final List<String> command = new ArrayList<>(List.of("openssl", "s_client", "-connect", HOST + ":" + port));
    command.addAll(arguments);
    return new ProcessBuilder(command).redirectErrorStream(true).start();
  }
}
