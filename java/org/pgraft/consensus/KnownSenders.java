package org.pgraft.consensus;

import java.net.SocketAddress;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.IntPredicate;
import org.apache.ratis.proto.RaftProtos.AppendEntriesRequestProto;
import org.apache.ratis.proto.RaftProtos.InstallSnapshotRequestProto;
import org.apache.ratis.proto.RaftProtos.RaftRpcRequestProto;
import org.apache.ratis.proto.RaftProtos.ReadIndexRequestProto;
import org.apache.ratis.proto.RaftProtos.RequestVoteRequestProto;
import org.apache.ratis.proto.RaftProtos.StartLeaderElectionRequestProto;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.thirdparty.com.google.protobuf.ByteString;
import org.apache.ratis.thirdparty.io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import org.apache.ratis.thirdparty.io.grpc.Grpc;
import org.apache.ratis.thirdparty.io.grpc.Metadata;
import org.apache.ratis.thirdparty.io.grpc.ServerCall;
import org.apache.ratis.thirdparty.io.grpc.ServerCallHandler;
import org.apache.ratis.thirdparty.io.grpc.ServerInterceptor;
import org.apache.ratis.thirdparty.io.grpc.Status;

/**
 * Looks at each message that comes to the members' port before it is acted upon, and tells the {@link Doorkeeper} which
 * connections members use. Ratis follows whoever sends entries with a high enough term, whether its configuration lists the
 * sender or not; here a message of Ratis' own protocol is refused unless it is meant for this node of this cluster and comes
 * from a member. A vote is different: Ratis refuses it to a candidate that is no member, before it looks at the term, and by
 * that answer a removed node learns that it was removed.
 *
 * <p>The sender's name is what the message says. Without authentication, who forges a member's name is not found out.
 *
 * <p>Called on gRPC's threads; no state but that of a call, which gRPC's calls of one listener guard.
 */
final class KnownSenders implements ServerInterceptor {
  private final UUID cluster;
  private final ByteString group;
  private final ByteString self;
  private final IntPredicate members;
  private final Consumer<SocketAddress> recognised;

  /**
   * @param self this node's id
   * @param members whether a node is a member
   * @param recognised told the address from which a member's message came
   */
  KnownSenders(int self, UUID cluster, IntPredicate members, Consumer<SocketAddress> recognised) {
    this.cluster = cluster;
    this.group = RaftGroupId.valueOf(cluster).toByteString();
    this.self = RaftNode.peerId(self).toByteString();
    this.members = members;
    this.recognised = recognised;
  }

  @Override
  public <Q, R> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
    return new Looked<>(call, next.startCall(call, headers));
  }

  /** Why a message is refused; empty when it is not. */
  Optional<String> refusal(Object message) {
    if (message instanceof byte[]) {
      // PeerHandler refuses what it has to, in words.
      return Optional.empty();
    }
    final Optional<RaftRpcRequestProto> header = header(message);
    if (header.isEmpty()) {
      return Optional.of("an unknown message");
    }
    if (!header.get().getRaftGroupId().getId().equals(group)) {
      return Optional.of("a message for another cluster");
    }
    if (!header.get().getReplyId().equals(self)) {
      return Optional.of("a message for another node");
    }
    final Optional<Integer> sender = nodeId(header.get().getRequestorId());
    final boolean heard =
        sender.isPresent() && (message instanceof RequestVoteRequestProto || members.test(sender.get()));
    return heard ? Optional.empty() : Optional.of("the sender is no member");
  }

  /** Whether a message that was not refused makes its connection a member's. */
  private boolean isOfThisCluster(Object message) {
    if (!(message instanceof byte[] bytes)) {
      return true;
    }
    try {
      return PeerMessage.decode(bytes).cluster().equals(cluster);
    } catch (PeerMessage.MalformedException e) {
      return false;
    }
  }

  private static Optional<RaftRpcRequestProto> header(Object message) {
    if (message instanceof AppendEntriesRequestProto append) {
      return Optional.of(append.getServerRequest());
    }
    if (message instanceof RequestVoteRequestProto vote) {
      return Optional.of(vote.getServerRequest());
    }
    if (message instanceof InstallSnapshotRequestProto snapshot) {
      return Optional.of(snapshot.getServerRequest());
    }
    if (message instanceof StartLeaderElectionRequestProto election) {
      return Optional.of(election.getServerRequest());
    }
    if (message instanceof ReadIndexRequestProto read) {
      return Optional.of(read.getServerRequest());
    }
    return Optional.empty();
  }

  /** Peers are named by their node id in decimal, see {@link RaftNode}. */
  private static Optional<Integer> nodeId(ByteString peer) {
    try {
      return Optional.of(Integer.parseInt(peer.toStringUtf8())).filter(id -> id > 0);
    } catch (NumberFormatException e) {
      return Optional.empty();
    }
  }

  private final class Looked<Q, R> extends SimpleForwardingServerCallListener<Q> {
    private final ServerCall<Q, R> call;
    private boolean known;
    private boolean refused;

    Looked(ServerCall<Q, R> call, ServerCall.Listener<Q> listener) {
      super(listener);
      this.call = call;
    }

    @Override
    public void onMessage(Q message) {
      if (refused) {
        return;
      }
      final Optional<String> refusal = refusal(message);
      if (refusal.isPresent()) {
        refused = true;
        call.close(Status.PERMISSION_DENIED.withDescription(refusal.get()), new Metadata());
        return;
      }
      if (!known && isOfThisCluster(message)) {
        known = true;
        recognised.accept(call.getAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR));
      }
      super.onMessage(message);
    }

    @Override
    public void onHalfClose() {
      if (!refused) {
        super.onHalfClose();
      }
    }
  }
}
