package org.pgraft.consensus;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.apache.ratis.thirdparty.io.grpc.CallOptions;
import org.apache.ratis.thirdparty.io.grpc.ClientCall;
import org.apache.ratis.thirdparty.io.grpc.ManagedChannel;
import org.apache.ratis.thirdparty.io.grpc.Metadata;
import org.apache.ratis.thirdparty.io.grpc.MethodDescriptor;
import org.apache.ratis.thirdparty.io.grpc.Server;
import org.apache.ratis.thirdparty.io.grpc.netty.NettyChannelBuilder;
import org.apache.ratis.thirdparty.io.grpc.netty.NettyServerBuilder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Questions and answers over a call that stays open, between a real client and a real server. */
final class ConversationTest {
  private static final long PATIENCE = TimeUnit.SECONDS.toNanos(60);

  /** What was asked and is not answered before the test says so, unless it answers at once. */
  private final List<CompletableFuture<byte[]>> asked = new CopyOnWriteArrayList<>();

  private volatile boolean atOnce = true;
  private Server server;
  private ManagedChannel channel;

  @BeforeEach
  void open() throws Exception {
    server =
        NettyServerBuilder.forPort(0)
            .addService(
                PeerService.definition(
                    question -> {
                      final CompletableFuture<byte[]> answer = new CompletableFuture<>();
                      asked.add(answer);
                      if (atOnce) {
                        answer.complete(question.clone());
                      }
                      return answer;
                    }))
            .build()
            .start();
    channel = NettyChannelBuilder.forAddress("127.0.0.1", server.getPort()).usePlaintext().directExecutor().build();
  }

  @AfterEach
  void close() {
    channel.shutdownNow();
    server.shutdownNow();
  }

  @Test
  void when_questionsFollowEachOther_then_eachGetsItsAnswer() {
    final Conversation conversation = Conversation.begin(channel);
    for (byte i = 0; i < 100; i++) {
      assertArrayEquals(new byte[] {i}, conversation.ask(new byte[] {i}, PATIENCE).join());
    }
    assertFalse(conversation.isOver());
  }

  @Test
  void when_aQuestionIsOpen_then_noSecondOneIsAsked() throws Exception {
    atOnce = false;
    final Conversation conversation = Conversation.begin(channel);
    final CompletableFuture<byte[]> first = conversation.ask(new byte[] {1}, PATIENCE);
    assertNull(conversation.ask(new byte[] {2}, PATIENCE));
    while (asked.isEmpty()) {
      Thread.sleep(5);
    }
    asked.get(0).complete(new byte[] {3});
    assertArrayEquals(new byte[] {3}, first.join());
    assertEquals(1, asked.size());
  }

  @Test
  void when_noAnswerComesInTime_then_theConversationIsOver() {
    atOnce = false;
    final Conversation conversation = Conversation.begin(channel);
    final CompletableFuture<byte[]> late = conversation.ask(new byte[] {1}, TimeUnit.MILLISECONDS.toNanos(50));
    assertThrows(CompletionException.class, late::join);
    assertTrue(conversation.isOver());
  }

  @Test
  void when_anAnswerComesTooLate_then_itIsNotTakenForThatOfALaterQuestion() {
    final LateChannel late = new LateChannel();
    final Conversation conversation = Conversation.begin(late);
    final CompletableFuture<byte[]> first = conversation.ask(new byte[] {1}, 1);
    assertThrows(CompletionException.class, first::join);

    // the answer has arrived before the call was cancelled, and is handed out between the question and its refusal
    late.answerWhenAsked = new byte[] {9};
    final CompletableFuture<byte[]> second = conversation.ask(new byte[] {2}, PATIENCE);
    assertThrows(CompletionException.class, second::join);
  }

  /** Answers when the test wants it to, as a network does. */
  private static final class LateChannel extends ManagedChannel {
    private byte[] answerWhenAsked;

    @Override
    public <Q, A> ClientCall<Q, A> newCall(MethodDescriptor<Q, A> method, CallOptions options) {
      return new ClientCall<>() {
        private Listener<A> listener;

        @Override
        public void start(Listener<A> responses, Metadata headers) {
          listener = responses;
        }

        @Override
        public void sendMessage(Q question) {
          if (answerWhenAsked != null) {
            listener.onMessage(method.parseResponse(new ByteArrayInputStream(answerWhenAsked)));
          }
        }

        @Override
        public void request(int count) {}

        @Override
        public void cancel(String message, Throwable cause) {}

        @Override
        public void halfClose() {}
      };
    }

    @Override
    public String authority() {
      return "";
    }

    @Override
    public ManagedChannel shutdown() {
      return this;
    }

    @Override
    public ManagedChannel shutdownNow() {
      return this;
    }

    @Override
    public boolean isShutdown() {
      return false;
    }

    @Override
    public boolean isTerminated() {
      return false;
    }

    @Override
    public boolean awaitTermination(long timeout, TimeUnit unit) {
      return false;
    }
  }

  @Test
  void when_theServerGoes_then_theOpenQuestionFails() throws Exception {
    atOnce = false;
    final Conversation conversation = Conversation.begin(channel);
    final CompletableFuture<byte[]> open = conversation.ask(new byte[] {1}, PATIENCE);
    while (asked.isEmpty()) {
      Thread.sleep(5);
    }
    server.shutdownNow();
    assertThrows(CompletionException.class, open::join);
    assertTrue(conversation.isOver());
  }
}
