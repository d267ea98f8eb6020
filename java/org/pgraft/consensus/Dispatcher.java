package org.pgraft.consensus;

import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.apache.ratis.server.RaftServer;
import org.pgraft.command.Authorized;
import org.pgraft.command.Failure;
import org.pgraft.command.LeaseRequest;
import org.pgraft.command.PgraftException;
import org.pgraft.command.Request;
import org.pgraft.command.Requests;
import org.pgraft.command.Responses;
import org.pgraft.store.Store;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends each request of a session where it belongs: writes to the router, reads and changes of the membership to the
 * lease holder, questions about this node's own log and store to the thread for slow reads.
 *
 * <p>Thread-safe, stateless, never blocks. Every response completes normally.
 */
final class Dispatcher {
  private static final Logger LOG = LoggerFactory.getLogger(Dispatcher.class);
  private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

  private static final ByteBuffer YES = ByteBuffer.wrap(new byte[] {1}).asReadOnlyBuffer();

  /** What the dispatcher sends requests to. */
  record Parts(
      RaftNode raft,
      HolderGateway gateway,
      WriteRouter router,
      AppliedIndex applied,
      SnapshotSchedule snapshots,
      OpenStore store,
      Founding founding,
      Backups backups,
      SelfTest selfTest,
      BooleanSupplier holdsLease,
      BootClock clock,
      ScheduledExecutorService scheduler,
      ScheduledExecutorService slow,
      Outcomes outcomes) {}

  private final Parts parts;

  Dispatcher(Parts parts) {
    this.parts = parts;
  }

  CompletableFuture<ByteBuffer> submit(ByteBuffer bytes, long deadlineNanos) {
    final Request request;
    try {
      request = Requests.decode(bytes.duplicate());
    } catch (PgraftException e) {
      return failed(e.failure());
    }
    if (request instanceof Request.Init) {
      return init(deadlineNanos);
    }
    if (request instanceof Request.Restore restore) {
      return restore(restore.path(), deadlineNanos);
    }
    if (request instanceof Request.BackupVerify verify) {
      return parts.backups().verify(verify.path(), expired(deadlineNanos));
    }
    if (parts.raft().division().isEmpty()) {
      return failed(parts.founding().whyNoMember());
    }
    if (request.isLogged()) {
      if (request.isInternal()) {
        return failed(
            Failures.badArgument("request " + request.type() + " cannot be sent by a session", ""));
      }
      final CompletableFuture<ByteBuffer> response = new CompletableFuture<>();
      parts
          .router()
          .submit(new PendingWrite(bytes, request instanceof Request.LogAppend, deadlineNanos, response));
      return response;
    }
    return counted(unlogged(request, bytes, deadlineNanos));
  }

  private CompletableFuture<ByteBuffer> counted(CompletableFuture<ByteBuffer> response) {
    return response.thenApply(
        bytes -> {
          parts.outcomes().answered(bytes);
          return bytes;
        });
  }

  private CompletableFuture<ByteBuffer> unlogged(Request request, ByteBuffer bytes, long deadline) {
    if (request instanceof Request.Range || request instanceof Authorized) {
      return parts.gateway().execute(bytes, deadline, HolderGateway.Policy.read());
    }
    if (request instanceof Request.Barrier) {
      return barrier(bytes, deadline);
    }
    if (request instanceof LeaseRequest) {
      return parts.gateway().execute(bytes, deadline, HolderGateway.Policy.keyLease());
    }
    if (request instanceof Request.AddNode
        || request instanceof Request.ReplaceNode
        || request instanceof Request.RemoveNode) {
      return parts.gateway().execute(bytes, deadline, HolderGateway.Policy.change(true));
    }
    if (request instanceof Request.Transfer) {
      return parts.gateway().execute(bytes, deadline, HolderGateway.Policy.change(false));
    }
    if (request instanceof Request.LogWait wait) {
      return wait.applied()
          ? appliedHere(wait.index(), deadline).thenApply(reached -> waited(reached, "log index " + wait.index()))
          : poll(() -> committed() >= wait.index(), deadline)
              .thenApply(reached -> waited(reached, "log index " + wait.index()));
    }
    if (request instanceof Request.LogGet get) {
      return slowly(() -> withGroup(group -> LogView.entry(group, get.index(), parts.applied().get())));
    }
    if (request instanceof Request.LogList list) {
      return slowly(
          () -> withGroup(group -> LogView.list(group, list.from(), list.limit(), parts.applied().get())));
    }
    if (request instanceof Request.Snapshot) {
      return snapshot();
    }
    if (request instanceof Request.Backup backup) {
      return backup(backup, deadline);
    }
    if (request instanceof Request.Hash hash) {
      return slowly(() -> withStore(open -> open.hash(hash.revision())));
    }
    if (request instanceof Request.Test) {
      return parts.selfTest().run(deadline);
    }
    return failed(Failures.badArgument("request " + request.type() + " is not known to the engine", ""));
  }

