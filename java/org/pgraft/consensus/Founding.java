package org.pgraft.consensus;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.BooleanSupplier;
import org.apache.ratis.protocol.RaftPeer;
import org.pgraft.command.Failure;
import org.pgraft.command.PgraftException;
import org.pgraft.command.Responses;
import org.pgraft.command.SqlState;
import org.pgraft.config.Settings;
import org.pgraft.store.BackupFacts;
import org.pgraft.store.DetachedStore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Founds a cluster of which this node is the only member, with an empty store or with that of a backup.
 *
 * <p>Thread-safe, as far as Ratis is: it refuses a second group of the same name. Backups are unpacked where {@link Backups}
 * does its work.
 */
final class Founding {
  private static final Logger LOG = LoggerFactory.getLogger(Founding.class);

  private final String clusterId;
  private final RaftPeer self;
  private final Path group;
  private final RaftNode raft;
  private final IdentityFiles identity;
  private final Registration registration;
  private final Backups backups;
  private final ServerPath paths;
  private final Path staging;

  Founding(
      Settings settings,
      UUID cluster,
      EngineFiles files,
      RaftNode raft,
      IdentityFiles identity,
      Registration registration,
      Backups backups,
      ServerPath paths) {
    this.clusterId = settings.clusterId();
    this.self = RaftNode.peer(settings.nodeId(), HostPort.format(settings.advertisedHost(), settings.port()));
    this.group = files.raft().resolve(cluster.toString());
    this.raft = raft;
    this.identity = identity;
    this.registration = registration;
    this.backups = backups;
    this.paths = paths;
    this.staging = files.staging();
  }

  /** Whether this directory was a member's once, or was asked to be: then it founds no cluster any more. */
  boolean hasJoined() {
    return identity.identity().member() || raft.division().isPresent();
  }

  /** Why requests cannot be carried out while no group, or no store, is open here. */
  Failure whyNoMember() {
    if (raft.division().isPresent()) {
      return Failures.storeReplaced();
    }
    return identity.identity().member() ? Failures.memberNoMore() : Failures.notInitialized();
  }

  /** Sees to it that this node, a member, knows so after a restart: an earlier attempt may have failed; the error if one does. */
  Optional<ByteBuffer> confirm() {
    try {
      identity.becomeMember();
      return Optional.empty();
    } catch (IOException e) {
      return Optional.of(Responses.error(Failures.files(e)));
    }
  }

  /** Founds a cluster with an empty store. */
  CompletableFuture<Void> found() {
    return raft.startGroup(List.of(self))
        .thenRun(
            () -> {
              try {
                identity.becomeMember();
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
              registration.begin();
            });
  }

  /** Founds a cluster whose store begins as a backup; the response is one byte, or an error that says how far it came. */
  CompletableFuture<ByteBuffer> restore(String path, BooleanSupplier expired) {
    return backups.work(
        () -> {
          final Path file = paths.toRead(path);
          final BackupFacts facts = Backups.unpack(file, staging, expired).facts();
          refuseSameCluster(facts);
          refuseUsedDirectory();
          DetachedStore.beginCluster(staging);
          RestoredGroup.create(
              DetachedStore.file(staging), facts.position(), self, staging.resolve(group.getFileName()), group);
          LOG.warn(
              "cluster \"{}\" is founded from \"{}\", a backup of cluster \"{}\" by node {} at revision {}",
              clusterId, file, facts.clusterId(), facts.node(), facts.revision());
          startFounded();
          return Responses.ok(ByteBuffer.wrap(new byte[] {1}));
        });
  }

  /** The group is in its place: whatever happens now, this node is its member when it starts the next time. */
  private void startFounded() throws PgraftException {
    try {
      found().join();
    } catch (CompletionException e) {
      LOG.error("the restored cluster could not be started", e);
      throw new PgraftException(
          Failures.wrongState(
              "the backup is restored, but the cluster could not be started: " + e.getCause(), "Restart the server."));
    }
  }

  /** Nodes of the old cluster that come back must not take the new one for theirs. */
  private void refuseSameCluster(BackupFacts facts) throws PgraftException {
    if (facts.clusterId().equals(clusterId)) {
      throw new PgraftException(
          new Failure(
              SqlState.WRONG_STATE,
              "the backup is of cluster \"" + clusterId + "\", which is also this node's pgraft.cluster_id",
              "Nodes of that cluster that come back could mix with the new one.",
              "Set pgraft.cluster_id to another name on all nodes of the new cluster, and restart them."));
    }
  }

  private void refuseUsedDirectory() throws PgraftException {
    if (hasJoined() || Files.exists(group)) {
      throw new PgraftException(memberAlready());
    }
  }

  /** A backup can only be the beginning of a cluster. */
  static Failure memberAlready() {
    return Failures.wrongState(
        "this node belongs to a cluster already",
        "A backup is restored on a node that is a member of none: one with an empty pgraft directory and without"
            + " pgraft.identity in PGDATA.");
  }
}
