package org.pgraft.consensus;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Introduces this node to other members and asks them what they know of it.
 *
 * <p>One thread at a time; blocks for about a second at most.
 */
final class Greeter {
  private static final Logger LOG = LoggerFactory.getLogger(Greeter.class);
  private static final long CALL_NANOS = TimeUnit.MILLISECONDS.toNanos(1000);

  private final int self;
  private final UUID cluster;
  private final PeerClients clients;

  Greeter(int self, UUID cluster, PeerClients clients) {
    this.self = self;
    this.cluster = cluster;
    this.clients = clients;
  }

  /**
   * Greets members.
   *
   * @param members where they listen, by id
   * @param mine this node's directory and run
   * @param takesPart whether this node is about to take part with it, or only asks whether it may
   * @return the greetings of those that answered, by the ids that they say they have
   * @throws EngineException when one of them knows that this node must not take part
   */
  Map<Integer, Greeting> greet(Map<Integer, String> members, ShownDirectory mine, boolean takesPart)
      throws EngineException {
    final Map<Integer, CompletableFuture<byte[]>> calls = new HashMap<>();
    final ByteBuffer body = ByteBuffer.allocate(ShownDirectory.BYTES + 1);
    mine.encode(body);
    body.put((byte) (takesPart ? 1 : 0));
    final byte[] hello = new PeerMessage(PeerMessage.Kind.HELLO, cluster, self, body.flip()).encode();
    members.forEach((id, address) -> calls.put(id, clients.call(HostPort.parse(address), hello, CALL_NANOS)));
    final Map<Integer, Greeting> greetings = new HashMap<>();
    for (Map.Entry<Integer, CompletableFuture<byte[]>> call : calls.entrySet()) {
      final Optional<Greeting> greeting = answer(call.getKey(), call.getValue());
      if (greeting.isPresent()) {
        greeting.get().check(self, mine);
        // Two addresses may lead to one server.
        greetings.put(greeting.get().node(), greeting.get());
      }
    }
    return greetings;
  }

  private static Optional<Greeting> answer(int member, CompletableFuture<byte[]> call) throws EngineException {
    try {
      final PeerMessage.Answer answer =
          PeerMessage.Answer.decode(call.get(2 * CALL_NANOS, TimeUnit.NANOSECONDS));
      if (answer.verdict() == PeerMessage.Verdict.REFUSED) {
        throw new EngineException(
            "member " + member + " refuses this node: " + answer.reason(),
            "Compare the settings of both servers.");
      }
      if (answer.verdict() != PeerMessage.Verdict.ANSWERED) {
        LOG.debug("member {} cannot tell yet", member);
        return Optional.empty();
      }
      return Optional.of(Greeting.decode(answer.body()));
    } catch (ExecutionException | TimeoutException e) {
      LOG.debug("member {} was not there to be greeted: {}", member, e.toString());
    } catch (PeerMessage.MalformedException | BufferUnderflowException e) {
      LOG.warn("member {} greets in an unknown form", member);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return Optional.empty();
  }
}
