package org.pgraft.consensus;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.ratis.protocol.RaftPeer;
import org.pgraft.command.PgraftException;
import org.pgraft.command.Request;
import org.pgraft.command.Requests;
import org.pgraft.command.Responses;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks a node outside to join the cluster. A node that is willing answers with its entry for the member table, and waits from
 * then on for the leader to bring it in; being asked again changes nothing.
 *
 * <p>Immutable; nothing blocks.
 */
final class Invitation {
  private static final Logger LOG = LoggerFactory.getLogger(Invitation.class);

  /** A server that was started together with this call may need a moment until it listens. */
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(10);

  private final int self;
  private final UUID cluster;
  private final String clusterId;
  private final PeerClients clients;

  Invitation(int self, UUID cluster, String clusterId, PeerClients clients) {
    this.self = self;
    this.cluster = cluster;
    this.clusterId = clusterId;
    this.clients = clients;
  }

  /**
   * What became of it; exactly one of the two is there.
   *
   * @param entry the newcomer's entry for the member table
   * @param refusal what to tell who wants the newcomer in
   */
  record Reply(Request.NodeStart entry, PeerMessage.Answer refusal) {
    private static Reply refusal(String reason) {
      return new Reply(null, PeerMessage.Answer.refused(reason));
    }
  }

  /** Asks the newcomer; the reply is completed normally, at the latest when the time is over or after ten seconds. */
  CompletableFuture<Reply> send(RaftPeer newcomer, long timeoutNanos) {
    final int id = RaftNode.nodeId(newcomer.getId());
    return clients
        .callWhenReachable(
            HostPort.parse(newcomer.getAddress()), request(id), Math.min(timeoutNanos, PATIENCE_NANOS))
        .handle(
            (bytes, failure) ->
                failure == null
                    ? reply(newcomer, bytes)
                    : new Reply(
                        null,
                        new PeerMessage.Answer(
                            PeerMessage.Verdict.ANSWERED,
                            Responses.error(
                                Failures.notReached(id, newcomer.getAddress(), Obstacle.of(failure))))));
  }

  private byte[] request(int id) {
    final byte[] name = clusterId.getBytes(StandardCharsets.UTF_8);
    final ByteBuffer body = ByteBuffer.allocate(4 + 4 + name.length);
    body.putInt(id);
    PeerMessage.putText(body, name);
    return new PeerMessage(PeerMessage.Kind.JOIN, cluster, self, body.flip()).encode();
  }

  private static Reply reply(RaftPeer newcomer, byte[] bytes) {
    try {
      final PeerMessage.Answer answer = PeerMessage.Answer.decode(bytes);
      if (answer.verdict() != PeerMessage.Verdict.ANSWERED) {
        return Reply.refusal(answer.reason());
      }
      if (Requests.decode(answer.body()) instanceof Request.NodeStart entry
          && entry.node() == RaftNode.nodeId(newcomer.getId())) {
        return new Reply(entry, null);
      }
      LOG.debug("{} answers with something else than its entry", newcomer);
    } catch (PeerMessage.MalformedException | BufferUnderflowException | PgraftException e) {
      LOG.debug("the answer of {} cannot be read", newcomer, e);
    }
    return Reply.refusal("what listens at " + newcomer.getAddress() + " is not a pgraft node of this version");
  }
}
