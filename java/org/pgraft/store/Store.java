package org.pgraft.store;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.lmdbjava.CopyFlags;
import org.lmdbjava.LmdbException;
import org.lmdbjava.Txn;
import org.pgraft.command.BatchResult;
import org.pgraft.command.PgraftException;
import org.pgraft.command.Request;

/**
 * The replicated state: keys with their history, their leases, the grants on them, the members, the lease's last acquisition,
 * the results of the last batches, and up to where the log is applied. It applies the log and answers reads ({@link
 * StoreReader}). The effects of an entry and its position are one LMDB transaction, without fsync: the log is the truth, see
 * {@link StoreDirectory}.
 *
 * <p>A store that failed once applies nothing more ({@link StoreFailedException}) and is not trusted when it is opened
 * the next time.
 *
 * <p>Threads: {@link #apply} and {@link #advance} are called by one thread at a time, in the order of the log; everything
 * else by any. The monitor of this object orders apply and close; readers never take it. Figures are those after the last
 * entry applied, all of the same one if taken from {@link #stats}.
 */
public final class Store implements AutoCloseable {
  private static final long CLOSE_MILLIS = 2000;
  private static final long GROW_MILLIS = 10;

  /**
   * How an environment is opened. Local to a node: no result of a request depends on it.
   *
   * @param mapBytes address space for the file, in bytes
   * @param readersMax processes and threads that may read at once
   */
  public record Limits(long mapBytes, int readersMax) {
    private static final long GIB = 1L << 30;
    private static final long MIB = 1L << 20;
    private static final long MAP_PER_QUOTA = 4;

    /**
     * The map that goes with a quota, in bytes. It is several times as large, because pages are not full, a transaction
     * writes new pages before it frees the old ones, and pages that a reader still sees are not used again; results of
     * batches are kept beside what counts against the quota. It costs nothing but address space.
     */
    public static long mapBytesFor(long quota) {
      final long bytes = Math.min(quota, Long.MAX_VALUE / MAP_PER_QUOTA / 2) * MAP_PER_QUOTA + Dedupe.RESULTS_BYTES_MAX + GIB;
      return (bytes + MIB - 1) / MIB * MIB;
    }
  }

  /** Told of the end of a store. */
  @FunctionalInterface
  interface Listener {
    /**
     * @param clean true when all that was applied is on stable storage and nobody writes any more; false when the store
     *     failed
     */
    void ended(boolean clean);
  }

  /** What is shown of the state after one entry. */
  private record Shown(StoreStats stats, Optional<LeaseRecord> lease, List<MemberRecord> members) {}

  private final Tables tables;
  private final long generation;
  private final Path directory;
  private final Listener listener;
  private final Gate gate = new Gate();
  private final Counters counters = new Counters();
  private final Dedupe dedupe;
  private final MemberTable members;
  private final LeaseTable lease;
  private final KeyLeases keyLeases;
  private final KeyGrants keyGrants;
  private final Applier applier;
  private final StoreReader reader;
  private final AtomicReference<StoreFailedException> failure = new AtomicReference<>();

  private long mapBytes;
  private boolean closed;
  private volatile Shown shown;

  private Store(Tables tables, long generation, Path directory, long mapBytes, Listener listener) {
    this.tables = tables;
    this.generation = generation;
    this.directory = directory;
    this.mapBytes = mapBytes;
    this.listener = listener;
    this.dedupe = new Dedupe(tables.dedupe());
    this.members = new MemberTable(tables.members());
    this.lease = new LeaseTable(tables.meta());
    this.keyLeases = new KeyLeases(tables);
    this.keyGrants = new KeyGrants(tables);
    this.applier = new Applier(tables, counters, dedupe, members, lease, keyLeases, keyGrants);
    this.reader =
        new StoreReader(tables, gate, cause -> failed("the store in \"" + directory + "\" cannot be read", cause));
  }

  /**
   * Opens the environment in a directory, which must be there and complete.
   *
   * @throws StoreFailedException when it cannot be opened or is damaged
   */
  static Store open(Path directory, long generation, Limits limits, Listener listener) throws StoreFailedException {
    return start(() -> Tables.open(directory, limits), directory, generation, limits, listener);
  }

  /**
   * Makes a new environment, in an empty directory.
   *
   * @throws StoreFailedException when that is not possible
   */
  static Store create(Path directory, long generation, Limits limits, Listener listener) throws StoreFailedException {
    return start(() -> Tables.create(directory, limits), directory, generation, limits, listener);
  }

  private static Store start(
      Supplier<Tables> open, Path directory, long generation, Limits limits, Listener listener)
      throws StoreFailedException {
    Tables tables = null;
    boolean started = false;
    try {
      tables = open.get();
      tables.env().readerCheck();
      final Store store = new Store(tables, generation, directory, limits.mapBytes(), listener);
      store.load();
      started = true;
      return store;
    } catch (LmdbException | DamagedException e) {
      throw new StoreFailedException(
          "the store \"" + directory.resolve(Tables.DATA_FILE) + "\" cannot be opened: " + e.getMessage()
              + "; if its directory is deleted, the store is rebuilt from the last snapshot and the log",
          e);
    } finally {
      if (tables != null && !started) {
        tables.close();
      }
    }
  }

