package org.pgraft.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.apache.ratis.client.RaftClient;
import org.apache.ratis.conf.Parameters;
import org.apache.ratis.conf.RaftProperties;
import org.apache.ratis.proto.RaftProtos.AppendEntriesRequestProto;
import org.apache.ratis.proto.RaftProtos.InstallSnapshotRequestProto;
import org.apache.ratis.proto.RaftProtos.InstallSnapshotRequestProto.SnapshotChunkProto;
import org.apache.ratis.proto.RaftProtos.LogEntryProto;
import org.apache.ratis.proto.RaftProtos.RaftConfigurationProto;
import org.apache.ratis.proto.RaftProtos.RaftGroupIdProto;
import org.apache.ratis.proto.RaftProtos.RaftRpcRequestProto;
import org.apache.ratis.proto.RaftProtos.ReadIndexRequestProto;
import org.apache.ratis.proto.RaftProtos.RequestVoteRequestProto;
import org.apache.ratis.proto.RaftProtos.StartLeaderElectionRequestProto;
import org.apache.ratis.proto.RaftProtos.StateMachineLogEntryProto;
import org.apache.ratis.proto.RaftProtos.TermIndexProto;
import org.apache.ratis.proto.grpc.RaftServerProtocolServiceGrpc;
import org.apache.ratis.proto.grpc.RaftServerProtocolServiceGrpc.RaftServerProtocolServiceStub;
import org.apache.ratis.protocol.Message;
import org.apache.ratis.protocol.RaftGroup;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.retry.RetryPolicies;
import org.apache.ratis.thirdparty.com.google.protobuf.ByteString;
import org.apache.ratis.thirdparty.io.grpc.CallOptions;
import org.apache.ratis.thirdparty.io.grpc.ManagedChannel;
import org.apache.ratis.thirdparty.io.grpc.MethodDescriptor;
import org.apache.ratis.thirdparty.io.grpc.Status;
import org.apache.ratis.thirdparty.io.grpc.netty.NettyChannelBuilder;
import org.apache.ratis.thirdparty.io.grpc.stub.ClientCalls;
import org.apache.ratis.thirdparty.io.grpc.stub.StreamObserver;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Calls of those who speak the protocols of the members' port but are no members, while clients write. */
@Tag("long")
final class ForeignCallsTest extends ClusterTest {
  private static final UUID CLUSTER =
      UUID.nameUUIDFromBytes("pgraft cluster pgraft".getBytes(StandardCharsets.UTF_8));
  private static final RaftGroupId GROUP = RaftGroupId.valueOf(CLUSTER);
  private static final String STRANGER = "99";
  private static final long HUGE_TERM = 1_000_000_000L;
  private static final long SEED = 815;
  private static final long PATIENCE_SECONDS = 60;

  private static RaftPeer peer(TestNode node) {
    return RaftPeer.newBuilder()
        .setId(RaftPeerId.valueOf(Integer.toString(node.number())))
        .setAddress(node.host().address() + ":" + node.host().raftPort())
        .build();
  }

  @Test
  void when_a_client_of_Ratis_writes_or_administers_then_nothing_is_offered_to_it() throws Exception {
    Unharmed.during(cluster(3, Unharmed.SETTINGS), cluster -> {
      TestNode leader = cluster.leader();
      List<RaftPeer> peers = cluster.nodes().stream().map(ForeignCallsTest::peer).toList();
      try (RaftClient client = RaftClient.newBuilder()
          .setProperties(new RaftProperties())
          .setParameters(new Parameters())
          .setRaftGroup(RaftGroup.valueOf(GROUP, peers))
          .setLeaderId(peer(leader).getId())
          .setRetryPolicy(RetryPolicies.noRetry())
          .build()) {
        assertThrows(IOException.class, () -> client.io().send(Message.valueOf("garbage")));
        assertThrows(IOException.class, () -> client.io().sendReadOnly(Message.valueOf("garbage")));
        assertThrows(IOException.class, () -> client.admin().setConfiguration(List.of(peer(leader))));
        assertThrows(IOException.class,
            () -> client.admin().transferLeadership(peer(cluster.follower()).getId(), 3000));
        for (TestNode node : cluster.nodes()) {
          RaftPeerId id = peer(node).getId();
          // what comes out of this client is not always the IOException that it declares
          Exception refusal = assertThrows(Exception.class, () -> client.getGroupManagementApi(id).list());
          assertTrue(refusal.toString().contains("not offered"), refusal.toString());
          assertThrows(Exception.class, () -> client.getGroupManagementApi(id).remove(GROUP, true, false));
          assertThrows(Exception.class,
              () -> client.getGroupManagementApi(id).add(RaftGroup.valueOf(RaftGroupId.randomId(), peer(node))));
          assertThrows(Exception.class, () -> client.getSnapshotManagementApi(id).create(3000));
          assertThrows(Exception.class, () -> client.getLeaderElectionManagementApi(id).pause());
        }
      }
      assertEquals(3, leader.number("SELECT num_nodes FROM pgraft_get_cluster_status()"));
    });
  }

