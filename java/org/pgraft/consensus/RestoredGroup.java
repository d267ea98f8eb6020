package org.pgraft.consensus;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.stream.Stream;
import org.apache.ratis.proto.RaftProtos.LogEntryProto;
import org.apache.ratis.proto.RaftProtos.RaftConfigurationProto;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.server.RaftServerConfigKeys.Log.CorruptionPolicy;
import org.apache.ratis.server.storage.RaftStorage.StartupOption;
import org.apache.ratis.server.storage.RaftStorageDirectory;
import org.apache.ratis.server.storage.RaftStorageImpl;
import org.apache.ratis.server.storage.RaftStorageMetadata;
import org.apache.ratis.server.storage.StorageImplUtils;
import org.apache.ratis.statemachine.impl.SimpleStateMachineStorage;
import org.apache.ratis.util.MD5FileUtil;
import org.apache.ratis.util.SizeInBytes;
import org.pgraft.store.LogPosition;

/**
 * Makes the storage of a Raft group that begins with a snapshot: the files that Ratis would have if this node were the only
 * member of a group, had taken a snapshot, and purged the log before it (Raft paper, section 7). All of it is made and
 * synced in another directory and gets its place by one rename, so that a crash leaves the whole group or nothing; and
 * because the configuration is part of it, the node leads the group by itself from then on.
 *
 * <p>Stateless; blocks on the disk.
 */
final class RestoredGroup {
  /**
   * How far the term is raised. The cluster of before may have gone on for that many terms before a term of the new one
   * could be taken for one of its terms, for example by somebody who compares fencing tokens.
   */
  static final long TERMS_SKIPPED = 1_000_000;

  private RestoredGroup() {}

  /**
   * Makes the storage.
   *
   * @param store the store's file, which is moved away
   * @param at the last log entry that it has
   * @param self the only member
   * @param staging where to make it: a directory that is not there, on the file system of {@code place}
   * @param place the group's directory, which must not be there
   */
  static void create(Path store, LogPosition at, RaftPeer self, Path staging, Path place) throws IOException {
    try (RaftStorageImpl storage =
        StorageImplUtils.newRaftStorage(
            Files.createDirectory(staging).toFile(), SizeInBytes.ZERO, StartupOption.FORMAT, CorruptionPolicy.EXCEPTION)) {
      storage.initialize();
      storage.getMetadataFile().persist(RaftStorageMetadata.valueOf(at.term() + TERMS_SKIPPED, null));
      storage.writeRaftConfiguration(
          LogEntryProto.newBuilder()
              .setTerm(at.term())
              .setIndex(at.index())
              .setConfigurationEntry(RaftConfigurationProto.newBuilder().addPeers(self.getRaftPeerProto()))
              .build());
      if (storage.readRaftConfiguration() == null) {
        // Ratis only logs why.
        throw new IOException("the configuration of the new cluster could not be written to \"" + staging + "\"");
      }
      final RaftStorageDirectory directories = storage.getStorageDir();
      final Path snapshots = directories.getStateMachineDir().toPath();
      Files.createDirectories(snapshots);
      final File snapshot =
          snapshots.resolve(SimpleStateMachineStorage.getSnapshotFileName(at.term(), at.index())).toFile();
      Files.move(store, snapshot.toPath(), StandardCopyOption.ATOMIC_MOVE);
      MD5FileUtil.computeAndSaveMd5ForFile(snapshot);
    }
    syncAll(staging);
    // Fails when the directory is there already and holds anything.
    Files.move(staging, place, StandardCopyOption.ATOMIC_MOVE);
    DirectorySync.FSYNC.sync(place.getParent());
  }

  private static void syncAll(Path directory) throws IOException {
    final Path[] all;
    try (Stream<Path> found = Files.walk(directory)) {
      all = found.toArray(Path[]::new);
    }
    for (Path each : all) {
      DirectorySync.FSYNC.sync(each);
    }
  }
}
