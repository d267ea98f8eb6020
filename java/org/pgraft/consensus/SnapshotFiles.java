package org.pgraft.consensus;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import org.apache.ratis.io.MD5Hash;
import org.apache.ratis.server.protocol.TermIndex;
import org.apache.ratis.statemachine.impl.SimpleStateMachineStorage;
import org.apache.ratis.statemachine.impl.SingleFileSnapshotInfo;
import org.apache.ratis.util.MD5FileUtil;
import org.apache.ratis.util.StringUtils;
import org.pgraft.store.SnapshotWriter;
import org.pgraft.store.Store;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts finished snapshots where Ratis looks for them: {@code sm/snapshot.<term>_<index>} and a checksum beside it. The file
 * gets its name, and the directory an fsync, before the checksum is written; Ratis takes no notice of a file without one.
 *
 * <p>Runs on the executor given, one copy at a time.
 */
final class SnapshotFiles {
  private static final Logger LOG = LoggerFactory.getLogger(SnapshotFiles.class);
  private static final String UNFINISHED = "unfinished";

  private final Path scratch;
  private final DirectorySync sync;
  private final Executor executor;

  /**
   * @param scratch where copies are made, on the same file system as Ratis' storage
   * @param executor where they are made; may be kept busy for long
   */
  SnapshotFiles(Path scratch, DirectorySync sync, Executor executor) {
    this.scratch = scratch;
    this.sync = sync;
    this.executor = executor;
  }

  /**
   * Looks through the snapshots before Ratis does, which takes no notice of any when one checksum cannot be read. A file
   * without a checksum was not finished and is put aside.
   *
   * @param directory where they are
   * @throws DamagedFileException when a checksum cannot be read
   */
  static void putAsideUnfinished(Path directory) throws IOException {
    final List<Path> snapshots = new ArrayList<>();
    if (!Files.isDirectory(directory)) {
      return;
    }
    try (DirectoryStream<Path> files =
        Files.newDirectoryStream(
            directory, file -> SimpleStateMachineStorage.SNAPSHOT_REGEX.matcher(file.getFileName().toString()).matches())) {
      files.forEach(snapshots::add);
    }
    for (Path file : snapshots) {
      final Path checksum = file.resolveSibling(file.getFileName() + MD5FileUtil.MD5_SUFFIX);
      if (!Files.exists(checksum)) {
        LOG.warn("the snapshot \"{}\" has no checksum: it was not finished, and is not used", file);
        Files.move(file, directory.resolve(UNFINISHED), StandardCopyOption.REPLACE_EXISTING);
      } else {
        try {
          MD5FileUtil.readStoredMd5ForFile(file.toFile());
        } catch (IOException e) {
          throw new DamagedFileException(checksum, e.getMessage());
        }
      }
    }
  }

  /**
   * Demands that a snapshot is as it was written.
   *
   * @param snapshot the latest one, or null when there is none
   * @return where it was taken; index -1 and term 0 when there is none
   * @throws DamagedFileException when its checksum is another
   */
  static TermIndex requireWhole(SingleFileSnapshotInfo snapshot) throws IOException {
    if (snapshot == null) {
      return TermIndex.valueOf(0, -1);
    }
    final Path file = snapshot.getFile().getPath();
    if (!MD5FileUtil.computeMd5ForFile(file.toFile()).equals(snapshot.getFile().getFileDigest())) {
      throw new DamagedFileException(
          file, "its checksum is another than that in \"" + file + MD5FileUtil.MD5_SUFFIX + "\"");
    }
    return snapshot.getTermIndex();
  }

  /** Writes a snapshot and registers it; completes with the position at which it was taken. */
  CompletableFuture<TermIndex> write(Store store, SimpleStateMachineStorage storage) {
    return CompletableFuture.supplyAsync(
        () -> {
          try {
            return finish(SnapshotWriter.write(store, scratch), storage);
          } catch (IOException e) {
            throw new CompletionException(e);
          }
        },
        executor);
  }

  private TermIndex finish(SnapshotWriter.Copy copy, SimpleStateMachineStorage storage) throws IOException {
    final TermIndex at = TermIndex.valueOf(copy.position().term(), copy.position().index());
    final File file = storage.getSnapshotFile(at.getTerm(), at.getIndex());
    Files.move(copy.file(), file.toPath(), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    sync.sync(file.toPath().getParent());
    final MD5Hash digest = MD5FileUtil.computeMd5ForFile(file);
    // In Ratis' form. Its own code would leave an empty file when there is no space, over which it then stumbles.
    DurableFile.replace(
        file.toPath().resolveSibling(file.getName() + MD5FileUtil.MD5_SUFFIX),
        (StringUtils.bytes2HexString(digest.getDigest()) + " *" + file.getName() + "\n").getBytes(StandardCharsets.US_ASCII),
        sync);
    RatisStateMachine.register(storage, file, digest, at);
    return at;
  }
}
