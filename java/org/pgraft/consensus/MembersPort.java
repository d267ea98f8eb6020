package org.pgraft.consensus;

import java.util.concurrent.LinkedTransferQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.ratis.thirdparty.io.grpc.netty.NettyServerBuilder;
import org.apache.ratis.thirdparty.io.netty.channel.ChannelFactory;
import org.apache.ratis.thirdparty.io.netty.channel.ReflectiveChannelFactory;
import org.apache.ratis.thirdparty.io.netty.channel.ServerChannel;
import org.apache.ratis.thirdparty.io.netty.channel.epoll.Epoll;
import org.apache.ratis.thirdparty.io.netty.channel.epoll.EpollServerSocketChannel;
import org.apache.ratis.thirdparty.io.netty.channel.socket.nio.NioServerSocketChannel;

/**
 * What every gRPC server on the members' port has in common: bounds for what a peer can make it hold or do. gRPC's own
 * defaults leave connections, calls, threads and resets unbounded.
 *
 * <p>Thread-safe; used by one server after the other. The handlers' threads end by themselves when nothing comes.
 */
final class MembersPort {
  /** A member has at most as many calls under way as it has request slots in use; more wait with the caller. */
  private static final int CALLS_PER_CONNECTION = 1024;

  /** Calls cancelled by the peer; members' calls end by their deadlines, far fewer than this. */
  private static final int RESETS_PER_WINDOW = 1000;

  private static final int RESET_WINDOW_SECONDS = 10;

  /** Handlers may wait for an fsync, so there are more of them than processors. */
  private static final int HANDLERS = 32;

  private static final int HANDLER_IDLE_SECONDS = 10;

  /** A peer whose machine is gone says no farewell: it is asked for a sign of life. */
  private static final int KEEP_ALIVE_SECONDS = 60;

  private static final int KEEP_ALIVE_TIMEOUT_SECONDS = 20;

  private final Doorkeeper doorkeeper;
  private final ThreadPoolExecutor handlers;

  MembersPort(Doorkeeper doorkeeper) {
    final AtomicInteger number = new AtomicInteger();
    final HandOverQueue queue = new HandOverQueue();
    this.doorkeeper = doorkeeper;
    this.handlers =
        new ThreadPoolExecutor(
            0,
            HANDLERS,
            HANDLER_IDLE_SECONDS,
            TimeUnit.SECONDS,
            queue,
            task -> {
              final Thread thread = new Thread(task, "pgraft-peer-" + number.incrementAndGet());
              thread.setDaemon(true);
              return thread;
            },
            (task, pool) -> queue.put(task));
  }

  /** Gives a task to a thread that waits for one, or else lets the pool start another; the pool alone would start them all. */
  private static final class HandOverQueue extends LinkedTransferQueue<Runnable> {
    private static final long serialVersionUID = 1L;

    @Override
    public boolean offer(Runnable task) {
      return tryTransfer(task);
    }
  }

  Doorkeeper doorkeeper() {
    return doorkeeper;
  }

  /** Sets the bounds. */
  NettyServerBuilder guard(NettyServerBuilder builder) {
    return builder
        .channelFactory(listening())
        .executor(handlers)
        .maxInboundMessageSize(RatisProperties.MESSAGE_BYTES_MAX)
        .maxConcurrentCallsPerConnection(CALLS_PER_CONNECTION)
        .maxRstFramesPerWindow(RESETS_PER_WINDOW, RESET_WINDOW_SECONDS)
        .keepAliveTime(KEEP_ALIVE_SECONDS, TimeUnit.SECONDS)
        .keepAliveTimeout(KEEP_ALIVE_TIMEOUT_SECONDS, TimeUnit.SECONDS);
  }

  /** The kind of channel that gRPC and Ratis choose threads for: epoll's where it is to be had. */
  private ChannelFactory<ServerChannel> listening() {
    final ChannelFactory<? extends ServerChannel> kind =
        new ReflectiveChannelFactory<>(
            Epoll.isAvailable() ? EpollServerSocketChannel.class : NioServerSocketChannel.class);
    return () -> {
      final ServerChannel channel = kind.newChannel();
      channel.pipeline().addLast(doorkeeper);
      return channel;
    };
  }
}
