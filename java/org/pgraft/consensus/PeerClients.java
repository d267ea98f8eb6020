package org.pgraft.consensus;

import java.net.InetSocketAddress;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.apache.ratis.thirdparty.io.grpc.CallOptions;
import org.apache.ratis.thirdparty.io.grpc.ClientCall;
import org.apache.ratis.thirdparty.io.grpc.ConnectivityState;
import org.apache.ratis.thirdparty.io.grpc.ManagedChannel;
import org.apache.ratis.thirdparty.io.grpc.netty.NettyChannelBuilder;
import org.apache.ratis.thirdparty.io.grpc.stub.ClientCalls;
import org.apache.ratis.thirdparty.io.grpc.stub.StreamObserver;
import org.apache.ratis.thirdparty.io.netty.channel.ChannelOption;
import org.pgraft.tls.Credentials;

/**
 * Calls other members over {@link PeerService}. One channel for each address, made when first used and kept. A channel
 * that has failed several times in a row is made to connect afresh, because after a network cut TCP alone would wait
 * ever longer between its attempts.
 *
 * <p>Thread-safe; nothing here blocks. Answers arrive on gRPC's threads.
 */
final class PeerClients implements AutoCloseable {
  private static final int CONNECT_TIMEOUT_MILLIS = 1000;
  private static final int FAILURES_BEFORE_FRESH_CONNECTION = 5;

  private final Map<InetSocketAddress, Peer> peers = new ConcurrentHashMap<>();
  private final int messageBytesMax;
  private final Credentials credentials;
  private final Function<InetSocketAddress, String> certified;
  private volatile boolean closed;

  /**
   * @param messageBytesMax the largest answer
   * @param credentials whether the connections are encrypted, and by what
   * @param certified the host that the certificate of who listens there has to name
   */
  PeerClients(int messageBytesMax, Credentials credentials, Function<InetSocketAddress, String> certified) {
    this.messageBytesMax = messageBytesMax;
    this.credentials = credentials;
    this.certified = certified;
  }

  /**
   * Sends one message.
   *
   * @param address where the member listens; host names are resolved anew for each connection
   * @param timeoutNanos when to give up, from now; the future then fails
   * @return the answer, or a failure, after which the message may or may not have arrived
   */
  CompletableFuture<byte[]> call(InetSocketAddress address, byte[] request, long timeoutNanos) {
    return call(address, request, timeoutNanos, CallOptions.DEFAULT);
  }

  /** The same, but a member that cannot be reached at first is waited for. */
  CompletableFuture<byte[]> callWhenReachable(InetSocketAddress address, byte[] request, long timeoutNanos) {
    return call(address, request, timeoutNanos, CallOptions.DEFAULT.withWaitForReady());
  }

  /** The same for what is asked over and over, see {@link Conversation}. */
  CompletableFuture<byte[]> converse(InetSocketAddress address, byte[] request, long timeoutNanos) {
    if (closed) {
      return CompletableFuture.failedFuture(new IllegalStateException("the members' clients are closed"));
    }
    final Peer known = peers.get(address);
    final CompletableFuture<byte[]> answer = known == null ? null : known.ask(request, timeoutNanos);
    return answer != null ? answer : call(address, request, timeoutNanos);
  }

  private CompletableFuture<byte[]> call(
      InetSocketAddress address, byte[] request, long timeoutNanos, CallOptions options) {
    final CompletableFuture<byte[]> answer = new CompletableFuture<>();
    if (closed) {
      answer.completeExceptionally(new IllegalStateException("the members' clients are closed"));
      return answer;
    }
    try {
      peers
          .computeIfAbsent(address, this::open)
          .call(request, options.withDeadlineAfter(Math.max(1, timeoutNanos), TimeUnit.NANOSECONDS), answer);
    } catch (IllegalArgumentException e) {
      // Not every text is a host's name.
      answer.completeExceptionally(e);
    }
    return answer;
  }

  /**
   * Whether a connection stands at this moment, so that a message would really be sent. When none stands, one is begun.
   */
  boolean connected(InetSocketAddress address) {
    if (closed) {
      return false;
    }
    final ManagedChannel channel = peers.computeIfAbsent(address, this::open).channel;
    final ConnectivityState state = channel.getState(true);
    if (state == ConnectivityState.TRANSIENT_FAILURE) {
      channel.resetConnectBackoff();
    }
    return state == ConnectivityState.READY;
  }

  private Peer open(InetSocketAddress address) {
    final NettyChannelBuilder builder =
        NettyChannelBuilder.forAddress(address.getHostString(), address.getPort())
            .directExecutor()
            .maxInboundMessageSize(messageBytesMax)
            .withOption(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_TIMEOUT_MILLIS);
    credentials
        .dialing()
        .ifPresentOrElse(
            tls ->
                builder
                    .sslContext(tls)
                    .overrideAuthority(HostPort.format(certified.apply(address), address.getPort())),
            builder::usePlaintext);
    return new Peer(builder.build());
  }

  @Override
  public void close() {
    closed = true;
    peers.values().forEach(peer -> peer.channel.shutdownNow());
  }

  private static final class Peer {
    private final ManagedChannel channel;
    private final AtomicInteger failuresInARow = new AtomicInteger();

    private Conversation conversation;

    Peer(ManagedChannel channel) {
      this.channel = channel;
    }

    /** Null when there is no conversation now, or it is busy. */
    CompletableFuture<byte[]> ask(byte[] question, long timeoutNanos) {
      final Conversation current;
      synchronized (this) {
        if (conversation == null || conversation.isOver()) {
          // A single call finds out how the connection is, and makes a new one when need be.
          conversation = channel.getState(false) == ConnectivityState.READY ? Conversation.begin(channel) : null;
        }
        current = conversation;
      }
      final CompletableFuture<byte[]> answer = current == null ? null : current.ask(question, timeoutNanos);
      return answer == null ? null : answer.whenComplete((bytes, failure) -> count(failure));
    }

    /** A connection that fails again and again may lead nowhere without knowing it: a new one is made. */
    private void count(Throwable failure) {
      if (failure == null) {
        failuresInARow.set(0);
      } else if (failuresInARow.incrementAndGet() % FAILURES_BEFORE_FRESH_CONNECTION == 0) {
        channel.enterIdle();
      }
    }

    void call(byte[] request, CallOptions options, CompletableFuture<byte[]> answer) {
      if (channel.getState(false) == ConnectivityState.TRANSIENT_FAILURE) {
        channel.resetConnectBackoff();
      }
      final ClientCall<byte[], byte[]> call = channel.newCall(PeerService.CALL, options);
      ClientCalls.asyncUnaryCall(
          call,
          request,
          new StreamObserver<>() {
            @Override
            public void onNext(byte[] value) {
              count(null);
              answer.complete(value);
            }

            @Override
            public void onError(Throwable failure) {
              count(failure);
              answer.completeExceptionally(failure);
            }

            @Override
            public void onCompleted() {
              answer.completeExceptionally(new IllegalStateException("the member sent no answer"));
            }
          });
    }
  }
}