  /**
   * The holder's revision, answered once this node has applied as much and sessions may see it: a local read is then
   * linearizable.
   */
  private CompletableFuture<ByteBuffer> barrier(ByteBuffer bytes, long deadline) {
    return parts
        .gateway()
        .execute(bytes, deadline, HolderGateway.Policy.read())
        .thenCompose(
            response -> {
              if (!Responses.isOk(response)) {
                return CompletableFuture.completedFuture(response);
              }
              final ByteBuffer body = Responses.body(response);
              body.getLong();
              final long index = body.getLong();
              return appliedHere(index, deadline)
                  .thenApply(
                      reached -> {
                        if (!reached) {
                          return Responses.error(Failures.timedOut("the lease holder's position"));
                        }
                        parts.store().caughtUp();
                        return response;
                      });
            });
  }

  private CompletableFuture<Boolean> appliedHere(long index, long deadline) {
    final CompletableFuture<Void> reached = parts.applied().reached(index);
    if (reached.isDone()) {
      return CompletableFuture.completedFuture(true);
    }
    final CompletableFuture<Boolean> outcome = reached.thenApply(nothing -> true);
    final Future<?> timer =
        parts
            .scheduler()
            .schedule(
                () -> {
                  outcome.complete(false);
                  reached.cancel(false);
                },
                Math.max(0, deadline - parts.clock().nanos()),
                TimeUnit.NANOSECONDS);
    reached.thenRun(() -> timer.cancel(false));
    return outcome;
  }

  private static ByteBuffer waited(boolean reached, String what) {
    return reached ? Responses.ok(YES.duplicate()) : Responses.error(Failures.timedOut(what));
  }

  private long committed() {
    return parts.raft().division().map(group -> group.getRaftLog().getLastCommittedIndex()).orElse(-1L);
  }

  /** Founds a cluster here, or confirms that one was founded or joined; answered once it can be used. */
  private CompletableFuture<ByteBuffer> init(long deadline) {
    if (parts.raft().isMember()) {
      return EngineThreads.respond(
          parts.slow(), () -> parts.founding().confirm().orElseGet(() -> Responses.ok(YES.duplicate())));
    }
    if (parts.raft().division().isEmpty() && parts.founding().hasJoined()) {
      return failed(parts.founding().whyNoMember());
    }
    if (parts.founding().hasJoined()) {
      return failed(
          Failures.wrongState(
              "this node was asked to join a cluster, but is no member of it",
              "Run pgraft_add_node() on a member, or stop the server, delete the engine's directory and pgraft.identity in"
                  + " PGDATA, and start it again."));
    }
    return parts
        .founding()
        .found()
        .thenCompose(founded -> poll(parts.holdsLease(), deadline))
        .handle(
            (held, failure) -> {
              if (failure != null) {
                LOG.error("could not found a cluster", failure);
                return Responses.error(
                    Failures.wrongState(
                        "could not found a cluster: " + failure.getMessage(), "Look into the server's log."));
              }
              return held
                  ? Responses.ok(YES.duplicate())
                  : Responses.error(Failures.foundedWithoutLeader("Founding it again is neither needed nor possible."));
            });
  }

  /** Founds a cluster that begins as a backup; answered once it can be used. */
  private CompletableFuture<ByteBuffer> restore(String path, long deadline) {
    if (parts.founding().hasJoined()) {
      return failed(Founding.memberAlready());
    }
    return parts
        .founding()
        .restore(path, expired(deadline))
        .thenCompose(
            response ->
                Responses.isOk(response)
                    ? poll(parts.holdsLease(), deadline)
                        .thenApply(
                            held ->
                                held
                                    ? response
                                    : Responses.error(Failures.foundedWithoutLeader("The backup is restored.")))
                    : CompletableFuture.completedFuture(response));
  }

