package org.pgraft.store;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.lmdbjava.LmdbException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The stores of a node, one directory for each generation, and the decision which of them can be trusted.
 *
 * <p>Entries are applied without fsync, so after a power cut a store may be torn. It is trusted when it was closed cleanly
 * and its file has the checksum that it had then; or when since it was opened neither the kernel nor the mount is another
 * one and no error was seen, because then the kernel still holds what was written. LMDB's pages have no checksums: the
 * worker leaves the file {@code suspect} here when it crashed, or a session met damage, while a store was open. Otherwise
 * it is thrown away and made anew from the newest snapshot, and the log brings it up to date: both are durable, and the
 * store refuses a log that does not begin where it ends. A store that should be whole but is not is an error, and is left
 * as it is.
 *
 * <p>Layout: {@code <generation>/} with LMDB's files, {@code mark} (see {@link StoreMark}), and leftovers of interrupted
 * work, which are removed at the next opening. A generation's number is never used again while a mark or a directory
 * remembers it.
 *
 * <p>Used by one thread at a time: the one that starts the engine, then Ratis' when it installs a snapshot. The end of a
 * store may be noted by any thread; the monitor of this object guards the mark.
 */
public final class StoreDirectory {
  private static final Logger LOG = LoggerFactory.getLogger(StoreDirectory.class);
  private static final Pattern GENERATION = Pattern.compile("[1-9][0-9]{0,17}");
  private static final String INCOMING = "incoming";
  private static final String CHECKSUM_SUFFIX = ".md5";

  /** Made by the worker, in native/suspect.c. */
  private static final String SUSPECT = "suspect";

  /** Larger files are closed without a checksum, because a stop must not take long. */
  private static final long CHECKSUM_BYTES_MAX = 1L << 30;

  private final Path root;
  private final Store.Limits limits;
  private boolean anew;

  /**
   * @param root the directory that holds the generations; it must exist
   * @param limits how environments are opened
   */
  public StoreDirectory(Path root, Store.Limits limits) {
    this.root = root;
    this.limits = limits;
  }

  /**
   * Opens the store, or makes one.
   *
   * @param snapshot the newest snapshot of this node, if there is one
   * @throws StoreFailedException when that is not possible, or a store that should be whole is damaged
   */
  public Store open(Optional<Path> snapshot) throws StoreFailedException {
    try {
      Disk.delete(root.resolve(INCOMING));
      final Optional<StoreMark> mark = StoreMark.read(root);
      final Optional<String> distrust = distrust(mark);
      if (distrust.isEmpty()) {
        anew = false;
        final Store store = resume(mark.get(), snapshot);
        removeAllBut(store.generation());
        return store;
      }
      final long newest = newestGeneration(mark);
      if (newest > 0) {
        LOG.warn(
            "the store in \"{}\" is made anew from {}: {}",
            root,
            snapshot.isPresent() ? "the last snapshot and the log" : "the log",
            distrust.get());
        removeAllBut(0);
      }
      anew = true;
      return make(newest + 1, snapshot);
    } catch (IOException e) {
      discardIncoming();
      throw asStoreFailure("the store in \"" + root + "\" could not be opened", e);
    }
  }

  /** Whether {@link #open} had to make the store anew, so that it may hold less than it did before. */
  public boolean isAnew() {
    return anew;
  }

  /**
   * Makes a new store of a snapshot in place of the one before, which must be closed.
   *
   * @param snapshot the snapshot's file
   * @throws StoreFailedException when that is not possible, or the snapshot is damaged
   */
  public Store install(Path snapshot) throws StoreFailedException {
    try {
      Disk.delete(root.resolve(INCOMING));
      return make(newestGeneration(StoreMark.read(root)) + 1, Optional.of(snapshot));
    } catch (IOException e) {
      discardIncoming();
      throw asStoreFailure("the snapshot \"" + snapshot + "\" could not be installed", e);
    }
  }

  /** What there was no space for must not keep what space there is. */
  private void discardIncoming() {
    try {
      Disk.delete(root.resolve(INCOMING));
    } catch (IOException e) {
      LOG.warn("could not remove what is left in \"{}\": {}", root.resolve(INCOMING), e.toString());
    }
  }

  private static StoreFailedException asStoreFailure(String what, IOException e) {
    return e instanceof StoreFailedException known ? known : new StoreFailedException(what + ": " + e, e);
  }

  /** Why the generation in use cannot be trusted; empty when it can. */
  private Optional<String> distrust(Optional<StoreMark> found) throws IOException {
    if (found.isEmpty()) {
      return Optional.of("it is not marked");
    }
    final StoreMark mark = found.get();
    final Path data = directory(mark.generation()).resolve(Tables.DATA_FILE);
    if (!Files.exists(data)) {
      return Optional.of("its file is gone");
    }
    if (Files.exists(root.resolve(SUSPECT))) {
      return Optional.of("the worker crashed while it was open, or a session found it damaged");
    }
    switch (mark.condition()) {
      case FAILED -> {
        return Optional.of("it failed before");
      }
      case CLEAN -> {
        if (Files.size(data) != mark.bytes()) {
          throw damaged(data, "it has " + Files.size(data) + " bytes, but was closed with " + mark.bytes());
        }
        if (mark.checksum() != StoreMark.NO_CHECKSUM && Disk.checksum(data) != mark.checksum()) {
          throw damaged(data, "its checksum is another than when it was closed");
        }
        return Optional.empty();
      }
      default -> {
        if (!Machine.of(root).isStill(mark.machine())) {
          return Optional.of("it was not closed before the machine stopped");
        }
        try {
          // An error of an earlier attempt to write a page shows here.
          Disk.sync(data);
        } catch (IOException e) {
          return Optional.of("what was written could not be synced: " + e);
        }
        return Optional.empty();
      }
    }
  }

