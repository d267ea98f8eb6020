package org.pgraft.consensus;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.apache.ratis.thirdparty.io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import org.apache.ratis.thirdparty.io.grpc.Metadata;
import org.apache.ratis.thirdparty.io.grpc.ServerCall;
import org.apache.ratis.thirdparty.io.grpc.ServerCallHandler;
import org.apache.ratis.thirdparty.io.grpc.ServerInterceptor;
import org.apache.ratis.thirdparty.io.grpc.Status;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Closes a hole in the durability of votes. Ratis writes term and vote to a temporary file, fsyncs it and renames it to
 * {@code raft-meta}, but does not fsync the directory, so that a power cut can bring the old vote back and let the node
 * vote twice in one term (Raft paper, figure 2: currentTerm and votedFor are persistent <em>before</em> a server
 * responds). Here the directory is synced before the answer to a vote request leaves, and, for the vote that a
 * candidate gives itself, before it acts as the leader. A copy is kept for {@link Admission}, from when the group is opened,
 * because Ratis empties the file when it cannot write it; a term that is only in the lost one has seen no vote of this node
 * that counted.
 *
 * <p>Threads: gRPC's handler threads through {@link #interceptCall}, Ratis' threads through {@link
 * #beforeActingAsLeader}. The monitor is held while the copy is made. When the directory cannot be synced the answer is
 * withheld: the caller sees an error and counts no vote.
 */
final class DurableVotes implements ServerInterceptor {
  private static final Logger LOG = LoggerFactory.getLogger(DurableVotes.class);

  /** Full gRPC name of the method by which Ratis asks for votes. */
  static final String REQUEST_VOTE = "ratis.grpc.RaftServerProtocolService/requestVote";

  private final DirectorySync sync;
  private final Consumer<Throwable> failed;
  private final AtomicReference<Path> metadataDirectory = new AtomicReference<>();

  /** @param failed told why a vote could not be given; a node that cannot vote does not take part */
  DurableVotes(DirectorySync sync, Consumer<Throwable> failed) {
    this.sync = sync;
    this.failed = failed;
  }

  /**
   * Names the directory that holds {@code raft-meta}; called when the group's storage is open. From then on there is a copy,
   * also of a node that gives no vote before Ratis empties the file.
   *
   * @throws IOException when the copy cannot be made
   */
  synchronized void watch(Path directory) throws IOException {
    keep(directory);
    metadataDirectory.set(directory);
  }

  /** The term that is kept on disk, 0 while no group is open. */
  long keptTerm() throws IOException {
    final Path directory = metadataDirectory.get();
    return directory == null ? 0 : VoteFile.read(directory).term();
  }

  /**
   * Makes this node's vote for itself durable.
   *
   * @throws IOException when it is not known to be durable; the node must not lead
   */
  void beforeActingAsLeader() throws IOException {
    final Path directory = metadataDirectory.get();
    if (directory != null) {
      makeDurable(directory);
    }
  }

  /** One at a time: the copy is replaced, too. */
  private synchronized void makeDurable(Path directory) throws IOException {
    keep(directory);
    sync.sync(directory);
  }

  private void keep(Path directory) throws IOException {
    if (Files.exists(VoteFile.in(directory))) {
      // Not an empty file, by which Ratis replaces one that it cannot write.
      DurableFile.keep(VoteFile.read(directory).file(), sync);
    }
  }

  @Override
  public <Q, R> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
    if (!REQUEST_VOTE.equals(call.getMethodDescriptor().getFullMethodName())) {
      return next.startCall(call, headers);
    }
    return next.startCall(new SyncedAnswer<>(call), headers);
  }

  private final class SyncedAnswer<Q, R> extends SimpleForwardingServerCall<Q, R> {
    private boolean withheld;

    SyncedAnswer(ServerCall<Q, R> call) {
      super(call);
    }

    @Override
    public void sendMessage(R answer) {
      try {
        beforeActingAsLeader();
      } catch (IOException e) {
        LOG.error("could not make a vote durable, so it is not given", e);
        withheld = true;
        failed.accept(e);
        delegate().close(Status.INTERNAL.withDescription("vote not durable"), new Metadata());
        return;
      }
      super.sendMessage(answer);
    }

    @Override
    public void close(Status status, Metadata trailers) {
      if (!withheld) {
        super.close(status, trailers);
      }
    }
  }
}
