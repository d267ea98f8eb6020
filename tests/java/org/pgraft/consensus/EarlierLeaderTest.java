package org.pgraft.consensus;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.ratis.proto.RaftProtos.AppendEntriesReplyProto;
import org.apache.ratis.proto.RaftProtos.AppendEntriesReplyProto.AppendResult;
import org.apache.ratis.proto.RaftProtos.AppendEntriesRequestProto;
import org.apache.ratis.proto.RaftProtos.LogEntryProto;
import org.apache.ratis.proto.RaftProtos.RaftConfigurationProto;
import org.apache.ratis.proto.RaftProtos.RaftGroupIdProto;
import org.apache.ratis.proto.RaftProtos.RaftRpcRequestProto;
import org.apache.ratis.proto.grpc.RaftServerProtocolServiceGrpc;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.thirdparty.com.google.protobuf.ByteString;
import org.apache.ratis.thirdparty.io.grpc.ManagedChannel;
import org.apache.ratis.thirdparty.io.grpc.netty.NettyChannelBuilder;
import org.apache.ratis.thirdparty.io.grpc.stub.StreamObserver;
import org.junit.jupiter.api.Test;
import org.pgraft.tls.Credentials;

/** A node whose log begins with an entry of an earlier leader, which was never committed. */
final class EarlierLeaderTest extends EngineFixture {
  private static final long EARLIER_TERM = 2;

  @Test
  void when_aFollowerBeginsWithAnEarlierLeadersEntry_then_itTakesTheCommittedOneInstead() throws Exception {
    final int[] ports = TestEngine.freePorts(2);
    startOutside(ports);
    final TestEngine leader = engines.get(0);
    final TestEngine follower = engines.get(1);
    leader.init();
    while (leader.engine().status().term() <= EARLIER_TERM) {
      leader.stop();
      leader.start();
      TestEngine.await("the leader", leader::holdsLease);
    }
    leader.put("committed", "1");

    appendToEmptyLog(ports);
    leader.addNode(2, ports[1]);
    assertEquals("1", follower.get("committed"));
    follower.put("and", "2");
    assertEquals("2", leader.get("and"));
  }

  /** As an earlier leader would have: entry 0 in an earlier term, and no word of a commit. */
  private static void appendToEmptyLog(int[] ports) throws Exception {
    final UUID cluster = RaftNode.clusterUuid("pgraft");
    final InetSocketAddress address = new InetSocketAddress("127.0.0.1", ports[1]);
    try (PeerClients clients = new PeerClients(RatisProperties.MESSAGE_BYTES_MAX, Credentials.none(), InetSocketAddress::getHostString)) {
      final byte[] name = "pgraft".getBytes(StandardCharsets.UTF_8);
      final ByteBuffer body = ByteBuffer.allocate(8 + name.length).putInt(2);
      PeerMessage.putText(body, name);
      final byte[] join = new PeerMessage(PeerMessage.Kind.JOIN, cluster, 1, body.flip()).encode();
      assertEquals(
          PeerMessage.Verdict.ANSWERED,
          PeerMessage.Answer.decode(clients.call(address, join, TimeUnit.SECONDS.toNanos(20)).join()).verdict());
    }
    final ManagedChannel channel =
        NettyChannelBuilder.forAddress(address.getHostString(), address.getPort()).usePlaintext().build();
    try {
      final Answer answer = new Answer();
      RaftServerProtocolServiceGrpc.newStub(channel)
          .appendEntries(answer)
          .onNext(
              AppendEntriesRequestProto.newBuilder()
                  .setServerRequest(
                      RaftRpcRequestProto.newBuilder()
                          .setRequestorId(ByteString.copyFromUtf8("1"))
                          .setReplyId(ByteString.copyFromUtf8("2"))
                          .setRaftGroupId(
                              RaftGroupIdProto.newBuilder().setId(RaftGroupId.valueOf(cluster).toByteString())))
                  .setLeaderTerm(EARLIER_TERM)
                  .setLeaderCommit(-1)
                  .setInitializing(true)
                  .addEntries(
                      LogEntryProto.newBuilder()
                          .setTerm(EARLIER_TERM)
                          .setIndex(0)
                          .setConfigurationEntry(
                              RaftConfigurationProto.newBuilder()
                                  .addPeers(RaftNode.peer(1, "127.0.0.1:" + ports[0]).getRaftPeerProto())))
                  .build());
      assertEquals(AppendResult.SUCCESS, answer.first.get(20, TimeUnit.SECONDS).getResult());
    } finally {
      channel.shutdownNow();
    }
  }

  private static final class Answer implements StreamObserver<AppendEntriesReplyProto> {
    private final CompletableFuture<AppendEntriesReplyProto> first = new CompletableFuture<>();

    @Override
    public void onNext(AppendEntriesReplyProto reply) {
      first.complete(reply);
    }

    @Override
    public void onError(Throwable failure) {
      first.completeExceptionally(failure);
    }

    @Override
    public void onCompleted() {}
  }
}
