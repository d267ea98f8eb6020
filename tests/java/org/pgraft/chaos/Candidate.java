package org.pgraft.chaos;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.apache.ratis.proto.RaftProtos.RaftGroupIdProto;
import org.apache.ratis.proto.RaftProtos.RaftRpcRequestProto;
import org.apache.ratis.proto.RaftProtos.RequestVoteReplyProto;
import org.apache.ratis.proto.RaftProtos.RequestVoteRequestProto;
import org.apache.ratis.proto.RaftProtos.TermIndexProto;
import org.apache.ratis.proto.grpc.RaftServerProtocolServiceGrpc;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.thirdparty.com.google.protobuf.ByteString;
import org.apache.ratis.thirdparty.io.grpc.ManagedChannel;
import org.apache.ratis.thirdparty.io.grpc.netty.NettyChannelBuilder;
import org.pgraft.cluster.TestNode;

/**
 * Asks a node for its vote (RequestVote of the Raft paper, figure 2, as Ratis sends it) in the name of another
 * member, with a log that is newer than any.
 */
final class Candidate {
  private static final int CONNECT_MILLIS = 2_000;
  private static final long ANSWER_SECONDS = 10;

  private final TestNode candidate;
  private final TestNode voter;

  /**
   * What a node answered.
   *
   * @param granted whether it gave its vote
   * @param term the term it is in
   */
  record Answer(boolean granted, long term) {}

  Candidate(TestNode candidate, TestNode voter) {
    this.candidate = candidate;
    this.voter = voter;
  }

  /** Why the port of a node, which is up, cannot be reached from here; empty if it can. */
  static Optional<String> whyNot(TestNode node) {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(node.host().address(), node.host().raftPort()), CONNECT_MILLIS);
      return Optional.empty();
    } catch (IOException e) {
      return Optional.of("the members' port cannot be reached from here: " + e.getMessage());
    }
  }

  /** Asks once; fails with an exception of gRPC when the node does not answer. */
  Answer requestVote(long term) throws InterruptedException {
    ManagedChannel channel = NettyChannelBuilder.forAddress(voter.host().address(), voter.host().raftPort())
        .usePlaintext().build();
    try {
      RequestVoteReplyProto reply = RaftServerProtocolServiceGrpc.newBlockingStub(channel)
          .withDeadlineAfter(ANSWER_SECONDS, TimeUnit.SECONDS).requestVote(request(term));
      return new Answer(reply.getServerReply().getSuccess(), reply.getTerm());
    } finally {
      channel.shutdownNow().awaitTermination(ANSWER_SECONDS, TimeUnit.SECONDS);
    }
  }

  private RequestVoteRequestProto request(long term) {
    return RequestVoteRequestProto.newBuilder()
        .setServerRequest(RaftRpcRequestProto.newBuilder()
            .setRequestorId(id(candidate))
            .setReplyId(id(voter))
            .setRaftGroupId(RaftGroupIdProto.newBuilder().setId(group()))
            .setCallId(1))
        .setCandidateTerm(term)
        .setCandidateLastEntry(TermIndexProto.newBuilder().setTerm(term - 1).setIndex(Long.MAX_VALUE / 2))
        .build();
  }

  private static ByteString id(TestNode node) {
    return ByteString.copyFromUtf8(Integer.toString(node.number()));
  }

  /** The group is named by the directory of its log. */
  private ByteString group() {
    String name = voter.host().run("ls", voter.engineData() + "/raft").orFail("ls").text().strip();
    return RaftGroupId.valueOf(UUID.fromString(name)).toByteString();
  }
}
