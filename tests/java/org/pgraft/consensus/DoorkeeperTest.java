package org.pgraft.consensus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.ratis.thirdparty.io.grpc.Server;
import org.apache.ratis.thirdparty.io.grpc.netty.NettyServerBuilder;
import org.apache.ratis.thirdparty.io.netty.channel.EventLoopGroup;
import org.apache.ratis.util.NettyUtils;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.pgraft.tls.Credentials;

/** What strangers may hold of a port on which gRPC listens. */
class DoorkeeperTest {
  private static final UUID CLUSTER = RaftNode.clusterUuid("pgraft");
  private static final int PATIENCE_MILLIS = 30_000;
  private static final long LONG = TimeUnit.MINUTES.toMillis(10);
  private static final long MANY = 1 << 30;

  private final EventLoopGroup threads = NettyUtils.newEventLoopGroup("test", 1, true);
  private final List<Socket> sockets = new ArrayList<>();
  private final PeerClients clients = new PeerClients(1 << 20, Credentials.none(), InetSocketAddress::getHostString);
  private Doorkeeper doorkeeper;
  private Server server;

  @AfterEach
  void close() throws Exception {
    clients.close();
    for (Socket socket : sockets) {
      socket.close();
    }
    server.shutdownNow().awaitTermination();
    threads.shutdownGracefully(0, 1, TimeUnit.SECONDS);
  }

  @Test
  void when_aStrangerSaysNothing_then_itsConnectionEnds() throws Exception {
    listen(new Doorkeeper.Limits(10, 200, MANY, MANY));
    assertEnds(stranger());
    TestEngine.await("the end", () -> doorkeeper.connections() == 0);
  }

  @Test
  void when_thereAreTooManyConnections_then_theOldestStrangerMakesRoom() throws Exception {
    listen(new Doorkeeper.Limits(3, LONG, MANY, MANY));
    final Socket first = stranger();
    TestEngine.await("the first", () -> doorkeeper.connections() == 1);
    stranger();
    stranger();
    TestEngine.await("the third", () -> doorkeeper.connections() == 3);
    stranger();
    assertEnds(first);
    assertEquals(3, doorkeeper.connections());
  }

  @Test
  void when_aStrangerSendsTooMuch_then_itsConnectionEnds() throws Exception {
    listen(new Doorkeeper.Limits(10, LONG, 10_000, MANY));
    final Socket socket = stranger();
    sendPart(socket, 20_000);
    assertEnds(socket);
  }

  @Test
  void when_strangersTogetherSendTooMuch_then_theConnectionThatSentMostEnds() throws Exception {
    listen(new Doorkeeper.Limits(10, LONG, MANY, 20_000));
    final Socket modest = stranger();
    final Socket greedy = stranger();
    sendPart(modest, 5_000);
    sendPart(greedy, 16_000);
    assertEnds(greedy);
    assertEquals(1, doorkeeper.connections());
  }

  @Test
  void when_aMemberHasSpoken_then_itsConnectionStaysWhateverStrangersDo() throws Exception {
    listen(new Doorkeeper.Limits(2, 2000, 4000, 4000));
    final byte[] message =
        new PeerMessage(PeerMessage.Kind.MEMBERS, CLUSTER, 2, ByteBuffer.allocate(0)).encode();
    assertEquals(1, call(message).length);
    for (int i = 0; i < 2; i++) {
      assertEnds(stranger());
    }
    assertTrue(clients.connected(address()), "the first connection still stands");
    assertEquals(1, call(new byte[100_000]).length);
  }

  private byte[] call(byte[] message) throws Exception {
    return clients
        .callWhenReachable(address(), message, TimeUnit.MILLISECONDS.toNanos(PATIENCE_MILLIS))
        .get(PATIENCE_MILLIS, TimeUnit.MILLISECONDS);
  }

  private InetSocketAddress address() {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), server.getPort());
  }

  private void listen(Doorkeeper.Limits limits) throws IOException {
    doorkeeper = new Doorkeeper(limits, System::nanoTime, channel -> {});
    server =
        new MembersPort(doorkeeper)
            .guard(NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0)))
            .bossEventLoopGroup(threads)
            .workerEventLoopGroup(threads)
            .addService(PeerService.definition(request -> CompletableFuture.completedFuture(new byte[1])))
            .intercept(new KnownSenders(1, CLUSTER, node -> false, doorkeeper::recognised))
            .build()
            .start();
  }

  private Socket stranger() throws IOException {
    final Socket socket = new Socket();
    sockets.add(socket);
    socket.connect(address(), PATIENCE_MILLIS);
    socket.setSoTimeout(PATIENCE_MILLIS);
    return socket;
  }

  /** The preface of HTTP/2 and then part of a frame of a kind that nobody knows, which is read and left. */
  private static void sendPart(Socket socket, int bytes) throws IOException {
    final ByteBuffer out = ByteBuffer.allocate(bytes);
    out.put("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
    out.put(new byte[] {0, 0, 0, 4, 0, 0, 0, 0, 0});
    while (out.remaining() >= 9) {
      final int length = Math.min(8000, out.remaining() - 9);
      out.put((byte) (length >> 16)).putShort((short) length).put((byte) 0x77).put((byte) 0).putInt(0);
      out.position(out.position() + length);
    }
    socket.getOutputStream().write(out.array());
  }

  private static void assertEnds(Socket socket) {
    try {
      final byte[] buffer = new byte[1000];
      int read;
      do {
        read = socket.getInputStream().read(buffer);
      } while (read >= 0);
    } catch (java.net.SocketTimeoutException e) {
      throw new AssertionError("the connection still stands", e);
    } catch (IOException e) {
      assertTrue(e.getMessage().contains("reset"), e.toString());
    }
  }
}
