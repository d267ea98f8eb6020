package org.pgraft.consensus;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.ratis.thirdparty.io.netty.buffer.ByteBuf;
import org.apache.ratis.thirdparty.io.netty.channel.Channel;
import org.apache.ratis.thirdparty.io.netty.channel.ChannelHandler.Sharable;
import org.apache.ratis.thirdparty.io.netty.channel.ChannelHandlerContext;
import org.apache.ratis.thirdparty.io.netty.channel.ChannelInboundHandlerAdapter;
import org.apache.ratis.thirdparty.io.netty.util.concurrent.ScheduledFuture;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Bounds what strangers can hold on the members' port. A connection is a stranger's until a message of a member has come
 * over it; a stranger has a short time for that, may send little more than one message, and all strangers together may send
 * no more than fits into the heap beside everything else. Connections are bounded in number as well, because they cost file
 * descriptors, which the log needs: when all are taken, a stranger of the host that has most of them makes room for the
 * next, so that a member gets in while strangers hold the port.
 *
 * <p>It handles the channel that listens: each accepted connection passes here before gRPC sees it.
 *
 * <p>Thread-safe: Netty's threads and gRPC's. The monitor guards the visitors, and nothing is waited for under it.
 */
@Sharable
final class Doorkeeper extends ChannelInboundHandlerAdapter {
  private static final Logger LOG = LoggerFactory.getLogger(Doorkeeper.class);

  private static final long WARN_INTERVAL_NANOS = TimeUnit.MINUTES.toNanos(1);
  private static final int CONNECTIONS_MAX = 256;
  private static final int DESCRIPTORS_PER_CONNECTION = 4;
  private static final Pattern OPEN_FILES = Pattern.compile("^Max open files +([0-9]+)");

  /**
   * What is granted.
   *
   * @param connections connections at once, members' included
   * @param strangerMillis how long a connection may be a stranger's
   * @param strangerBytes what a stranger may send
   * @param strangersBytes what all strangers that are here may have sent
   */
  record Limits(int connections, long strangerMillis, long strangerBytes, long strangersBytes) {
    /** A member's first message may be the largest there is; a quarter of the file descriptors may be connections. */
    static Limits ofThisProcess() {
      return new Limits(
          descriptors()
              .map(most -> (int) Math.min(CONNECTIONS_MAX, most / DESCRIPTORS_PER_CONNECTION))
              .orElse(CONNECTIONS_MAX),
          TimeUnit.SECONDS.toMillis(10),
          RatisProperties.MESSAGE_BYTES_MAX + (64 << 10),
          16 << 20);
    }

    /** The soft limit of this process, see proc(5); empty when there is none or it cannot be read. */
    private static Optional<Long> descriptors() {
      try (Stream<String> lines = Files.lines(Path.of("/proc/self/limits"))) {
        return lines
            .map(OPEN_FILES::matcher)
            .filter(Matcher::find)
            .map(limit -> Long.valueOf(limit.group(1)))
            .findFirst();
      } catch (IOException e) {
        LOG.warn("the limit of open files is not known: {}", e.toString());
        return Optional.empty();
      }
    }
  }

  private final Limits limits;
  private final BootClock clock;
  private final Consumer<Channel> door;
  /** By the address at the other end, in the order of arrival. */
  private final Map<SocketAddress, Visitor> visitors = new LinkedHashMap<>();

  private long strangersBytes;
  private long warnedAt;
  private boolean warned;

  /**
   * @param limits what is granted
   * @param clock by which the strangers' time is measured
   * @param door put into each connection, behind what counts its bytes and before what serves it
   */
  Doorkeeper(Limits limits, BootClock clock, Consumer<Channel> door) {
    this.limits = limits;
    this.clock = clock;
    this.door = door;
  }

  @Override
  public void channelRead(ChannelHandlerContext listening, Object accepted) {
    final Channel channel = (Channel) accepted;
    final Visitor visitor = new Visitor(channel);
    if (!admit(visitor)) {
      channel.unsafe().closeForcibly();
      return;
    }
    channel.closeFuture().addListener(closed -> gone(visitor));
    channel.pipeline().addLast(visitor);
    door.accept(channel);
    listening.fireChannelRead(accepted);
  }

  private synchronized boolean admit(Visitor visitor) {
    if (visitor.address == null) {
      return false;
    }
    if (visitors.size() >= limits.connections()) {
      warn();
      if (!dismissOldest()) {
        return false;
      }
    }
    return visitors.putIfAbsent(visitor.address, visitor) == null;
  }

  private void warn() {
    final long now = clock.nanos();
    if (!warned || now - warnedAt > WARN_INTERVAL_NANOS) {
      warned = true;
      warnedAt = now;
      LOG.warn(
          "the members' port has {} connections, as many as it may; connections that no member has used make room",
          visitors.size());
    }
  }

