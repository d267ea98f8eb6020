package org.pgraft.consensus;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.concurrent.CompletionStage;
import org.apache.ratis.thirdparty.io.grpc.MethodDescriptor;
import org.apache.ratis.thirdparty.io.grpc.ServerServiceDefinition;
import org.apache.ratis.thirdparty.io.grpc.Status;
import org.apache.ratis.thirdparty.io.grpc.stub.ServerCalls;

/**
 * The small service of pgraft's own beside Ratis' on the members' port: one unary method that carries bytes, whose
 * meaning {@link PeerMessage} gives. Lease questions, forwarded requests, reads at the lease holder and the greeting of
 * new members travel here.
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

  static final MethodDescriptor<byte[], byte[]> CALL =
      MethodDescriptor.<byte[], byte[]>newBuilder()
          .setType(MethodDescriptor.MethodType.UNARY)
          .setFullMethodName(MethodDescriptor.generateFullMethodName(SERVICE_NAME, "Call"))
          .setRequestMarshaller(new Bytes())
          .setResponseMarshaller(new Bytes())
          .build();

  private PeerService() {}

  static ServerServiceDefinition definition(Handler handler) {
    return ServerServiceDefinition.builder(SERVICE_NAME)
        .addMethod(
            CALL,
            ServerCalls.asyncUnaryCall(
                (byte[] request, org.apache.ratis.thirdparty.io.grpc.stub.StreamObserver<byte[]> observer) ->
                    handler
                        .handle(request)
                        .whenComplete(
                            (answer, failure) -> {
                              if (failure != null) {
                                observer.onError(
                                    Status.INTERNAL
                                        .withDescription(String.valueOf(failure.getMessage()))
                                        .asRuntimeException());
                              } else {
                                observer.onNext(answer);
                                observer.onCompleted();
                              }
                            })))
        .build();
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
