package org.pgraft.consensus;

import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.pgraft.command.Request;

/**
 * Appends entries that the engine itself needs: leases, members, compactions. They go past the queue of
 * the sessions' requests, under the same identities.
 *
 * <p>Thread-safe; nothing blocks.
 */
final class OwnEntries {
  private static final long LEADER_NANOS = TimeUnit.SECONDS.toNanos(5);

  private final RaftNode raft;
  private final Supplier<HolderGateway> gateway;
  private final Supplier<WriteRouter> router;
  private final BootClock clock;

  OwnEntries(RaftNode raft, Supplier<HolderGateway> gateway, Supplier<WriteRouter> router, BootClock clock) {
    this.raft = raft;
    this.gateway = gateway;
    this.router = router;
    this.clock = clock;
  }

  /** Appends to the log of this node, which must lead, with or without the lease. */
  CompletableFuture<ByteBuffer> appendAsLeader(Request request) {
    return append(request, (batch, timeout) -> raft.append(batch.encode(), timeout), LEADER_NANOS);
  }

  /** Appends through the lease holder, whoever that is. */
  CompletableFuture<ByteBuffer> appendAsHolder(Request request, long timeoutNanos) {
    return append(request, gateway.get(), timeoutNanos);
  }

  private CompletableFuture<ByteBuffer> append(Request request, WriteRouter.Holder via, long timeoutNanos) {
    final PendingWrite write =
        new PendingWrite(request.encode(), true, clock.nanos() + timeoutNanos, new CompletableFuture<>());
    router.get().submitOwn(write, via);
    return write.response();
  }
}
