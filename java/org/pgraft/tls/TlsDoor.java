package org.pgraft.tls;

import java.nio.channels.ClosedChannelException;
import org.apache.ratis.thirdparty.io.netty.channel.Channel;
import org.apache.ratis.thirdparty.io.netty.channel.ChannelDuplexHandler;
import org.apache.ratis.thirdparty.io.netty.channel.ChannelHandlerContext;
import org.apache.ratis.thirdparty.io.netty.channel.ChannelPromise;
import org.apache.ratis.thirdparty.io.netty.channel.PendingWriteQueue;
import org.apache.ratis.thirdparty.io.netty.handler.ssl.OptionalSslHandler;
import org.apache.ratis.thirdparty.io.netty.handler.ssl.SslHandshakeCompletionEvent;

/**
 * Puts TLS in front of whatever serves an accepted connection. The servers behind it, Ratis' and the vestibule's, are made
 * for plain text, and see nothing of a connection before the other side has shown a certificate that is good. So one port
 * can take both kinds while a cluster changes from one to the other.
 *
 * <p>Stateless; Netty's threads.
 */
public final class TlsDoor {
  private final Credentials credentials;

  /** A door that opens by these credentials. */
  public TlsDoor(Credentials credentials) {
    this.credentials = credentials;
  }

  /** Called before anything else that reads what comes over the connection is added to it. */
  public void guard(Channel accepted) {
    if (!credentials.mode().accepts()) {
      return;
    }
    if (credentials.mode().acceptsPlain()) {
      accepted.pipeline().addLast(new OptionalSslHandler(credentials.accepting()), new HeldWrites());
    } else {
      accepted.pipeline().addLast(credentials.accepting().newHandler(accepted.alloc()));
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
