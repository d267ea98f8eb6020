package org.pgraft.consensus;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.concurrent.CompletionStage;
import org.apache.ratis.thirdparty.io.grpc.MethodDescriptor;
import org.apache.ratis.thirdparty.io.grpc.ServerServiceDefinition;
import org.apache.ratis.thirdparty.io.grpc.Status;
import org.apache.ratis.thirdparty.io.grpc.stub.ServerCallStreamObserver;
import org.apache.ratis.thirdparty.io.grpc.stub.ServerCalls;
import org.apache.ratis.thirdparty.io.grpc.stub.StreamObserver;

/**
 * The small service of pgraft's own beside Ratis' on the members' port: a method that carries bytes, whose meaning
 * {@link PeerMessage} gives, as single calls and as questions and answers over a call that stays open. Lease questions,
 * forwarded requests, reads at the lease holder and the greeting of new members travel here.
 *
 * <p>Threads: gRPC's. The handler must not block; it answers through its future.
 */
final class PeerService {
  static final String SERVICE_NAME = "pgraft.Peer";

  /** Answers one message of another member. */
  @FunctionalInterface
  interface Handler {
    /** The answer's bytes; a stage that fails becomes a failed call. */
    CompletionStage<byte[]> handle(byte[] request);
  }

  static final MethodDescriptor<byte[], byte[]> CALL = method("Call", MethodDescriptor.MethodType.UNARY);

  /** See {@link Conversation}. */
  static final MethodDescriptor<byte[], byte[]> CONVERSE =
      method("Converse", MethodDescriptor.MethodType.BIDI_STREAMING);

  private PeerService() {}

  private static MethodDescriptor<byte[], byte[]> method(String name, MethodDescriptor.MethodType type) {
    return MethodDescriptor.<byte[], byte[]>newBuilder()
        .setType(type)
        .setFullMethodName(MethodDescriptor.generateFullMethodName(SERVICE_NAME, name))
        .setRequestMarshaller(new Bytes())
        .setResponseMarshaller(new Bytes())
        .build();
  }

  static ServerServiceDefinition definition(Handler handler) {
    return ServerServiceDefinition.builder(SERVICE_NAME)
        .addMethod(
            CALL,
            ServerCalls.asyncUnaryCall(
                (byte[] request, StreamObserver<byte[]> observer) ->
                    handler
                        .handle(request)
                        .whenComplete(
                            (answer, failure) -> {
                              if (failure != null) {
                                observer.onError(failed(failure));
                              } else {
                                observer.onNext(answer);
                                observer.onCompleted();
                              }
                            })))
        .addMethod(
            CONVERSE,
            ServerCalls.asyncBidiStreamingCall(
                answers -> new Answering(handler, (ServerCallStreamObserver<byte[]>) answers)))
        .build();
  }

  private static RuntimeException failed(Throwable failure) {
    return Status.INTERNAL.withDescription(String.valueOf(failure.getMessage())).asRuntimeException();
  }

  /** This side of a conversation: the next question is taken when the last is answered, so nothing piles up. */
  private static final class Answering implements StreamObserver<byte[]> {
    private final Handler handler;
    private final ServerCallStreamObserver<byte[]> answers;

    Answering(Handler handler, ServerCallStreamObserver<byte[]> answers) {
      this.handler = handler;
      this.answers = answers;
      answers.disableAutoRequest();
      // A call that the other side gives up is no error here; without this, answering it would be one.
      answers.setOnCancelHandler(() -> {});
      answers.request(1);
    }

    @Override
    public void onNext(byte[] question) {
      handler
          .handle(question)
          .whenComplete(
              (answer, failure) -> {
                if (failure != null) {
                  answers.onError(failed(failure));
                } else {
                  answers.onNext(answer);
                  answers.request(1);
                }
              });
    }

    @Override
    public void onError(Throwable failure) {
      // The other side is gone.
    }

    @Override
    public void onCompleted() {
      answers.onCompleted();
    }
  }

  private static final class Bytes implements MethodDescriptor.Marshaller<byte[]> {
    @Override
    public InputStream stream(byte[] value) {
      return new ByteArrayInputStream(value);
    }

    @Override
    public byte[] parse(InputStream stream) {
      try {
        return stream.readAllBytes();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
