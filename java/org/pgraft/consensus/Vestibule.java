package org.pgraft.consensus;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.apache.ratis.thirdparty.io.grpc.Server;
import org.apache.ratis.thirdparty.io.grpc.netty.NettyServerBuilder;
import org.apache.ratis.thirdparty.io.netty.channel.EventLoopGroup;
import org.apache.ratis.util.NettyUtils;
import org.pgraft.consensus.PeerMessage.Answer;
import org.pgraft.consensus.PeerMessage.Verdict;

/**
 * Listens on the members' port while this node is not cleared to take part: other nodes may introduce themselves, so that
 * nodes that start together can clear each other, and that is all. Ratis, which would vote and append, is not there yet.
 *
 * <p>Opened and closed by one thread; messages are answered on gRPC's threads.
 */
final class Vestibule implements PeerHandler.Receiver, AutoCloseable {
  private static final long CLOSE_SECONDS = 5;

  private final int self;
  private final UUID cluster;
  private final InetSocketAddress address;
  private final MembersPort port;
  private final IdentityFiles identity;
  private final Clearance clearance;
  private final Introductions introductions;
  private volatile EventLoopGroup threads;
  private volatile Server server;

  Vestibule(
      int self,
      UUID cluster,
      InetSocketAddress address,
      MembersPort port,
      IdentityFiles identity,
      Clearance clearance) {
    this.self = self;
    this.cluster = cluster;
    this.address = address;
    this.port = port;
    this.identity = identity;
    this.clearance = clearance;
    this.introductions = new Introductions(self, identity, clearance);
  }

  void open() throws IOException {
    threads = NettyUtils.newEventLoopGroup("pgraft-vestibule", 1, true);
    server =
        port.guard(NettyServerBuilder.forAddress(address))
            .bossEventLoopGroup(threads)
            .workerEventLoopGroup(threads)
            .addService(PeerService.definition(new PeerHandler(cluster, this)))
            .intercept(new KnownSenders(self, cluster, nobody -> false, port.doorkeeper()::recognised))
            .build()
            .start();
  }

  @Override
  public Answer hello(int from, ShownDirectory shown, boolean takesPart) {
    final Map<Integer, String> members = identity.identity().member() ? clearance.remembered() : Map.of();
    final Set<Integer> ids = members.keySet();
    return introductions.answer(from, shown, takesPart, ids, Optional.empty());
  }

  @Override
  public CompletionStage<Answer> join(int asNode, String clusterId) {
    return CompletableFuture.completedFuture(
        Answer.refused("node " + self + " " + clearance.waitsFor().orElse("is still starting")));
  }

  @Override
  public Answer leaseQuestion(int from, long term, ByteBuffer view) {
    // It has not opened its log and knows of no term that it voted in: its word would be worth nothing.
    clearance.learn(MemberBoard.decode(view));
    return Answer.refused("node " + self + " does not take part yet");
  }

  @Override
  public CompletionStage<Answer> forwarded(int from, ByteBuffer batch) {
    return CompletableFuture.completedFuture(Answer.of(Verdict.NOT_HOLDER));
  }

  @Override
  public CompletionStage<Answer> execute(int from, ByteBuffer request) {
    return CompletableFuture.completedFuture(Answer.of(Verdict.NOT_HOLDER));
  }

  @Override
  public Answer members() {
    return Answer.of(Verdict.UNKNOWN);
  }

  /** Stops listening; the port is free afterwards. */
  @Override
  public void close() {
    if (threads == null) {
      return;
    }
    if (server != null) {
      port.doorkeeper().dismissStrangers();
      server.shutdownNow();
      try {
        server.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
    threads.shutdownGracefully(0, CLOSE_SECONDS, TimeUnit.SECONDS);
  }
}
