package org.pgraft.consensus;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.apache.ratis.server.RaftServerConfigKeys.Log.CorruptionPolicy;
import org.apache.ratis.server.protocol.TermIndex;
import org.apache.ratis.server.storage.RaftStorage.StartupOption;
import org.apache.ratis.server.storage.RaftStorageImpl;
import org.apache.ratis.server.storage.StorageImplUtils;
import org.apache.ratis.statemachine.impl.SimpleStateMachineStorage;
import org.apache.ratis.util.SizeInBytes;
import org.pgraft.command.PgraftException;
import org.pgraft.command.Request;
import org.pgraft.command.Requests;
import org.pgraft.command.Responses;
import org.pgraft.store.Store;
import org.pgraft.store.StoreDirectory;

/**
 * What a node can do that waits for the answers of others and has opened neither its log nor its store: a member that was
 * restarted after the majority was lost waits for ever, and has all that is left. It verifies backups, and is rescued from
 * its files.
 *
 * <p>Thread-safe. Log and store are read under a lock that this node also takes to open them, so never both.
 */
final class DormantNode {
  private final EngineFiles files;
  private final UUID cluster;
  private final Store.Limits limits;
  private final Backups backups;
  private final BootClock clock;
  private final Object lock;
  private final BooleanSupplier dormant;
  private final BooleanSupplier hearsLeader;

  /**
   * @param limits how the store is opened
   * @param lock held while this node opens its log and store
   * @param dormant under that lock, whether it is a member and has opened neither
   * @param hearsLeader whether a leader was heard meanwhile
   */
  DormantNode(
      EngineFiles files,
      UUID cluster,
      Store.Limits limits,
      Backups backups,
      BootClock clock,
      Object lock,
      BooleanSupplier dormant,
      BooleanSupplier hearsLeader) {
    this.files = files;
    this.cluster = cluster;
    this.limits = limits;
    this.backups = backups;
    this.clock = clock;
    this.lock = lock;
    this.dormant = dormant;
    this.hearsLeader = hearsLeader;
  }

  /** The response to a request that needs nobody else; nothing when the request has to wait. */
  Optional<CompletableFuture<ByteBuffer>> submit(ByteBuffer bytes, long deadlineNanos) {
    final BooleanSupplier expired = () -> clock.nanos() >= deadlineNanos;
    final Request request;
    try {
      request = Requests.decode(bytes.duplicate());
    } catch (PgraftException e) {
      return Optional.of(CompletableFuture.completedFuture(Responses.error(e.failure())));
    }
    if (request instanceof Request.BackupVerify verify) {
      return Optional.of(backups.verify(verify.path(), expired));
    }
    if (request instanceof Request.Backup backup && backup.source() == Request.BackupSource.LOG_TAIL) {
      // A node that was only just started hears of a leader in a moment, if there is one.
      final Executor later =
          CompletableFuture.delayedExecutor(
              Math.max(0, Backups.holderPatience(deadlineNanos - clock.nanos())), TimeUnit.NANOSECONDS);
      return Optional.of(
          CompletableFuture.runAsync(() -> {}, later)
              .thenCompose(waited -> backups.rescue(this::copyInto, backup.path(), expired)));
    }
    return Optional.empty();
  }

  private long copyInto(Path directory) throws PgraftException, IOException {
    final Path group = files.raft().resolve(cluster.toString());
    synchronized (lock) {
      if (!dormant.getAsBoolean() || !Files.isDirectory(group)) {
        throw new PgraftException(
            Failures.wrongState(
                "this node does not wait as a member of a cluster", "Look at pgraft_node_status(), and try again."));
      }
      if (hearsLeader.getAsBoolean()) {
        throw new PgraftException(Failures.majorityAnswers());
      }
      // Not initialized, that is, not locked: it only tells where things are.
      final RaftStorageImpl storage =
          StorageImplUtils.newRaftStorage(
              group.toFile(), SizeInBytes.ZERO, StartupOption.RECOVER, CorruptionPolicy.EXCEPTION);
      final SimpleStateMachineStorage snapshots = new SimpleStateMachineStorage();
      snapshots.init(storage);
      final TermIndex at = SnapshotFiles.requireWhole(snapshots.getLatestSnapshot());
      final Optional<Path> snapshot =
          Optional.ofNullable(snapshots.getLatestSnapshot()).map(latest -> latest.getFile().getPath());
      try (Store store = new StoreDirectory(files.store(), limits).open(snapshot)) {
        return RescueSource.copy(store, LogTail.of(storage, at.getIndex()), directory);
      }
    }
  }
}
