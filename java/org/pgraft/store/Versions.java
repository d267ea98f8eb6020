package org.pgraft.store;

import java.nio.ByteBuffer;
import java.util.List;
import org.lmdbjava.Cursor;
import org.lmdbjava.GetOp;
import org.lmdbjava.SeekOp;
import org.lmdbjava.Txn;
import org.pgraft.command.Bytes;
import org.pgraft.command.KeyRange;

/**
 * Finds versions of keys within one transaction, one at a time: after a method has answered true, the accessors tell of
 * the version found, until the next call or the next write.
 *
 * <p>Not thread-safe; lives no longer than its transaction.
 */
final class Versions implements AutoCloseable {
  private static final byte[] NOTHING = {};
  private static final KeyRange NO_KEYS = new KeyRange(ByteBuffer.wrap(NOTHING), ByteBuffer.wrap(NOTHING));

  private final Tables tables;
  private final Txn<ByteBuffer> txn;
  private final Scratch scratch;
  private final Cursor<ByteBuffer> keys;
  private final Cursor<ByteBuffer> records;
  private Cursor<ByteBuffer> history;

  private KeyRange range = NO_KEYS;
  private long atRevision;

  private ByteBuffer record;
  private long revision;
  private int sub;
  private int keyLength;

  Versions(Tables tables, Txn<ByteBuffer> txn, Scratch scratch) {
    this.tables = tables;
    this.txn = txn;
    this.scratch = scratch;
    this.keys = tables.keys().openCursor(txn);
    this.records = tables.revisions().openCursor(txn);
  }

  /** The cursor that {@link #next} moves; a writer may put duplicates of the key it stands on. */
  Cursor<ByteBuffer> keyCursor() {
    return keys;
  }

  /** The cursor that {@link #load} moves. */
  Cursor<ByteBuffer> recordCursor() {
    return records;
  }

  /** Finds the newest version or deletion of a key; false when there is none. */
  boolean newest(ByteBuffer key) {
    if (!keys.get(scratch.key(key), GetOp.MDB_SET_KEY)) {
      return false;
    }
    final ByteBuffer at = keys.val();
    load(~at.getLong(0), at.getInt(Layout.POSITION_SUB));
    return true;
  }

  /** Finds the newest version of a key; false when the key does not exist. */
  boolean live(ByteBuffer key) {
    return newest(key) && !tombstone();
  }

  /**
   * Finds the first key of a range that exists at a revision.
   *
   * @param wanted the range
   * @param at the revision, not above the store's
   */
  boolean first(KeyRange wanted, long at) {
    range = wanted;
    atRevision = at;
    if (wanted.single()) {
      return keys.get(scratch.key(wanted.key()), GetOp.MDB_SET_KEY) && resolve();
    }
    return settle(
        wanted.key().hasRemaining()
            ? keys.get(scratch.key(wanted.key()), GetOp.MDB_SET_RANGE)
            : keys.first());
  }

  /** Finds the next key of the range. */
  boolean next() {
    return !range.single() && settle(keys.seek(SeekOp.MDB_NEXT_NODUP));
  }

  private boolean settle(boolean onKey) {
    boolean found = onKey;
    while (found) {
      if (!range.unbounded() && Bytes.compare(keys.key(), range.end()) >= 0) {
        return false;
      }
      if (resolve()) {
        return true;
      }
      found = keys.seek(SeekOp.MDB_NEXT_NODUP);
    }
    return false;
  }

  /** Copies of the keys whose newest version names a lease, in the order of their bytes. */
  List<ByteBuffer> attachedTo(long lease) {
    return KeyLeases.keys(tables.leaseKeys(), txn, lease);
  }

  /** Loads the version of the key under the cursor that was the newest at the revision wanted. */
  private boolean resolve() {
    ByteBuffer at = keys.val();
    if (~at.getLong(0) > atRevision) {
      if (history == null) {
        history = tables.keys().openCursor(txn);
      }
      if (!history.get(keys.key(), scratch.duplicate(atRevision, 0), SeekOp.MDB_GET_BOTH_RANGE)) {
        return false;
      }
      at = history.val();
    }
    load(~at.getLong(0), at.getInt(Layout.POSITION_SUB));
    return !tombstone();
  }

  /**
   * Loads the record at a position.
   *
   * @throws DamagedException when it is not there
   */
  void load(long atRev, int atSub) {
    if (!records.get(scratch.position(atRev, atSub), GetOp.MDB_SET_KEY)) {
      throw new DamagedException("revision " + atRev + "/" + atSub + " of a key is missing");
    }
    loaded(atRev, atSub);
  }

  /** Loads the first record at a position or behind it; false when there is none. */
  boolean loadFrom(long atRev, int atSub) {
    if (!records.get(scratch.position(atRev, atSub), GetOp.MDB_SET_RANGE)) {
      return false;
    }
    final ByteBuffer at = records.key();
    loaded(at.getLong(0), at.getInt(Layout.POSITION_SUB));
    return true;
  }

  private void loaded(long atRev, int atSub) {
    final ByteBuffer found = records.val();
    final int size = found.remaining();
    final int length = size < Layout.RECORD_HEADER_BYTES ? -1 : found.getInt(Layout.RECORD_KEY_LENGTH);
    if (length <= 0 || length > size - Layout.RECORD_HEADER_BYTES) {
      throw new DamagedException("revision " + atRev + "/" + atSub + " of a key makes no sense");
    }
    record = found;
    revision = atRev;
    sub = atSub;
    keyLength = length;
  }

  boolean tombstone() {
    return (record.get(Layout.RECORD_FLAGS) & Layout.TOMBSTONE) != 0;
  }

  /** The revision that wrote this version. */
  long revision() {
    return revision;
  }

  /** The place among the writes of that revision. */
  int sub() {
    return sub;
  }

  long createRevision() {
    return record.getLong(Layout.RECORD_CREATE_REVISION);
  }

  long version() {
    return record.getLong(Layout.RECORD_VERSION);
  }

  long lease() {
    return record.getLong(Layout.RECORD_LEASE);
  }

  long createTimeMillis() {
    return record.getLong(Layout.RECORD_CREATE_TIME);
  }

  /** The revision of the version that this one superseded, 0 when the key did not exist. */
  long previousRevision() {
    return record.getLong(Layout.RECORD_PREVIOUS_REVISION);
  }

  int previousSub() {
    return record.getInt(Layout.RECORD_PREVIOUS_SUB);
  }

  int keyLength() {
    return keyLength;
  }

  int valueLength() {
    return record.remaining() - Layout.RECORD_HEADER_BYTES - keyLength;
  }

  /** The key, as a view of the map. */
  ByteBuffer key() {
    return record.slice(Layout.RECORD_HEADER_BYTES, keyLength);
  }

  /** The value, as a view of the map. */
  ByteBuffer value() {
    return record.slice(Layout.RECORD_HEADER_BYTES + keyLength, valueLength());
  }

  /** Key and value in one, as a view of the map. */
  ByteBuffer keyAndValue() {
    return record.slice(Layout.RECORD_HEADER_BYTES, keyLength + valueLength());
  }

  @Override
  public void close() {
    keys.close();
    records.close();
    if (history != null) {
      history.close();
    }
  }
}
