package org.pgraft.consensus;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.pgraft.consensus.PeerMessage.Answer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads what other members say and hands it to whom it concerns. Whatever bytes arrive, the answer is an answer or a
 * failed call, never harm: a message of another cluster, of an unknown form or with a wrong length is refused.
 *
 * <p>Threads: gRPC's. No state, no locks.
 */
final class PeerHandler implements PeerService.Handler {
  private static final Logger LOG = LoggerFactory.getLogger(PeerHandler.class);

  /** Who the messages concern. Nothing here may block, except that an introduction is written to disk. */
  interface Receiver {
    /**
     * A node shows its directory: who this node is, and what it knows of the asking one.
     *
     * @param takesPart whether that node is about to take part, or only asks whether it may
     */
    Answer hello(int from, ShownDirectory shown, boolean takesPart);

    /** Become a member of the sender's cluster. */
    CompletionStage<Answer> join(int asNode, String clusterId);

    /** This node's term and figures; {@code body} holds the holder's term and its view of the members. */
    Answer leaseQuestion(int from, long term, ByteBuffer view);

    /** Append another node's batch. */
    CompletionStage<Answer> forwarded(int from, ByteBuffer batch);

    /** Carry out another node's request as the lease holder. */
    CompletionStage<Answer> execute(int from, ByteBuffer request);

    /** The ids of the members of the configurations in force, in the form of {@link Acquaintances#encode}. */
    Answer members();
  }

  private final UUID cluster;
  private final Receiver receiver;

  PeerHandler(UUID cluster, Receiver receiver) {
    this.cluster = cluster;
    this.receiver = receiver;
  }

  @Override
  public CompletionStage<byte[]> handle(byte[] request) {
    try {
      final PeerMessage message = PeerMessage.decode(request);
      if (!message.cluster().equals(cluster)) {
        return CompletableFuture.completedFuture(
            Answer.refused("what listens there is a node of another cluster: compare pgraft.cluster_id on both").encode());
      }
      return answer(message).thenApply(Answer::encode);
    } catch (PeerMessage.MalformedException | BufferUnderflowException e) {
      LOG.debug("a malformed message came to the members' port", e);
      return CompletableFuture.completedFuture(Answer.refused("the message is malformed").encode());
    }
  }

  private CompletionStage<Answer> answer(PeerMessage message) {
    final ByteBuffer body = message.body();
    return switch (message.kind()) {
      case HELLO ->
          CompletableFuture.completedFuture(
              receiver.hello(message.from(), ShownDirectory.decode(body), body.get() == 1));
      case JOIN -> receiver.join(body.getInt(), PeerMessage.text(body));
      case LEASE ->
          CompletableFuture.completedFuture(
              receiver.leaseQuestion(message.from(), body.getLong(), body.slice()));
      case FORWARD -> receiver.forwarded(message.from(), body);
      case EXECUTE -> receiver.execute(message.from(), body);
      case MEMBERS -> CompletableFuture.completedFuture(receiver.members());
    };
  }
}