  private void load() {
    try (Txn<ByteBuffer> txn = tables.env().txnRead()) {
      counters.load(txn, tables.meta());
      dedupe.load(txn);
      members.load(txn);
      lease.load(txn);
      keyLeases.load(txn);
      keyGrants.load(txn);
    }
    show(members.all());
    growMap();
  }

  private void show(List<MemberRecord> all) {
    shown =
        new Shown(
            new StoreStats(
                counters.position(),
                counters.get(Counter.REVISION),
                counters.get(Counter.COMPACTED),
                counters.get(Counter.KEYS),
                counters.get(Counter.KEY_BYTES),
                counters.get(Counter.STORED_BYTES),
                counters.get(Counter.QUOTA),
                counters.get(Counter.PUTS),
                counters.get(Counter.DELETES)),
            lease.last(),
            all);
  }

  /** The quota is replicated and can be larger than this node's settings say. */
  private void growMap() {
    final long needed = Limits.mapBytesFor(counters.get(Counter.QUOTA));
    // A copy may be under way for minutes. The map has room for more than the quota of before: the next entry tries again.
    if (needed > mapBytes && gate.alone(GROW_MILLIS, () -> tables.env().setMapSize(needed))) {
      mapBytes = needed;
    }
  }

  /**
   * Applies a batch.
   *
   * @param term the term of its log entry
   * @param index the index of its log entry
   * @param entry the batch's wire form
   * @return the results, one for each request; empty when the entry was applied before
   * @throws StoreFailedException when this node cannot go on; there is no result
   * @throws StoreClosedException when the store was closed; the entry was not applied
   */
  public synchronized Optional<BatchResult> apply(long term, long index, ByteBuffer entry)
      throws StoreFailedException {
    if (!isNext(term, index)) {
      return Optional.empty();
    }
    final LogPosition at = new LogPosition(term, index);
    final BatchResult[] result = new BatchResult[1];
    write(at, txn -> result[0] = applier.apply(txn, at, entry));
    return Optional.of(result[0]);
  }

  /**
   * Moves the position past an entry that changes nothing here; does nothing when it is past already.
   *
   * @param term the term of the log entry
   * @param index the index of the log entry
   * @throws StoreFailedException when this node cannot go on
   * @throws StoreClosedException when the store was closed
   */
  public synchronized void advance(long term, long index) throws StoreFailedException {
    if (isNext(term, index)) {
      write(new LogPosition(term, index), txn -> {});
    }
  }

  private boolean isNext(long term, long index) throws StoreFailedException {
    if (closed) {
      throw new StoreClosedException();
    }
    final StoreFailedException before = failure.get();
    if (before != null) {
      throw new StoreFailedException(before.getMessage(), before);
    }
    final LogPosition position = counters.position();
    if (index <= position.index()) {
      return false;
    }
    if (index != position.index() + 1 || term < position.term()) {
      throw failed(
          "the log goes on at index " + index + " of term " + term + ", but the store in \"" + directory
              + "\" ends at index " + position.index() + " of term " + position.term(),
          null);
    }
    return true;
  }

  /** What is done in a write transaction. */
  @FunctionalInterface
  private interface Change {
    void make(Txn<ByteBuffer> txn);
  }

  private void write(LogPosition at, Change change) throws StoreFailedException {
    boolean done = false;
    try {
      try (Txn<ByteBuffer> txn = tables.env().txnWrite()) {
        change.make(txn);
        counters.set(Counter.APPLIED_TERM, at.term());
        counters.set(Counter.APPLIED_INDEX, at.index());
        counters.save(txn, tables.meta());
        txn.commit();
      }
      show(members.all());
      growMap();
      done = true;
    } catch (RuntimeException e) {
      throw failed("log entry " + at.index() + " could not be applied to the store in \"" + directory + "\"", e);
    } finally {
      if (!done && failure.get() == null) {
        // An error of the JVM: it goes on its way, but nothing more may be done with what is in memory now.
        failed("applying log entry " + at.index() + " was cut short", null);
      }
    }
  }

  private StoreFailedException failed(String what, Exception cause) {
    final StoreFailedException failed =
        cause == null ? new StoreFailedException(what) : new StoreFailedException(what + ": " + cause.getMessage(), cause);
    if (failure.compareAndSet(null, failed)) {
      listener.ended(false);
    }
    return failed;
  }

  /**
   * Reads keys, of the present or of a revision before. Whether they may be read is judged by the grants of the same moment.
   *
   * @param asked a {@link Request.Range}, with authority or without
   * @return the response: the store's revision (8 bytes), then the range's keys
   * @throws PgraftException when the revision is not kept, the result is too long, the authority does not count, or the store
   *     cannot be read
   */
  public ByteBuffer range(Request asked) throws PgraftException {
    return reader.range(asked);
  }

