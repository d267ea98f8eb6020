package org.pgraft.store;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;
import org.lmdbjava.Cursor;
import org.lmdbjava.Dbi;
import org.lmdbjava.GetOp;
import org.lmdbjava.SeekOp;
import org.lmdbjava.Txn;
import org.pgraft.command.Failure;
import org.pgraft.command.Limits;
import org.pgraft.command.SqlState;

/**
 * The leases of keys, and which keys each has.
 *
 * <p>Table "lease": lease (8) to time to live (8), time of the grant (8), number of keys (4). Table "lease_key": lease (8) and
 * key to one byte without meaning. A key has an entry there while its newest version names the lease; there are as many as
 * such keys, and they are no longer, which is why they do not count against the quota on their own.
 *
 * <p>Changed by the apply thread only. The leases themselves are also in memory, where any thread may look at them; who does
 * may see one of an entry that is being applied.
 */
final class KeyLeases {
  private static final int RECORD_BYTES = 8 + 8 + 4;
  private static final int TTL = 0;
  private static final int GRANTED = 8;
  private static final int KEYS = 16;

  private final Dbi<ByteBuffer> table;
  private final Dbi<ByteBuffer> keyTable;
  private final ConcurrentSkipListMap<Long, KeyLease> leases = new ConcurrentSkipListMap<>();
  private final ByteBuffer idKey = ByteBuffer.allocateDirect(Long.BYTES);
  private final ByteBuffer attached = ByteBuffer.allocateDirect(Long.BYTES + Limits.KEY_BYTES_MAX);
  private final ByteBuffer mark = Tables.direct(new byte[] {1});

  KeyLeases(Tables tables) {
    this.table = tables.leases();
    this.keyTable = tables.leaseKeys();
  }

  void load(Txn<ByteBuffer> txn) {
    try (Cursor<ByteBuffer> cursor = table.openCursor(txn)) {
      for (boolean found = cursor.first(); found; found = cursor.next()) {
        final ByteBuffer record = cursor.val();
        if (cursor.key().remaining() != Long.BYTES || record.remaining() != RECORD_BYTES) {
          throw new DamagedException("a lease of keys makes no sense");
        }
        final long id = cursor.key().getLong(0);
        leases.put(id, new KeyLease(id, record.getLong(TTL), record.getLong(GRANTED), record.getInt(KEYS)));
      }
    }
  }

  /** All leases, in the order of their numbers; a view. */
  Collection<KeyLease> all() {
    return Collections.unmodifiableCollection(leases.values());
  }

  /** What to tell who names a lease that is not there. */
  static Failure missing(long id) {
    return new Failure(
        SqlState.NO_SUCH_OBJECT,
        "lease " + id + " does not exist",
        "It was revoked, or nobody kept it alive for its time to live; its keys were deleted with it. Or it was never given.",
        "Get a new one with pgraft_lease_grant().");
  }

  Optional<KeyLease> find(long id) {
    return Optional.ofNullable(leases.get(id));
  }

  /** Enters a lease, or the new number of its keys. */
  void write(Txn<ByteBuffer> txn, KeyLease lease) {
    table
        .reserve(txn, idKey.putLong(0, lease.id()), RECORD_BYTES)
        .putLong(TTL, lease.ttlMillis())
        .putLong(GRANTED, lease.grantedMillis())
        .putInt(KEYS, lease.keys());
    leases.put(lease.id(), lease);
  }

  /** Removes a lease that has no keys any more. */
  void remove(Txn<ByteBuffer> txn, long id) {
    table.delete(txn, idKey.putLong(0, id));
    leases.remove(id);
  }

  /** A key's newest version names the lease now, and the one before did not. */
  void attach(Txn<ByteBuffer> txn, long id, ByteBuffer key) {
    keyTable.put(txn, attached(id, key), mark);
    count(txn, id, 1);
  }

  /** A key's newest version names the lease no more, or there is none. */
  void detach(Txn<ByteBuffer> txn, long id, ByteBuffer key) {
    keyTable.delete(txn, attached(id, key));
    count(txn, id, -1);
  }

  private void count(Txn<ByteBuffer> txn, long id, int change) {
    final KeyLease lease = leases.get(id);
    if (lease == null) {
      throw new DamagedException("a key names lease " + id + ", which is not there");
    }
    write(txn, new KeyLease(id, lease.ttlMillis(), lease.grantedMillis(), lease.keys() + change));
  }

  /** Every key is gone. */
  void detachAll(Txn<ByteBuffer> txn) {
    keyTable.drop(txn);
    for (KeyLease lease : List.copyOf(leases.values())) {
      if (lease.keys() > 0) {
        write(txn, new KeyLease(lease.id(), lease.ttlMillis(), lease.grantedMillis(), 0));
      }
    }
  }

  /** Copies of the keys of a lease, in the order of their bytes. Any thread, with a transaction of its own. */
  static List<ByteBuffer> keys(Dbi<ByteBuffer> keyTable, Txn<ByteBuffer> txn, long id) {
    final List<ByteBuffer> keys = new ArrayList<>();
    final ByteBuffer from = ByteBuffer.allocateDirect(Long.BYTES).putLong(0, id);
    try (Cursor<ByteBuffer> cursor = keyTable.openCursor(txn)) {
      boolean found = cursor.get(from, GetOp.MDB_SET_RANGE);
      while (found && cursor.key().getLong(0) == id) {
        final ByteBuffer key = cursor.key();
        keys.add(ByteBuffer.allocate(key.remaining() - Long.BYTES).put(key.slice(Long.BYTES, key.remaining() - Long.BYTES)).flip());
        found = cursor.seek(SeekOp.MDB_NEXT);
      }
    }
    return keys;
  }

  private ByteBuffer attached(long id, ByteBuffer key) {
    return attached.clear().putLong(id).put(key.duplicate()).flip();
  }
}
