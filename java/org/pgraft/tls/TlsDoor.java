package org.pgraft.tls;

import java.net.SocketAddress;
import java.nio.channels.ClosedChannelException;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.apache.ratis.thirdparty.io.netty.buffer.ByteBufAllocator;
import org.apache.ratis.thirdparty.io.netty.channel.Channel;
import org.apache.ratis.thirdparty.io.netty.channel.ChannelDuplexHandler;
import org.apache.ratis.thirdparty.io.netty.channel.ChannelHandlerContext;
import org.apache.ratis.thirdparty.io.netty.channel.ChannelInboundHandlerAdapter;
import org.apache.ratis.thirdparty.io.netty.channel.ChannelPromise;
import org.apache.ratis.thirdparty.io.netty.channel.PendingWriteQueue;
import org.apache.ratis.thirdparty.io.netty.handler.ssl.OptionalSslHandler;
import org.apache.ratis.thirdparty.io.netty.handler.ssl.SslContext;
import org.apache.ratis.thirdparty.io.netty.handler.ssl.SslHandler;
import org.apache.ratis.thirdparty.io.netty.handler.ssl.SslHandshakeCompletionEvent;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts TLS in front of whatever serves an accepted connection. The servers behind it, Ratis' and the vestibule's, are made
 * for plain text, and see nothing of a connection before the other side has shown a certificate that is good. So one port
 * can take both kinds while a cluster changes from one to the other.
 *
 * <p>The arithmetic of handshakes is left to a thread of its own, so that those who only knock do not hold up the members'
 * messages.
 *
 * <p>Thread-safe; Netty's threads.
 */
public final class TlsDoor {
  private static final Logger LOG = LoggerFactory.getLogger(TlsDoor.class);
  private static final int IDLE_SECONDS = 10;
  private static final long WARN_INTERVAL_NANOS = TimeUnit.SECONDS.toNanos(10);

  private final Credentials credentials;
  private final Consumer<String> warnings;
  private final Executor handshakes;
  private final AtomicLong warnedAt = new AtomicLong(System.nanoTime() - WARN_INTERVAL_NANOS);

  /** A door that opens by these credentials. */
  public TlsDoor(Credentials credentials) {
    this(credentials, LOG::warn);
  }

  /**
   * @param warnings who is told whom the door was closed to
   */
  TlsDoor(Credentials credentials, Consumer<String> warnings) {
    this.credentials = credentials;
    this.warnings = warnings;
    final ThreadPoolExecutor pool =
        new ThreadPoolExecutor(
            1,
            1,
            IDLE_SECONDS,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(),
            task -> {
              final Thread thread = new Thread(task, "pgraft-handshake");
              thread.setDaemon(true);
              return thread;
            });
    pool.allowCoreThreadTimeOut(true);
    this.handshakes = pool;
  }

  /** Called before anything else that reads what comes over the connection is added to it. */
  public void guard(Channel accepted) {
    if (!credentials.mode().accepts()) {
      return;
    }
    if (credentials.mode().acceptsPlain()) {
      accepted.pipeline().addLast(new EitherKind(credentials.accepting()), new HeldWrites(), new Refusals());
    } else {
      accepted.pipeline().addLast(handler(credentials.accepting(), accepted.alloc()), new Refusals());
    }
  }

  private SslHandler handler(SslContext context, ByteBufAllocator buffers) {
    return context.newHandler(buffers, handshakes);
  }

  /** Looks at the first bytes, and leaves its place to TLS if they begin that. */
  private final class EitherKind extends OptionalSslHandler {
    EitherKind(SslContext context) {
      super(context);
    }

    @Override
    protected SslHandler newSslHandler(ChannelHandlerContext context, SslContext tls) {
      return handler(tls, context.alloc());
    }
  }

  /** Says in the log whom the door was closed to, and why; not more often than somebody reads it. */
  private final class Refusals extends ChannelInboundHandlerAdapter {
    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
      if (event instanceof SslHandshakeCompletionEvent handshake && !handshake.isSuccess()) {
        Rejection.of(handshake.cause()).ifPresent(reason -> warn(context.channel().remoteAddress(), reason));
      }
      context.fireUserEventTriggered(event);
    }

    private void warn(SocketAddress peer, String reason) {
      final long now = System.nanoTime();
      final long before = warnedAt.get();
      if (now - before >= WARN_INTERVAL_NANOS && warnedAt.compareAndSet(before, now)) {
        warnings.accept(peer + " is not let in to the members' port: " + reason);
      }
    }
  }

  /** An HTTP/2 server speaks at once (RFC 9113, section 3.4); it must not before the kind of the connection is known. */
  private static final class HeldWrites extends ChannelDuplexHandler {
    private PendingWriteQueue held;

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
      held = new PendingWriteQueue(context);
    }

    @Override
    public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
      held.add(message, promise);
    }

    @Override
    public void flush(ChannelHandlerContext context) {
      // When they are released.
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      release(context);
      context.fireChannelRead(message);
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
      if (event instanceof SslHandshakeCompletionEvent handshake && handshake.isSuccess()) {
        release(context);
      }
      context.fireUserEventTriggered(event);
    }

    private void release(ChannelHandlerContext context) {
      if (!context.isRemoved()) {
        held.removeAndWriteAll();
        context.flush();
        context.pipeline().remove(this);
      }
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext context) {
      held.removeAndFailAll(new ClosedChannelException());
    }
  }
}