  private static StoreFailedException damaged(Path data, String how) {
    return new StoreFailedException(
        "file \"" + data + "\" is damaged: " + how + "; if its directory is deleted, the store is rebuilt from the last"
            + " snapshot and the log");
  }

  private Store resume(StoreMark mark, Optional<Path> snapshot) throws IOException {
    final long generation = mark.generation();
    if (snapshot.isPresent()) {
      final LogPosition ours = SnapshotWriter.position(directory(generation).resolve(Tables.DATA_FILE));
      final LogPosition theirs = SnapshotWriter.position(snapshot.get());
      if (theirs.index() > ours.index()) {
        LOG.info(
            "the store ends at log index {}, the last snapshot at {}: it takes its place", ours.index(), theirs.index());
        return make(newestGeneration(Optional.of(mark)) + 1, snapshot);
      }
    }
    // Before anything is written, so that a power cut from here on is recognised.
    mark(generation, StoreMark.Condition.OPEN);
    return Store.open(directory(generation), generation, limits, clean -> ended(generation, clean));
  }

  private Store make(long generation, Optional<Path> snapshot) throws IOException {
    final Path incoming = root.resolve(INCOMING);
    Disk.makeDirectory(incoming);
    if (snapshot.isPresent()) {
      final String checksum = Disk.copy(snapshot.get(), incoming.resolve(Tables.DATA_FILE));
      verify(snapshot.get(), checksum);
    } else {
      try (Tables empty = Tables.create(incoming, limits)) {
        empty.env().sync(true);
      } catch (LmdbException e) {
        throw new StoreFailedException("an empty store could not be made in \"" + incoming + "\": " + e.getMessage(), e);
      }
    }
    // Sessions write their places into a mapping of it: a page without space on the disk would end them.
    Disk.fill(incoming.resolve(Tables.LOCK_FILE), Tables.lockBytes(limits));
    Disk.sync(incoming);
    Disk.rename(incoming, directory(generation));
    mark(generation, StoreMark.Condition.OPEN);
    Files.deleteIfExists(root.resolve(SUSPECT));
    final Store store = Store.open(directory(generation), generation, limits, clean -> ended(generation, clean));
    removeAllBut(generation);
    return store;
  }

  /** Compares with the checksum beside a snapshot, if there is one; its form is that of md5sum(1). */
  private static void verify(Path snapshot, String checksum) throws IOException {
    final Path file = snapshot.resolveSibling(snapshot.getFileName() + CHECKSUM_SUFFIX);
    if (Files.exists(file) && !Files.readString(file).startsWith(checksum)) {
      throw new StoreFailedException("the snapshot \"" + snapshot + "\" is damaged: its checksum is another");
    }
  }

  private synchronized void mark(long generation, StoreMark.Condition condition) throws IOException {
    long bytes = 0;
    long checksum = StoreMark.NO_CHECKSUM;
    if (condition == StoreMark.Condition.CLEAN) {
      final Path data = directory(generation).resolve(Tables.DATA_FILE);
      bytes = Files.size(data);
      checksum = bytes <= CHECKSUM_BYTES_MAX ? Disk.checksum(data) : StoreMark.NO_CHECKSUM;
    }
    new StoreMark(generation, condition, Machine.of(root), bytes, checksum).write(root);
  }

  /** A generation's end; any thread. */
  synchronized void ended(long generation, boolean clean) {
    try {
      final Optional<StoreMark> mark = StoreMark.read(root);
      // A reader may meet damage while the store is being closed: what it said stays.
      if (mark.isPresent()
          && mark.get().generation() == generation
          && mark.get().condition() != StoreMark.Condition.FAILED) {
        mark(generation, clean ? StoreMark.Condition.CLEAN : StoreMark.Condition.FAILED);
      }
    } catch (IOException e) {
      LOG.warn("could not note how the store in \"{}\" ended: {}", root, e.toString());
      if (!clean) {
        forget();
      }
    }
  }

  /** Without a mark no store is trusted; to delete it needs no space. */
  private void forget() {
    try {
      StoreMark.delete(root);
    } catch (IOException e) {
      LOG.warn("could not delete the mark in \"{}\": {}", root, e.toString());
    }
  }

  private Path directory(long generation) {
    return root.resolve(Long.toString(generation));
  }

  private long newestGeneration(Optional<StoreMark> mark) throws IOException {
    long newest = mark.map(StoreMark::generation).orElse(0L);
    try (Stream<Path> entries = Files.list(root)) {
      for (Path entry : entries.toList()) {
        if (isGeneration(entry)) {
          newest = Math.max(newest, Long.parseLong(entry.getFileName().toString()));
        }
      }
    }
    return newest;
  }

  private static boolean isGeneration(Path entry) {
    return GENERATION.matcher(entry.getFileName().toString()).matches();
  }

  private void removeAllBut(long generation) throws IOException {
    try (Stream<Path> entries = Files.list(root)) {
      for (Path entry : entries.toList()) {
        if (isGeneration(entry) && !entry.equals(directory(generation))) {
          Disk.delete(entry);
        }
      }
    }
  }
}
