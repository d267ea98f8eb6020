package org.pgraft.store;

import java.nio.ByteBuffer;
import org.lmdbjava.Cursor;
import org.lmdbjava.PutFlags;
import org.lmdbjava.SeekOp;
import org.lmdbjava.Txn;
import org.pgraft.command.KeyRange;
import org.pgraft.command.LeaseRequest;

/**
 * Changes keys within one write transaction, keeping history and counters. Who calls it gives each request that changes
 * something one new revision, and numbers its changes.
 *
 * <p>Pruning drops what no readable revision shows any more: for each revision up to the compacted one, the versions that
 * it superseded, and its deletions. It works through the revisions in order and in portions, a portion with each entry, so
 * that no entry takes long; it depends on nothing but the entries, so all nodes drop the same.
 *
 * <p>Not thread-safe; lives no longer than its transaction.
 */
final class KeySpace implements AutoCloseable {
  private final Tables tables;
  private final Txn<ByteBuffer> txn;
  private final Scratch scratch;
  private final Counters counters;
  private final KeyLeases leases;
  private final Versions versions;
  private long recordsWritten;

  KeySpace(Tables tables, Txn<ByteBuffer> txn, Scratch scratch, Counters counters, KeyLeases leases) {
    this.tables = tables;
    this.txn = txn;
    this.scratch = scratch;
    this.counters = counters;
    this.leases = leases;
    this.versions = new Versions(tables, txn, scratch);
  }

  /** For reading in the same transaction. */
  Versions versions() {
    return versions;
  }

  /** Versions and deletions written so far. */
  long recordsWritten() {
    return recordsWritten;
  }

  /**
   * Stores a value.
   *
   * @param lease the lease that the key is attached to from now on, which must be there; 0 for none
   * @param revision the revision that writes, above all before
   * @param sub the number of the change within it, above those before
   * @param timeMillis the entry's time
   */
  void put(ByteBuffer key, ByteBuffer value, long lease, long revision, int sub, long timeMillis) {
    final int keyLength = key.remaining();
    final int valueLength = value.remaining();
    long createRevision = revision;
    long version = 1;
    long createTime = timeMillis;
    long previousRevision = 0;
    int previousSub = 0;
    long previousLease = LeaseRequest.NONE;
    if (versions.live(key)) {
      previousLease = versions.lease();
      createRevision = versions.createRevision();
      version = versions.version() + 1;
      createTime = versions.createTimeMillis();
      previousRevision = versions.revision();
      previousSub = versions.sub();
      counters.add(Counter.KEY_BYTES, (long) valueLength - versions.valueLength());
      counters.add(Counter.LIVE_BYTES, -Layout.charge(keyLength, versions.valueLength()));
    } else {
      counters.add(Counter.KEYS, 1);
      counters.add(Counter.KEY_BYTES, (long) keyLength + valueLength);
    }
    final ByteBuffer record = reserve(revision, sub, Layout.recordBytes(keyLength, valueLength));
    record.putLong(Layout.RECORD_FLAGS, 0);
    record.putInt(Layout.RECORD_KEY_LENGTH, keyLength);
    record.putLong(Layout.RECORD_CREATE_REVISION, createRevision);
    record.putLong(Layout.RECORD_VERSION, version);
    record.putLong(Layout.RECORD_LEASE, lease);
    finish(record, previousRevision, previousSub, timeMillis, createTime);
    record.put(Layout.RECORD_HEADER_BYTES, key, key.position(), keyLength);
    record.put(Layout.RECORD_HEADER_BYTES + keyLength, value, value.position(), valueLength);
    link(scratch.key(key), revision, sub);
    counters.add(Counter.STORED_BYTES, Layout.charge(keyLength, valueLength));
    counters.add(Counter.LIVE_BYTES, Layout.charge(keyLength, valueLength));
    counters.add(Counter.PUTS, 1);
    if (lease != previousLease) {
      detach(previousLease, key);
      if (lease != LeaseRequest.NONE) {
        leases.attach(txn, lease, key);
      }
    }
  }

  private void detach(long lease, ByteBuffer key) {
    if (lease != LeaseRequest.NONE) {
      leases.detach(txn, lease, key);
    }
  }

  /**
   * Deletes what exists of a range.
   *
   * @param revision the revision that writes, above all before
   * @param firstSub the number of the first change within it
   * @param timeMillis the entry's time
   * @return how many keys were deleted
   */
  int delete(KeyRange range, long revision, int firstSub, long timeMillis) {
    int sub = firstSub;
    for (boolean found = versions.first(range, revision); found; found = versions.next()) {
      bury(revision, sub++, timeMillis);
    }
    return sub - firstSub;
  }