  /**
   * A checksum of the keys that existed at a revision; the same on all nodes. Reads all of them.
   *
   * @param revision 0 for the present one
   * @return the response: the revision (8 bytes), the checksum (8)
   * @throws PgraftException when the revision is not kept, or the store cannot be read
   */
  public ByteBuffer hash(long revision) throws PgraftException {
    return reader.hash(revision);
  }

  /**
   * Copies the store as it is at one position, without the pages that are free, into an empty directory. The store is
   * synced first, because a write that the disk refused shows only then.
   *
   * @throws StoreFailedException when the store cannot be synced or copied
   * @throws StoreClosedException when the store was closed
   */
  void copy(Path emptyDirectory) throws StoreFailedException {
    if (!gate.enter()) {
      throw new StoreClosedException();
    }
    try {
      sync();
      tables.env().copy(emptyDirectory.toFile(), CopyFlags.MDB_CP_COMPACT);
    } catch (LmdbException e) {
      // The copy's own disk may be full; the store itself is not in doubt.
      throw new StoreFailedException(
          "the store in \"" + directory + "\" could not be copied: " + e.getMessage(), e);
    } finally {
      gate.leave();
    }
  }

  private void sync() throws StoreFailedException {
    try {
      tables.env().sync(true);
    } catch (LmdbException e) {
      throw failed("the store in \"" + directory + "\" could not be synced", e);
    }
  }

  /** Frees what sessions that were killed while they read still hold; returns how many there were. */
  public int clearStaleReaders() {
    if (!gate.enter()) {
      return 0;
    }
    try {
      return tables.env().readerCheck();
    } finally {
      gate.leave();
    }
  }

  /** Why the store gives no further results; empty while all is well. */
  public Optional<StoreFailedException> failure() {
    return Optional.ofNullable(failure.get());
  }

  /** The number of the directory: sessions find the environment by it. */
  public long generation() {
    return generation;
  }

  /** All figures after the last entry applied. */
  public StoreStats stats() {
    return shown.stats();
  }

  /** Up to where the log is applied. */
  public LogPosition position() {
    return shown.stats().position();
  }

  /** The store's revision: 1 when nothing was ever stored. */
  public long revision() {
    return shown.stats().revision();
  }

  /** The oldest revision that can still be read. */
  public long compactedRevision() {
    return shown.stats().compactedRevision();
  }

  /** How many keys exist. */
  public long keyCount() {
    return shown.stats().keys();
  }

  /** Bytes of the keys that exist and their values. */
  public long keyBytes() {
    return shown.stats().keyBytes();
  }

  /** What counts against the quota, history included, in bytes. */
  public long storedBytes() {
    return shown.stats().storedBytes();
  }

  /** The replicated quota, in bytes: 2 GiB until the log says otherwise. */
  public long quota() {
    return shown.stats().quota();
  }

  /** The file with everything in it. */
  Path file() {
    return directory.resolve(Tables.DATA_FILE);
  }

  /** Size of the file, in bytes. */
  public long fileBytes() {
    return file().toFile().length();
  }

  /** The last acquisition of the leadership lease. */
  public Optional<LeaseRecord> lease() {
    return shown.lease();
  }

  /** The leases of keys, in the order of their numbers: a view, which may show one of an entry that is being applied. */
  public Collection<KeyLease> keyLeases() {
    return keyLeases.all();
  }

  /**
   * The keys of a lease.
   *
   * @return the response: their number (4 bytes), the keys
   * @throws PgraftException when there is no such lease, or the store cannot be read
   */
  public ByteBuffer leaseKeys(long lease) throws PgraftException {
    requireKeyLease(lease);
    return reader.leaseKeys(lease);
  }

  /**
   * A lease of keys that is there.
   *
   * @throws PgraftException when there is no such lease
   */
  public KeyLease requireKeyLease(long lease) throws PgraftException {
    return keyLeases.find(lease).orElseThrow(() -> new PgraftException(KeyLeases.missing(lease)));
  }

  /** Every node that ever took part, in the order of the ids. */
  public List<MemberRecord> members() {
    return shown.members();
  }

  /** What is known of a node. */
  public Optional<MemberRecord> member(int node) {
    return members().stream().filter(member -> member.node() == node).findFirst();
  }

  /**
   * Makes all that was applied durable and closes the environment. Waits for a moment for those who read; if that is not
   * enough, for a copy that is being made, the environment is closed when they are done.
   */
  @Override
  public void close() {
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
    }
    if (failure.get() == null) {
      try {
        tables.env().sync(true);
        listener.ended(true);
      } catch (LmdbException e) {
        failed("the store in \"" + directory + "\" could not be synced", e);
      }
    }
    gate.shut(CLOSE_MILLIS, tables::close);
  }
}