  /** The oldest of the host that has most: a member on a host of its own need not compete with a crowd on another. */
  private boolean dismissOldest() {
    final Map<InetAddress, Integer> counts = new HashMap<>();
    visitors.values().stream()
        .filter(visitor -> !visitor.member)
        .forEach(visitor -> counts.merge(visitor.host, 1, Integer::sum));
    Visitor oldest = null;
    for (Visitor visitor : visitors.values()) {
      if (!visitor.member && (oldest == null || counts.get(visitor.host) > counts.get(oldest.host))) {
        oldest = visitor;
      }
    }
    if (oldest == null) {
      return false;
    }
    dismiss(oldest);
    return true;
  }

  private boolean dismissGreediest() {
    Visitor greediest = null;
    for (Visitor visitor : visitors.values()) {
      if (!visitor.member && (greediest == null || visitor.bytes > greediest.bytes)) {
        greediest = visitor;
      }
    }
    if (greediest == null) {
      return false;
    }
    dismiss(greediest);
    return true;
  }

  /** Forgets it at once; what it sent is released when its channel has closed, which is soon. */
  private void dismiss(Visitor visitor) {
    forget(visitor);
    visitor.close();
  }

  private void forget(Visitor visitor) {
    if (visitors.remove(visitor.address, visitor) && !visitor.member) {
      strangersBytes -= visitor.bytes;
    }
  }

  private synchronized void gone(Visitor visitor) {
    forget(visitor);
  }

  private synchronized void received(Visitor visitor, int bytes) {
    if (visitor.member || visitors.get(visitor.address) != visitor) {
      return;
    }
    visitor.bytes += bytes;
    strangersBytes += bytes;
    if (visitor.bytes > limits.strangerBytes()) {
      dismiss(visitor);
    }
    boolean less = true;
    while (less && strangersBytes > limits.strangersBytes()) {
      less = dismissGreediest();
    }
  }

  private synchronized void overstayed(Visitor visitor) {
    if (!visitor.member && visitors.get(visitor.address) == visitor) {
      dismiss(visitor);
    }
  }

  /** A member's message came from that address: its connection is no stranger's any more. */
  synchronized void recognised(SocketAddress address) {
    final Visitor visitor = visitors.get(address);
    if (visitor != null && !visitor.member) {
      visitor.member = true;
      strangersBytes -= visitor.bytes;
      visitor.leaveAlone();
    }
  }

  /** Shows all strangers out: a server that closes would wait for what they may still say. */
  synchronized void dismissStrangers() {
    visitors.values().stream().filter(visitor -> !visitor.member).toList().forEach(this::dismiss);
  }

  /** How many connections stand. */
  synchronized int connections() {
    return visitors.size();
  }

  /** One connection, as its first handler: sees what comes before anything else does. */
  private final class Visitor extends ChannelInboundHandlerAdapter {
    private final Channel channel;
    /** Null when the other end has already gone. */
    private final InetSocketAddress address;
    private final InetAddress host;
    /** Guarded by the doorkeeper's monitor. */
    private boolean member;
    private long bytes;

    private ChannelHandlerContext context;
    private ScheduledFuture<?> patience;

    Visitor(Channel channel) {
      this.channel = channel;
      this.address = (InetSocketAddress) channel.remoteAddress();
      this.host = address == null ? null : address.getAddress();
    }

    /** Runs on the connection's own thread, as all methods of a handler do. */
    @Override
    public void handlerAdded(ChannelHandlerContext added) {
      context = added;
      patience =
          added.executor().schedule(() -> overstayed(this), limits.strangerMillis(), TimeUnit.MILLISECONDS);
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext removed) {
      patience.cancel(false);
    }

    @Override
    public void channelRead(ChannelHandlerContext reading, Object message) {
      if (message instanceof ByteBuf buffer) {
        received(this, buffer.readableBytes());
      }
      reading.fireChannelRead(message);
    }

    /** Without a farewell, for which gRPC would wait. */
    void close() {
      onOwnThread(
          () -> {
            if (context != null) {
              context.close();
            }
          });
    }

    void leaveAlone() {
      onOwnThread(
          () -> {
            if (context != null && !context.isRemoved()) {
              channel.pipeline().remove(this);
            }
          });
    }

    /** A channel has a thread from when it is registered, which an accepted one is soon; before that it has no context. */
    private void onOwnThread(Runnable task) {
      if (channel.isRegistered()) {
        channel.eventLoop().execute(task);
      } else {
        channel.unsafe().closeForcibly();
      }
    }
  }
}