  @Test
  void when_a_stranger_speaks_as_a_server_then_it_is_refused_and_the_term_stays() throws Exception {
    Unharmed.during(cluster(3, Unharmed.SETTINGS), cluster -> {
      for (TestNode node : cluster.nodes()) {
        try (Connection connection = new Connection(node)) {
          for (String sender : List.of(STRANGER, "not a number", "-1", "")) {
            assertNothingOf(connection, header(sender, node, GROUP));
          }
          // members that speak to somebody else
          String member = Integer.toString(cluster.others(node).get(0).number());
          assertNothingOf(connection, header(member, node, RaftGroupId.randomId()));
          assertNothingOf(connection, header(member, node, GROUP).toBuilder()
              .setReplyId(ByteString.copyFromUtf8(STRANGER)).build());
        }
      }
    });
  }

  private static void assertNothingOf(Connection connection, RaftRpcRequestProto header) throws Exception {
    TermIndexProto last = TermIndexProto.newBuilder().setTerm(HUGE_TERM).setIndex(HUGE_TERM).build();
    LogEntryProto garbage = LogEntryProto.newBuilder().setTerm(HUGE_TERM).setIndex(1)
        .setStateMachineLogEntry(StateMachineLogEntryProto.newBuilder()
            .setLogData(ByteString.copyFromUtf8("garbage"))).build();
    LogEntryProto alone = LogEntryProto.newBuilder().setTerm(HUGE_TERM).setIndex(1)
        .setConfigurationEntry(RaftConfigurationProto.newBuilder()).build();
    for (boolean pre : new boolean[] {true, false}) {
      connection.assertNoVote(RequestVoteRequestProto.newBuilder().setServerRequest(header)
          .setCandidateTerm(HUGE_TERM).setCandidateLastEntry(last).setPreVote(pre).build());
    }
    connection.assertRefused(connection.stub::startLeaderElection, StartLeaderElectionRequestProto.newBuilder()
        .setServerRequest(header).setLeaderLastEntry(last).build());
    connection.assertRefused(connection.stub::readIndex, ReadIndexRequestProto.newBuilder()
        .setServerRequest(header).build());
    for (LogEntryProto entry : List.of(garbage, alone)) {
      connection.assertStreamRefused(connection.stub::appendEntries, AppendEntriesRequestProto.newBuilder()
          .setServerRequest(header).setLeaderTerm(HUGE_TERM).addEntries(entry).setLeaderCommit(1).build());
    }
    connection.assertStreamRefused(connection.stub::appendEntries, AppendEntriesRequestProto.newBuilder()
        .setServerRequest(header).setLeaderTerm(HUGE_TERM).build());
    connection.assertStreamRefused(connection.stub::installSnapshot, InstallSnapshotRequestProto.newBuilder()
        .setServerRequest(header).setLeaderTerm(HUGE_TERM)
        .setSnapshotChunk(SnapshotChunkProto.newBuilder().setRequestId("garbage").setTermIndex(last).setDone(true))
        .build());
  }

