package org.pgraft.consensus;

import java.net.InetSocketAddress;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.pgraft.consensus.PeerMessage.Answer;
import org.pgraft.consensus.PeerMessage.Verdict;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether a node is one that this node may listen to. The members of its own configurations are; but a node that was away
 * while the membership changed does not know the newest member, which may be its leader (Raft paper, section 6: servers
 * accept AppendEntries from a leader that is not part of their configuration). So for a node that it does not know it asks
 * the members it knows, at their own addresses, and believes them for a while. A member that was removed is heard for as
 * long, because a leader that removes itself has yet to tell the others that this is committed. A node without a
 * configuration waits to be told one, and listens to everybody.
 *
 * <p>Thread-safe, nothing blocks: what is not known yet is "no", the question goes out meanwhile, and the sender tries again.
 */
final class Acquaintances {
  private static final Logger LOG = LoggerFactory.getLogger(Acquaintances.class);
  private static final long ASK_INTERVAL_NANOS = TimeUnit.MILLISECONDS.toNanos(500);
  private static final long CALL_NANOS = TimeUnit.SECONDS.toNanos(2);
  private static final long BELIEVED_NANOS = TimeUnit.SECONDS.toNanos(60);
  private static final int MEMBERS_MAX = 1000;

  private final int self;
  private final UUID cluster;
  private final Supplier<Map<Integer, InetSocketAddress>> members;
  private final PeerClients clients;
  private final BootClock clock;

  /** When a member named each node, or it was one itself. */
  private final Map<Integer, Long> named = new ConcurrentHashMap<>();

  private final AtomicLong mayAskAt = new AtomicLong(Long.MIN_VALUE);

  /**
   * @param members the other and own members of the configurations in force and where they listen; empty without one
   */
  Acquaintances(
      int self,
      UUID cluster,
      Supplier<Map<Integer, InetSocketAddress>> members,
      PeerClients clients,
      BootClock clock) {
    this.self = self;
    this.cluster = cluster;
    this.members = members;
    this.clients = clients;
    this.clock = clock;
  }

  /** Whether that node is a member, as far as this node knows. */
  boolean include(int node) {
    final Map<Integer, InetSocketAddress> known = members.get();
    if (known.isEmpty()) {
      return true;
    }
    final long now = clock.nanos();
    if (known.containsKey(node)) {
      named.put(node, now);
      return true;
    }
    final Long since = named.get(node);
    if (since != null && now - since < BELIEVED_NANOS) {
      return true;
    }
    ask(known, now);
    return false;
  }

  private void ask(Map<Integer, InetSocketAddress> known, long now) {
    final long mayAsk = mayAskAt.get();
    if (now < mayAsk || !mayAskAt.compareAndSet(mayAsk, now + ASK_INTERVAL_NANOS)) {
      return;
    }
    final byte[] question = question(cluster, self);
    known.forEach(
        (id, address) -> {
          if (id != self) {
            clients.call(address, question, CALL_NANOS).whenComplete((bytes, failure) -> told(id, bytes, failure));
          }
        });
  }

  /** Asks a node for the members. */
  static byte[] question(UUID cluster, int self) {
    return new PeerMessage(PeerMessage.Kind.MEMBERS, cluster, self, ByteBuffer.allocate(0)).encode();
  }

  private void told(int by, byte[] bytes, Throwable failure) {
    if (failure != null) {
      LOG.debug("member {} did not name the members: {}", by, failure.toString());
      return;
    }
    try {
      final Answer answer = Answer.decode(bytes);
      if (answer.verdict() == Verdict.ANSWERED) {
        final long now = clock.nanos();
        named.values().removeIf(since -> now - since >= BELIEVED_NANOS);
        decode(answer.body()).forEach(id -> named.put(id, now));
      }
    } catch (PeerMessage.MalformedException | BufferUnderflowException e) {
      LOG.warn("member {} names the members in an unknown form", by);
    }
  }

  /** Writes the members' ids in the form in which they are named. */
  static ByteBuffer encode(Set<Integer> ids) {
    final ByteBuffer out = ByteBuffer.allocate(Integer.BYTES * (1 + ids.size())).putInt(ids.size());
    ids.forEach(out::putInt);
    return out.flip();
  }

  private static Set<Integer> decode(ByteBuffer in) {
    final int count = in.getInt();
    if (count > MEMBERS_MAX) {
      throw new BufferUnderflowException();
    }
    final Set<Integer> ids = new HashSet<>();
    for (int i = 0; i < count; i++) {
      ids.add(in.getInt());
    }
    return ids;
  }
}
