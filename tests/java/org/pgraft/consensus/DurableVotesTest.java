package org.pgraft.consensus;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.ratis.thirdparty.io.grpc.Metadata;
import org.apache.ratis.thirdparty.io.grpc.MethodDescriptor;
import org.apache.ratis.thirdparty.io.grpc.ServerCall;
import org.apache.ratis.thirdparty.io.grpc.Status;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A vote leaves the node only when it can no longer be forgotten. */
class DurableVotesTest {
  private final List<String> events = new ArrayList<>();
  private final List<String> failures = new ArrayList<>();
  private boolean diskFails;
  private final DurableVotes votes =
      new DurableVotes(
          directory -> {
            if (diskFails) {
              throw new IOException("no fsync today");
            }
            events.add("fsync " + directory);
          },
          failure -> failures.add(failure.getMessage()));

  @BeforeEach
  void watchTheDirectory() throws IOException {
    votes.watch(Path.of("/current"));
  }

  @Test
  void when_aVoteIsAnswered_then_theDirectoryIsSyncedFirst() {
    answer(DurableVotes.REQUEST_VOTE);
    assertEquals(List.of("fsync /current", "answer", "close OK"), events);
  }

  @Test
  void when_theDirectoryCannotBeSynced_then_theVoteIsNotGiven() {
    diskFails = true;
    answer(DurableVotes.REQUEST_VOTE);
    assertEquals(List.of("close INTERNAL"), events);
    assertEquals(List.of("no fsync today"), failures, "the node takes no part like this");
  }

  @Test
  void when_itIsNoVote_then_nothingIsSynced() {
    answer("ratis.grpc.RaftServerProtocolService/appendEntries");
    assertEquals(List.of("answer", "close OK"), events);
  }

  @Test
  void when_aCandidateWins_then_itsVoteForItselfIsSyncedToo() throws IOException {
    votes.beforeActingAsLeader();
    assertEquals(List.of("fsync /current"), events);
  }

  @Test
  void when_ratisLeavesAnEmptyFileBeforeTheFirstVote_then_whatItHeldWhenTheGroupWasOpenedComesBack(
      @TempDir Path directory) throws IOException {
    final Path file = VoteFile.in(directory);
    Files.writeString(file, "term=0\nvotedFor=\n");
    votes.watch(directory);
    Files.write(file, new byte[0]);

    DurableFile.restoreIfEmpty(file, DirectorySync.FSYNC);
    assertEquals(new VoteFile(file, 0, ""), VoteFile.read(directory));
  }

  @Test
  void when_ratisLeavesAnEmptyFile_then_noVoteIsGivenAndTheLastOneComesBack(@TempDir Path directory) throws IOException {
    final Path file = VoteFile.in(directory);
    votes.watch(directory);
    Files.writeString(file, "term=3\nvotedFor=2\n");
    answer(DurableVotes.REQUEST_VOTE);
    assertEquals("answer", events.get(events.size() - 2));

    Files.write(file, new byte[0]);
    events.clear();
    answer(DurableVotes.REQUEST_VOTE);
    assertEquals(List.of("close INTERNAL"), events);

    DurableFile.restoreIfEmpty(file, DirectorySync.FSYNC);
    assertEquals(new VoteFile(file, 3, "2"), VoteFile.read(directory));
  }

  private void answer(String method) {
    votes.interceptCall(
        new RecordedCall(method),
        new Metadata(),
        (call, headers) -> {
          call.sendMessage("granted");
          call.close(Status.OK, new Metadata());
          return new ServerCall.Listener<>() {};
        });
  }

  private final class RecordedCall extends ServerCall<String, String> {
    private final MethodDescriptor<String, String> method;

    RecordedCall(String name) {
      method =
          MethodDescriptor.<String, String>newBuilder()
              .setType(MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(name)
              .setRequestMarshaller(new Text())
              .setResponseMarshaller(new Text())
              .build();
    }

    @Override
    public void request(int numMessages) {
      events.add("request");
    }

    @Override
    public void sendHeaders(Metadata headers) {
      events.add("headers");
    }

    @Override
    public void sendMessage(String message) {
      events.add("answer");
    }

    @Override
    public void close(Status status, Metadata trailers) {
      events.add("close " + status.getCode());
    }

    @Override
    public boolean isCancelled() {
      return false;
    }

    @Override
    public MethodDescriptor<String, String> getMethodDescriptor() {
      return method;
    }
  }

  private static final class Text implements MethodDescriptor.Marshaller<String> {
    @Override
    public InputStream stream(String value) {
      return new ByteArrayInputStream(value.getBytes(java.nio.charset.StandardCharsets.UTF_8));
    }

    @Override
    public String parse(InputStream stream) {
      throw new UnsupportedOperationException("not used");
    }
  }
}