  private static RaftRpcRequestProto header(String sender, TestNode receiver, RaftGroupId group) {
    return RaftRpcRequestProto.newBuilder()
        .setRequestorId(ByteString.copyFromUtf8(sender))
        .setReplyId(ByteString.copyFromUtf8(Integer.toString(receiver.number())))
        .setRaftGroupId(RaftGroupIdProto.newBuilder().setId(group.toByteString()))
        .setCallId(1)
        .build();
  }

  @Test
  void when_messages_of_pgraft_itself_are_malformed_then_nothing_is_done() throws Exception {
    Random random = new Random(SEED);
    Unharmed.during(cluster(3, Unharmed.SETTINGS), cluster -> {
      for (TestNode node : cluster.nodes()) {
        try (Connection connection = new Connection(node)) {
          int member = cluster.others(node).get(0).number();
          // its connection is then taken for a member's, or it would soon be shown out
          connection.assertAnswered(message(6, CLUSTER, member, new byte[0]));
          for (int from : new int[] {member, 99}) {
            for (int kind = 0; kind < 8; kind++) {
              for (byte[] body : malformed(random)) {
                connection.assertAnswered(message(kind, CLUSTER, from, body));
              }
              connection.assertAnswered(message(kind, UUID.randomUUID(), from, new byte[100]));
            }
            // a batch, and a request, that are far too large
            connection.assertAnswered(message(4, CLUSTER, from, new byte[3 << 20]));
            connection.assertAnswered(message(5, CLUSTER, from, new byte[3 << 20]));
          }
          byte[] whole = message(5, CLUSTER, member, new byte[100]);
          for (int length = 0; length < 30; length++) {
            connection.assertAnswered(java.util.Arrays.copyOf(whole, length));
          }
          // well formed, but of no member: remove a node, on the lease holder above all
          byte[] remove = ByteBuffer.allocate(6).put((byte) 1).put((byte) 43).putInt(member).array();
          connection.assertAnswered(message(5, CLUSTER, 99, remove));
        }
      }
      assertEquals(3, cluster.leader().number("SELECT num_nodes FROM pgraft_get_cluster_status()"));
    });
  }

  /** Nothing, numbers that promise far more than there is, too little, and what chance brings. */
  private static List<byte[]> malformed(Random random) {
    List<byte[]> bodies = new ArrayList<>();
    bodies.add(new byte[0]);
    for (int number : new int[] {Integer.MAX_VALUE, -1, Integer.MIN_VALUE, 1 << 20}) {
      bodies.add(ByteBuffer.allocate(4).putInt(number).array());
      bodies.add(ByteBuffer.allocate(12).putInt(number).putInt(number).putInt(number).array());
      // a term that no node ever had, and then a count
      bodies.add(ByteBuffer.allocate(12).putLong(Long.MAX_VALUE).putInt(number).array());
      // a batch's header, and then a count
      bodies.add(ByteBuffer.allocate(36).put((byte) 1).put((byte) 1).putInt(99).putLong(1).putLong(number)
          .putLong(0).putShort((short) -1).putInt(number).array());
    }
    for (int op = 0; op < 64; op++) {
      bodies.add(ByteBuffer.allocate(10).put((byte) 1).put((byte) op).putInt(-1).putInt(Integer.MAX_VALUE).array());
    }
    for (int i = 0; i < 20; i++) {
      bodies.add(Stranger.random(random, 300));
    }
    return bodies;
  }

  private static byte[] message(int kind, UUID cluster, int from, byte[] body) {
    return ByteBuffer.allocate(22 + body.length).put((byte) 1).put((byte) kind)
        .putLong(cluster.getMostSignificantBits()).putLong(cluster.getLeastSignificantBits())
        .putInt(from).put(body).array();
  }

