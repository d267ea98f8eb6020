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
 * Asks the known members, before the engine takes part, what they know of this node. Those that do not answer in time
 * cannot object; the node's registration through the log is the second check.
 *
 * <p>Used once, by the thread that starts the engine; blocks for about a second at most.
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
   * Greets every member.
   *
   * @param members where they listen, by id
   * @param mine this node's identity
   * @return false when one of them belongs to a cluster whose configuration does not list this node
   * @throws EngineException when one of them knows that this node must not take part
   */
  boolean greet(Map<Integer, String> members, Identity mine) throws EngineException {
    final Map<Integer, CompletableFuture<byte[]>> calls = new HashMap<>();
    final byte[] hello =
        new PeerMessage(PeerMessage.Kind.HELLO, cluster, self, ByteBuffer.allocate(0)).encode();
    members.forEach((id, address) -> calls.put(id, clients.call(HostPort.parse(address), hello, CALL_NANOS)));
    boolean listed = true;
    for (Map.Entry<Integer, CompletableFuture<byte[]>> call : calls.entrySet()) {
      final Optional<Greeting> greeting = answer(call.getKey(), call.getValue());
      if (greeting.isPresent()) {
        greeting.get().check(mine);
        listed &= !greeting.get().member() || greeting.get().listed();
      }
    }
    return listed;
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