  private CompletableFuture<ByteBuffer> backup(Request.Backup backup, long deadline) {
    final ByteBuffer question = new Request.Barrier().encode();
    return switch (backup.source()) {
      case LOCAL -> saved(backup.path(), deadline);
      case LINEARIZABLE ->
          barrier(question, deadline)
              .thenCompose(
                  response ->
                      Responses.isOk(response)
                          ? saved(backup.path(), deadline)
                          : failed(Failures.backupNotReached()));
      case LOG_TAIL -> {
        final long now = parts.clock().nanos();
        yield barrier(question, now + Backups.holderPatience(deadline - now))
            .thenCompose(
                response ->
                    Responses.isOk(response) ? failed(Failures.majorityAnswers()) : rescued(backup.path(), deadline));
      }
    };
  }

  private CompletableFuture<ByteBuffer> saved(String path, long deadline) {
    return parts
        .store()
        .get()
        .map(open -> parts.backups().write(open, path, expired(deadline)))
        .orElseGet(() -> failed(parts.founding().whyNoMember()));
  }

  private CompletableFuture<ByteBuffer> rescued(String path, long deadline) {
    final Optional<Store> open = parts.store().get();
    final Optional<RaftServer.Division> group = parts.raft().division();
    return open.isEmpty() || group.isEmpty()
        ? failed(parts.founding().whyNoMember())
        : parts
            .backups()
            .rescue(
                directory -> RescueSource.copy(open.get(), LogTail.of(group.get().getRaftLog()), directory),
                path,
                expired(deadline));
  }

  private BooleanSupplier expired(long deadline) {
    return () -> parts.clock().nanos() >= deadline;
  }

  private CompletableFuture<Boolean> poll(BooleanSupplier condition, long deadline) {
    final CompletableFuture<Boolean> outcome = new CompletableFuture<>();
    final Runnable look =
        new Runnable() {
          @Override
          public void run() {
            if (condition.getAsBoolean()) {
              outcome.complete(true);
            } else if (parts.clock().nanos() >= deadline) {
              outcome.complete(false);
            } else {
              parts.scheduler().schedule(this, POLL_NANOS, TimeUnit.NANOSECONDS);
            }
          }
        };
    look.run();
    return outcome;
  }

  private CompletableFuture<ByteBuffer> snapshot() {
    return parts
        .store()
        .get()
        .map(
            open ->
                parts
                    .snapshots()
                    .now(open)
                    .handle(
                        (index, failure) ->
                            failure == null
                                ? Responses.ok(ByteBuffer.allocate(8).putLong(index).flip())
                                : Responses.error(
                                    Failures.wrongState(
                                        "the snapshot could not be taken: " + failure.getMessage(),
                                        "Look into the server's log."))))
        .orElseGet(() -> failed(parts.founding().whyNoMember()));
  }

  /** Work that may read from disk. */
  @FunctionalInterface
  private interface SlowRead {
    ByteBuffer read() throws PgraftException;
  }

  private CompletableFuture<ByteBuffer> slowly(SlowRead read) {
    return EngineThreads.respond(
        parts.slow(),
        () -> {
          try {
            return read.read();
          } catch (PgraftException e) {
            return Responses.error(e.failure());
          } catch (RuntimeException e) {
            LOG.error("a read of the log or the store failed", e);
            return Responses.error(Failures.wrongState("the read failed: " + e, "Look into the server's log."));
          }
        });
  }

  @FunctionalInterface
  private interface GroupRead {
    ByteBuffer read(RaftServer.Division group);
  }

  private ByteBuffer withGroup(GroupRead read) {
    return parts
        .raft()
        .division()
        .map(read::read)
        .orElseGet(() -> Responses.error(parts.founding().whyNoMember()));
  }

  @FunctionalInterface
  private interface StoreRead {
    ByteBuffer read(Store open) throws PgraftException;
  }

  private ByteBuffer withStore(StoreRead read) throws PgraftException {
    final Optional<Store> open = parts.store().get();
    return open.isPresent() ? read.read(open.get()) : Responses.error(parts.founding().whyNoMember());
  }

  private static CompletableFuture<ByteBuffer> failed(Failure failure) {
    return CompletableFuture.completedFuture(Responses.error(failure));
  }
}