  @Test
  void when_a_node_was_away_while_the_membership_changed_then_it_follows_a_leader_that_it_does_not_know()
      throws Exception {
    // the newcomer does not count: with three members, two of four would be no majority
    TestCluster cluster = cluster(4, Unharmed.SETTINGS);
    TestNode away = cluster.follower();
    TestNode first = cluster.others(away).get(0);
    away.stop("fast");
    TestNode newcomer = cluster.oneMoreWaiting();
    assertTrue(first.truth("SELECT pgraft_add_node(?, ?, ?)", newcomer.number(), newcomer.host().address(),
        newcomer.host().raftPort()));
    List<TestNode> here = cluster.others(away);
    Await.until("the newcomer leads", () -> {
      TestNode leader = TestCluster.leaderAmong(here);
      return leader == newcomer || !leader.truth("SELECT pgraft_transfer_leadership(?)", newcomer.number())
          && newcomer.leads();
    });
    newcomer.put("while", "away");
    away.start();
    TestCluster.awaitLocal(away, "while", "away");
    assertEquals(newcomer, cluster.leader());
    away.put("back", "again");
    cluster.assertSameStores();
  }

  /** A connection to a node's members' port that speaks gRPC. */
  private static final class Connection implements AutoCloseable {
    private static final MethodDescriptor<byte[], byte[]> CALL = MethodDescriptor.<byte[], byte[]>newBuilder()
        .setType(MethodDescriptor.MethodType.UNARY)
        .setFullMethodName("pgraft.Peer/Call")
        .setRequestMarshaller(new Plain())
        .setResponseMarshaller(new Plain())
        .build();

    private final ManagedChannel channel;
    private final RaftServerProtocolServiceStub stub;

    Connection(TestNode node) {
      channel = NettyChannelBuilder.forAddress(node.host().address(), node.host().raftPort()).usePlaintext().build();
      stub = RaftServerProtocolServiceGrpc.newStub(channel);
    }

    /** A unary call. */
    @FunctionalInterface
    interface Unary<Q, R> {
      void call(Q request, StreamObserver<R> answers);
    }

    <Q, R> void assertRefused(Unary<Q, R> method, Q request) throws Exception {
      Answers<R> answers = new Answers<>();
      method.call(request, answers);
      assertEquals(Status.Code.PERMISSION_DENIED, answers.status());
    }

    <Q, R> void assertStreamRefused(Function<StreamObserver<R>, StreamObserver<Q>> method, Q request)
        throws Exception {
      Answers<R> answers = new Answers<>();
      method.apply(answers).onNext(request);
      assertEquals(Status.Code.PERMISSION_DENIED, answers.status());
    }

    /** To ask for a vote is no offence, but there is none. */
    void assertNoVote(RequestVoteRequestProto request) throws Exception {
      Answers<org.apache.ratis.proto.RaftProtos.RequestVoteReplyProto> answers = new Answers<>();
      stub.requestVote(request, answers);
      if (answers.status() == Status.Code.OK) {
        assertEquals(false, answers.last.getServerReply().getSuccess(), "a vote for " + request);
      }
    }

    /** Whatever comes back, the node is there to say it. */
    void assertAnswered(byte[] request) throws Exception {
      Answers<byte[]> answers = new Answers<>();
      ClientCalls.asyncUnaryCall(channel.newCall(CALL, CallOptions.DEFAULT), request, answers);
      assertEquals(Status.Code.OK, answers.status());
      assertNotNull(answers.last);
    }

    @Override
    public void close() {
      channel.shutdownNow();
    }
  }

  /** How a call ends. */
  private static final class Answers<R> implements StreamObserver<R> {
    private final CompletableFuture<Status.Code> end = new CompletableFuture<>();
    private volatile R last;

    @Override
    public void onNext(R answer) {
      last = answer;
    }

    @Override
    public void onError(Throwable failure) {
      end.complete(Status.fromThrowable(failure).getCode());
    }

    @Override
    public void onCompleted() {
      end.complete(Status.Code.OK);
    }

    Status.Code status() throws Exception {
      try {
        return end.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
      } catch (ExecutionException e) {
        throw new AssertionError(e);
      }
    }
  }

  /** Bytes as they are. */
  private static final class Plain implements MethodDescriptor.Marshaller<byte[]> {
    @Override
    public InputStream stream(byte[] value) {
      return new ByteArrayInputStream(value);
    }

    @Override
    public byte[] parse(InputStream stream) {
      try {
        return stream.readAllBytes();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
