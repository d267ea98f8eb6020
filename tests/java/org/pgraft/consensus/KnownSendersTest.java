package org.pgraft.consensus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.UUID;
import org.apache.ratis.proto.RaftProtos.AppendEntriesRequestProto;
import org.apache.ratis.proto.RaftProtos.InstallSnapshotRequestProto;
import org.apache.ratis.proto.RaftProtos.RaftGroupIdProto;
import org.apache.ratis.proto.RaftProtos.RaftRpcRequestProto;
import org.apache.ratis.proto.RaftProtos.RequestVoteRequestProto;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.thirdparty.com.google.protobuf.ByteString;
import org.junit.jupiter.api.Test;

/** Whose messages reach Ratis. The members are 1, 2 and 3; this is 1. */
class KnownSendersTest {
  private static final UUID CLUSTER = RaftNode.clusterUuid("pgraft");

  private final KnownSenders senders = new KnownSenders(1, CLUSTER, node -> node <= 3, address -> {});

  @Test
  void when_aMemberSendsEntriesOrASnapshot_then_itIsHeard() {
    assertTrue(senders.refusal(append(header("2", "1", CLUSTER))).isEmpty());
    assertTrue(senders.refusal(snapshot(header("3", "1", CLUSTER))).isEmpty());
  }

  @Test
  void when_aStrangerSendsEntriesOrASnapshot_then_itIsRefused() {
    for (String stranger : new String[] {"4", "0", "-2", "", "two"}) {
      assertEquals("the sender is no member", senders.refusal(append(header(stranger, "1", CLUSTER))).orElseThrow());
      assertEquals("the sender is no member", senders.refusal(snapshot(header(stranger, "1", CLUSTER))).orElseThrow());
    }
  }

  @Test
  void when_aMessageIsForAnotherNodeOrCluster_then_itIsRefused() {
    assertEquals("a message for another node", senders.refusal(append(header("2", "3", CLUSTER))).orElseThrow());
    assertEquals(
        "a message for another cluster",
        senders.refusal(append(header("2", "1", RaftNode.clusterUuid("another")))).orElseThrow());
  }

  @Test
  void when_aNodeThatIsNoMemberAsksForAVote_then_RatisAnswers() {
    assertTrue(senders.refusal(vote(header("4", "1", CLUSTER))).isEmpty());
    assertEquals("the sender is no member", senders.refusal(vote(header("four", "1", CLUSTER))).orElseThrow());
  }

  @Test
  void when_itIsNoMessageOfRatisOrPgraft_then_itIsRefused() {
    assertTrue(senders.refusal("hello").isPresent());
    assertTrue(senders.refusal(new byte[0]).isEmpty(), "PeerHandler refuses it, in words");
  }

  private static AppendEntriesRequestProto append(RaftRpcRequestProto header) {
    return AppendEntriesRequestProto.newBuilder().setServerRequest(header).build();
  }

  private static InstallSnapshotRequestProto snapshot(RaftRpcRequestProto header) {
    return InstallSnapshotRequestProto.newBuilder().setServerRequest(header).build();
  }

  private static RequestVoteRequestProto vote(RaftRpcRequestProto header) {
    return RequestVoteRequestProto.newBuilder().setServerRequest(header).build();
  }

  private static RaftRpcRequestProto header(String from, String to, UUID cluster) {
    return RaftRpcRequestProto.newBuilder()
        .setRequestorId(ByteString.copyFromUtf8(from))
        .setReplyId(ByteString.copyFromUtf8(to))
        .setRaftGroupId(RaftGroupIdProto.newBuilder().setId(RaftGroupId.valueOf(cluster).toByteString()))
        .build();
  }
}
