package org.pgraft.store;

import static org.lmdbjava.DbiFlags.MDB_CREATE;
import static org.lmdbjava.DbiFlags.MDB_DUPFIXED;
import static org.lmdbjava.DbiFlags.MDB_DUPSORT;

import java.io.File;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import org.lmdbjava.Dbi;
import org.lmdbjava.Env;
import org.lmdbjava.EnvFlags;
import org.lmdbjava.Txn;

/**
 * An open LMDB environment and its tables.
 *
 * <p>Written without fsync (the Raft log is the truth, see {@link StoreDirectory}); read transactions are not bound to
 * threads. Thread-safe as far as LMDB is: one write transaction at a time, any number of reads, and nothing else while it
 * is closed or its map is resized.
 */
final class Tables implements AutoCloseable {
  /** The file that holds the data. */
  static final String DATA_FILE = "data.mdb";

  /** The file with the places of those who read. */
  static final String LOCK_FILE = "lock.mdb";

  // A place takes a cache line, and so do the two mutexes before them (LMDB's MDB_reader and MDB_txninfo).
  private static final int PLACE_BYTES = 64;
  private static final int PLACES_FOR_MUTEXES = 4;
  private static final int PAGE_BYTES = 4096;

  private static final int TABLES_MAX = 9;
  private static final int FILE_MODE = 0600;

  private final Env<ByteBuffer> env;
  private final Dbi<ByteBuffer> meta;
  private final Dbi<ByteBuffer> keys;
  private final Dbi<ByteBuffer> revisions;
  private final Dbi<ByteBuffer> dedupe;
  private final Dbi<ByteBuffer> members;
  private final Dbi<ByteBuffer> leases;
  private final Dbi<ByteBuffer> leaseKeys;
  private final Dbi<ByteBuffer> keyGrants;

  /** What an environment is opened for. */
  private enum Opening {
    NEW,
    CHANGE,
    READ
  }

  private Tables(Env<ByteBuffer> env, Opening opening) {
    this.env = env;
    if (opening == Opening.NEW) {
      meta = env.openDbi("meta", MDB_CREATE);
      keys = env.openDbi("key", MDB_CREATE, MDB_DUPSORT, MDB_DUPFIXED);
      revisions = env.openDbi("rev", MDB_CREATE);
      dedupe = env.openDbi("dedupe", MDB_CREATE);
      members = env.openDbi("member", MDB_CREATE);
      try (Txn<ByteBuffer> txn = env.txnWrite()) {
        new Counters().create(txn, meta);
        txn.commit();
      }
    } else {
      meta = env.openDbi("meta");
      keys = env.openDbi("key", MDB_DUPSORT, MDB_DUPFIXED);
      revisions = env.openDbi("rev");
      dedupe = env.openDbi("dedupe");
      members = env.openDbi("member");
    }
    // Stores of version 1.0 do not have the other three yet.
    if (opening != Opening.READ) {
      leases = env.openDbi("lease", MDB_CREATE);
      leaseKeys = env.openDbi("lease_key", MDB_CREATE);
      keyGrants = env.openDbi("key_grant", MDB_CREATE);
    } else if (has(env, "lease")) {
      leases = env.openDbi("lease");
      leaseKeys = env.openDbi("lease_key");
      keyGrants = env.openDbi("key_grant");
    } else {
      leases = null;
      leaseKeys = null;
      keyGrants = null;
    }
  }

  private static boolean has(Env<ByteBuffer> env, String table) {
    final byte[] name = table.getBytes(StandardCharsets.US_ASCII);
    return env.getDbiNames().stream().anyMatch(found -> Arrays.equals(found, name));
  }

  /** A file that is shorter than the pages it is said to have; reading those would end the process. */
  private static void requireWhole(Env<ByteBuffer> env, Path file) {
    final long needed = (env.info().lastPageNumber + 1) * env.stat().pageSize;
    if (file.toFile().length() < needed) {
      throw new DamagedException(
          "file \"" + file + "\" has " + file.toFile().length() + " bytes, but " + needed + " are in use");
    }
  }

  /** Makes a new environment in an empty directory. */
  static Tables create(Path directory, Store.Limits limits) {
    return of(environment(directory, limits), directory.resolve(DATA_FILE), Opening.NEW);
  }

  /** Opens an environment that must be there and complete. */
  static Tables open(Path directory, Store.Limits limits) {
    return of(environment(directory, limits), directory.resolve(DATA_FILE), Opening.CHANGE);
  }

  /** Opens a single file for reading only, without a lock file: nobody else may use it. */
  static Tables openCopy(Path file) {
    return of(
        Env.create()
            .setMaxDbs(TABLES_MAX)
            .setMapSize(file.toFile().length())
            .open(
                file.toFile(),
                FILE_MODE,
                EnvFlags.MDB_NOSUBDIR,
                EnvFlags.MDB_RDONLY_ENV,
                EnvFlags.MDB_NOLOCK,
                EnvFlags.MDB_NOTLS),
        file,
        Opening.READ);
  }

  /** Size of a lock file with room for all who may read, in whole pages. */
  static int lockBytes(Store.Limits limits) {
    final int bytes = (limits.readersMax() + PLACES_FOR_MUTEXES) * PLACE_BYTES;
    return (bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
  }

  private static Env<ByteBuffer> environment(Path directory, Store.Limits limits) {
    final File file = directory.toFile();
    return Env.create()
        .setMaxDbs(TABLES_MAX)
        .setMapSize(limits.mapBytes())
        .setMaxReaders(limits.readersMax())
        .open(file, FILE_MODE, EnvFlags.MDB_NOSYNC, EnvFlags.MDB_NOTLS);
  }

  private static Tables of(Env<ByteBuffer> env, Path file, Opening opening) {
    boolean opened = false;
    try {
      requireWhole(env, file);
      final Tables tables = new Tables(env, opening);
      opened = true;
      return tables;
    } finally {
      if (!opened) {
        env.close();
      }
    }
  }

  /** Bytes outside the heap, as LMDB needs them. */
  static ByteBuffer direct(byte[] bytes) {
    return ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
  }

  Env<ByteBuffer> env() {
    return env;
  }

  /** Counters and single records, by name. */
  Dbi<ByteBuffer> meta() {
    return meta;
  }

  /** Positions of the versions of each key, the newest first. */
  Dbi<ByteBuffer> keys() {
    return keys;
  }

  /** Versions and deletions, by position. */
  Dbi<ByteBuffer> revisions() {
    return revisions;
  }

  /** Results of the last batches of each node. */
  Dbi<ByteBuffer> dedupe() {
    return dedupe;
  }

  /** What is known of each node. */
  Dbi<ByteBuffer> members() {
    return members;
  }

  /** False of a copy that version 1.0 made: the three tables that follow are not there. */
  boolean hasLeasesAndGrants() {
    return leases != null;
  }

  /** The leases of keys. */
  Dbi<ByteBuffer> leases() {
    return leases;
  }

  /** Which keys each lease has. */
  Dbi<ByteBuffer> leaseKeys() {
    return leaseKeys;
  }

  /** Who may read and write which keys. */
  Dbi<ByteBuffer> keyGrants() {
    return keyGrants;
  }

  @Override
  public void close() {
    env.close();
  }
}
