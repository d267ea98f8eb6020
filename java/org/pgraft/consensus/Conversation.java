package org.pgraft.consensus;

import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.ratis.thirdparty.io.grpc.CallOptions;
import org.apache.ratis.thirdparty.io.grpc.ManagedChannel;
import org.apache.ratis.thirdparty.io.grpc.stub.ClientCallStreamObserver;
import org.apache.ratis.thirdparty.io.grpc.stub.ClientCalls;
import org.apache.ratis.thirdparty.io.grpc.stub.ClientResponseObserver;

/**
 * Questions to a member over a call that stays open, one after the other: for what is asked ten times a second, because a
 * call of its own for each question costs both sides several times as much. A question that is not answered in time ends the
 * conversation, so that a late answer is not taken for that of a later question.
 *
 * <p>Thread-safe, never blocks. Answers arrive on gRPC's threads.
 */
final class Conversation {
  private final AtomicReference<CompletableFuture<byte[]>> open = new AtomicReference<>();
  private final ClientCallStreamObserver<byte[]> questions;
  private volatile boolean over;

  private Conversation(ManagedChannel channel) {
    questions =
        (ClientCallStreamObserver<byte[]>)
            ClientCalls.asyncBidiStreamingCall(
                channel.newCall(PeerService.CONVERSE, CallOptions.DEFAULT), new Answers());
  }

  static Conversation begin(ManagedChannel channel) {
    return new Conversation(channel);
  }

  /** Whether nothing can be asked any more. */
  boolean isOver() {
    return over;
  }

  /**
   * Asks, unless a question is open.
   *
   * @param timeoutNanos when to give up, from now; the future then fails
   * @return the answer; null when a question is open
   */
  CompletableFuture<byte[]> ask(byte[] question, long timeoutNanos) {
    final CompletableFuture<byte[]> answer = new CompletableFuture<>();
    if (!open.compareAndSet(null, answer)) {
      return null;
    }
    try {
      questions.onNext(question);
    } catch (IllegalStateException e) {
      // It was ended meanwhile.
      end(e);
    }
    if (over) {
      end(new IllegalStateException("the conversation with the member has ended"));
    }
    return answer
        .orTimeout(Math.max(1, timeoutNanos), TimeUnit.NANOSECONDS)
        .whenComplete(
            (bytes, failure) -> {
              if (failure != null) {
                end(failure);
              }
            });
  }

  private void end(Throwable cause) {
    over = true;
    questions.cancel("no answer in time", cause);
    final CompletableFuture<byte[]> waiting = open.getAndSet(null);
    if (waiting != null) {
      waiting.completeExceptionally(cause);
    }
  }

  private final class Answers implements ClientResponseObserver<byte[], byte[]> {
    @Override
    public void beforeStart(ClientCallStreamObserver<byte[]> stream) {
      // Nothing to set: answers are taken as they come.
    }

    @Override
    public void onNext(byte[] bytes) {
      if (over) {
        // Late: the question that is open now is another one, and fails.
        return;
      }
      final CompletableFuture<byte[]> waiting = open.getAndSet(null);
      if (waiting != null) {
        waiting.complete(bytes);
      }
    }

    @Override
    public void onError(Throwable failure) {
      over = true;
      final CompletableFuture<byte[]> waiting = open.getAndSet(null);
      if (waiting != null) {
        waiting.completeExceptionally(failure);
      }
    }

    @Override
    public void onCompleted() {
      onError(new CancellationException("the member has ended the conversation"));
    }
  }
}
