package org.pgraft.consensus;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.apache.ratis.server.RaftServer;
import org.pgraft.command.Request;
import org.pgraft.command.Responses;
import org.pgraft.consensus.EngineStatus.MemberStatus;
import org.pgraft.store.LeaseRecord;
import org.pgraft.store.Store;

/**
 * The lease's ground in the real world: terms and configurations from {@link RaftNode}, questions over {@link
 * PeerClients}, the record from the store. The holder's view of the members travels with each question.
 *
 * <p>Called mostly with the monitor of {@link LeaseKeeper} held, so nothing here blocks.
 */
final class RaftLeaseGround implements LeaseGround {
  /** Appends an entry of the engine's own as the Raft leader, lease or not. */
  @FunctionalInterface
  interface OwnEntry {
    CompletableFuture<ByteBuffer> append(Request request);
  }

  private final int self;
  private final UUID cluster;
  private final RaftNode raft;
  private final PeerClients clients;
  private final Supplier<Optional<Store>> store;
  private final OwnEntry log;
  private final LogStall stall;
  private final BootClock clock;
  private final MemberBoard board;
  private final Supplier<List<MemberStatus>> view;
  private final Confirmations confirmations;
  private final VoterChanges voterChanges;

  private byte[] question = new byte[0];
  private long questionNanos;
  private long questionTerm = -1;

  RaftLeaseGround(
      int self,
      UUID cluster,
      RaftNode raft,
      PeerClients clients,
      Supplier<Optional<Store>> store,
      OwnEntry log,
      LogStall stall,
      BootClock clock,
      MemberBoard board,
      Supplier<List<MemberStatus>> view,
      Confirmations confirmations,
      VoterChanges voterChanges) {
    this.self = self;
    this.cluster = cluster;
    this.raft = raft;
    this.clients = clients;
    this.store = store;
    this.log = log;
    this.stall = stall;
    this.clock = clock;
    this.board = board;
    this.view = view;
    this.confirmations = confirmations;
    this.voterChanges = voterChanges;
  }

  @Override
  public long readyTerm() {
    return raft.readyTerm();
  }

  @Override
  public List<Set<Integer>> configurations() {
    return raft.configurations();
  }

  @Override
  public Confirmation confirmOwn() {
    return confirmations.confirm(raft::currentTerm);
  }

  @Override
  public long votersChangedNanos() {
    return voterChanges.changedNanos();
  }

  @Override
  public CompletableFuture<Confirmation> confirm(int node, long timeoutNanos) {
    board.asked(node, clock.nanos());
    return raft.addressOf(node)
        .map(address -> clients.converse(address, question(), timeoutNanos).thenApply(bytes -> heard(node, bytes)))
        .orElseGet(
            () -> CompletableFuture.failedFuture(new IllegalStateException("node " + node + " has no address")));
  }

  /** One question serves a whole round. */
  private synchronized byte[] question() {
    final long term = raft.currentTerm();
    final long now = clock.nanos();
    if (term != questionTerm || now - questionNanos > 10_000_000) {
      final ByteBuffer members = MemberBoard.encode(view.get());
      final ByteBuffer body = ByteBuffer.allocate(8 + members.remaining()).putLong(term).put(members).flip();
      question = new PeerMessage(PeerMessage.Kind.LEASE, cluster, self, body).encode();
      questionNanos = now;
      questionTerm = term;
    }
    return question;
  }

  private Confirmation heard(int node, byte[] bytes) {
    try {
      final PeerMessage.Answer answer = PeerMessage.Answer.decode(bytes);
      if (answer.verdict() != PeerMessage.Verdict.ANSWERED) {
        throw new IllegalStateException("node " + node + " refused a lease question: " + answer.reason());
      }
      final ByteBuffer in = answer.body();
      final long now = clock.nanos();
      final MemberBoard.Report report =
          new MemberBoard.Report(in.getLong(), in.getLong(), in.getLong(), in.getLong(), now);
      board.reported(node, report);
      return new Confirmation(report.term(), now - in.getLong());
    } catch (PeerMessage.MalformedException | BufferUnderflowException e) {
      throw new IllegalStateException("node " + node + " answered a lease question with something else", e);
    }
  }

  /** The answer to a lease question, in the form that {@link #heard} reads. */
  static PeerMessage.Answer answer(
      Confirmation given, long nowNanos, long appliedIndex, long storeBytes, long uptimeMillis) {
    final ByteBuffer body = ByteBuffer.allocate(5 * 8);
    body.putLong(given.term()).putLong(appliedIndex).putLong(storeBytes).putLong(uptimeMillis);
    // Clocks have nothing in common but their rate, so it travels as how long ago it was.
    body.putLong(nowNanos - given.earlierNanos());
    return new PeerMessage.Answer(PeerMessage.Verdict.ANSWERED, body.flip());
  }

  @Override
  public Optional<LeaseRecord> lastAcquired() {
    return store.get().flatMap(Store::lease);
  }

  @Override
  public CompletableFuture<Boolean> acquire(long term, long leaseMillis) {
    return log.append(new Request.Acquire(self, term, leaseMillis)).thenApply(Responses::isOk);
  }

  @Override
  public CompletableFuture<Boolean> release(long term) {
    return log.append(new Request.Release(self, term)).thenApply(Responses::isOk);
  }

  @Override
  public boolean logIsStalled() {
    return raft.division().map(RaftServer.Division::getRaftLog).map(log -> stall.stalled(log, clock.nanos())).orElse(true);
  }
}