  /** Writes the deletion of the version that was found last. */
  private void bury(long revision, int sub, long timeMillis) {
    final int keyLength = versions.keyLength();
    final int valueLength = versions.valueLength();
    final long createRevision = versions.createRevision();
    final long createTime = versions.createTimeMillis();
    final long previousRevision = versions.revision();
    final int previousSub = versions.sub();
    final long lease = versions.lease();
    final ByteBuffer key = scratch.key(versions.key());
    final ByteBuffer record = reserve(revision, sub, Layout.recordBytes(keyLength, 0));
    record.putLong(Layout.RECORD_FLAGS, 0);
    record.put(Layout.RECORD_FLAGS, Layout.TOMBSTONE);
    record.putInt(Layout.RECORD_KEY_LENGTH, keyLength);
    record.putLong(Layout.RECORD_CREATE_REVISION, createRevision);
    record.putLong(Layout.RECORD_VERSION, 0);
    record.putLong(Layout.RECORD_LEASE, 0);
    finish(record, previousRevision, previousSub, timeMillis, createTime);
    record.put(Layout.RECORD_HEADER_BYTES, key, 0, keyLength);
    link(key, revision, sub);
    counters.add(Counter.STORED_BYTES, Layout.charge(keyLength, 0));
    counters.add(Counter.LIVE_BYTES, -Layout.charge(keyLength, valueLength));
    counters.add(Counter.KEYS, -1);
    counters.add(Counter.KEY_BYTES, -((long) keyLength + valueLength));
    counters.add(Counter.DELETES, 1);
    detach(lease, key);
  }

  private ByteBuffer reserve(long revision, int sub, int bytes) {
    recordsWritten++;
    return versions
        .recordCursor()
        .reserve(scratch.position(revision, sub), bytes, PutFlags.MDB_APPEND);
  }

  private static void finish(
      ByteBuffer record, long previousRevision, int previousSub, long timeMillis, long createTimeMillis) {
    record.putLong(Layout.RECORD_PREVIOUS_REVISION, previousRevision);
    record.putInt(Layout.RECORD_PREVIOUS_SUB, previousSub);
    record.putInt(Layout.RECORD_PREVIOUS_SUB + Integer.BYTES, 0);
    record.putLong(Layout.RECORD_TIME, timeMillis);
    record.putLong(Layout.RECORD_CREATE_TIME, createTimeMillis);
  }

  private void link(ByteBuffer key, long revision, int sub) {
    versions.keyCursor().put(key, scratch.duplicate(revision, sub));
  }

  /**
   * Deletes every key with its history, which cannot be read any more afterwards.
   *
   * @param revision the revision that does, above all before
   * @return how many keys existed
   */
  long clear(long revision) {
    final long deleted = counters.get(Counter.KEYS);
    tables.keys().drop(txn);
    tables.revisions().drop(txn);
    leases.detachAll(txn);
    counters.set(Counter.REVISION, revision);
    counters.set(Counter.COMPACTED, revision);
    counters.set(Counter.PRUNED, revision);
    counters.set(Counter.KEYS, 0);
    counters.set(Counter.KEY_BYTES, 0);
    counters.set(Counter.STORED_BYTES, 0);
    counters.set(Counter.LIVE_BYTES, 0);
    counters.add(Counter.DELETES, deleted);
    return deleted;
  }

  /**
   * Makes room for {@code bytes} within the quota, by dropping history, the oldest first, if need be.
   *
   * @return false when there is no room even without history, which is kept then
   */
  boolean makeRoom(long bytes) {
    if (fits(bytes)) {
      return true;
    }
    if (counters.get(Counter.LIVE_BYTES) + bytes > counters.get(Counter.QUOTA)) {
      return false;
    }
    final long end = counters.get(Counter.REVISION);
    while (counters.get(Counter.PRUNED) < end) {
      pruneNextRevision(end);
      if (fits(bytes)) {
        break;
      }
    }
    if (counters.get(Counter.PRUNED) > counters.get(Counter.COMPACTED)) {
      counters.set(Counter.COMPACTED, counters.get(Counter.PRUNED));
    }
    return fits(bytes);
  }

  private boolean fits(long bytes) {
    return counters.get(Counter.STORED_BYTES) + bytes <= counters.get(Counter.QUOTA);
  }

  /**
   * Drops what compaction left, as far as it goes.
   *
   * @param records about how many records may be looked at; at least one revision is finished
   */
  void prune(long records) {
    final long end = counters.get(Counter.COMPACTED);
    long left = records;
    while (left > 0 && counters.get(Counter.PRUNED) < end) {
      left -= pruneNextRevision(end);
    }
  }

  /** Prunes the next revision that has records, or finds that there is none up to {@code end}. */
  private int pruneNextRevision(long end) {
    final long from = counters.get(Counter.PRUNED) + 1;
    if (!versions.loadFrom(from, 0) || versions.revision() > end) {
      counters.set(Counter.PRUNED, end);
      return 1;
    }
    final long revision = versions.revision();
    int looked = 0;
    int sub;
    do {
      looked++;
      sub = versions.sub();
      final boolean tombstone = versions.tombstone();
      final long previousRevision = versions.previousRevision();
      final int previousSub = versions.previousSub();
      if (tombstone) {
        drop();
      }
      if (previousRevision != 0) {
        versions.load(previousRevision, previousSub);
        drop();
      }
    } while (versions.loadFrom(revision, sub + 1) && versions.revision() == revision);
    counters.set(Counter.PRUNED, revision);
    return looked;
  }

  /** Removes the record that was found last, and the way to it. */
  private void drop() {
    final Cursor<ByteBuffer> keys = versions.keyCursor();
    final ByteBuffer key = scratch.key(versions.key());
    final ByteBuffer duplicate = scratch.duplicate(versions.revision(), versions.sub());
    counters.add(Counter.STORED_BYTES, -Layout.charge(versions.keyLength(), versions.valueLength()));
    versions.recordCursor().delete();
    if (!keys.get(key, duplicate, SeekOp.MDB_GET_BOTH)) {
      throw new DamagedException("a key does not lead to its revision " + versions.revision());
    }
    keys.delete();
  }

  @Override
  public void close() {
    versions.close();
  }
}
