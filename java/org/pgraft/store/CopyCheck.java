package org.pgraft.store;

import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import org.lmdbjava.Cursor;
import org.lmdbjava.Txn;
import org.pgraft.command.KeyRange;
import org.pgraft.command.LeaseRequest;

/**
 * Whether a copy of a store agrees with itself: every version of every key, what is counted, and the leases and grants of
 * keys. Every check throws {@link DamagedException}, whose message says what contradicts what.
 *
 * <p>Not thread-safe; lives no longer than its transaction.
 */
final class CopyCheck {
  private static final KeyRange ALL = new KeyRange(ByteBuffer.allocate(0), ByteBuffer.allocate(1));

  private final Tables copy;
  private final Txn<ByteBuffer> txn;
  private final Versions versions;
  private final Counters counters;

  CopyCheck(Tables copy, Txn<ByteBuffer> txn, Versions versions, Counters counters) {
    this.copy = copy;
    this.txn = txn;
    this.versions = versions;
    this.counters = counters;
  }

  void run() {
    history();
    final Map<Long, Integer> attached = keys();
    if (copy.hasLeasesAndGrants()) {
      leases(attached);
      new KeyGrants(copy).load(txn);
    } else if (!attached.isEmpty()) {
      throw new DamagedException("keys name leases, but there is no table of leases");
    }
  }

  private void history() {
    try (Cursor<ByteBuffer> places = copy.keys().openCursor(txn)) {
      for (boolean found = places.first(); found; found = places.next()) {
        final ByteBuffer place = places.val();
        versions.load(~place.getLong(0), place.getInt(Layout.POSITION_SUB));
        if (!versions.key().equals(places.key())) {
          throw new DamagedException("revision " + versions.revision() + " is of another key");
        }
      }
    }
  }

  /** Returns how many keys name each lease. */
  private Map<Long, Integer> keys() {
    final Map<Long, Integer> attached = new HashMap<>();
    long keys = 0;
    long bytes = 0;
    for (boolean found = versions.first(ALL, counters.get(Counter.REVISION)); found; found = versions.next()) {
      keys++;
      bytes += versions.keyLength() + versions.valueLength();
      if (versions.lease() != LeaseRequest.NONE) {
        attached.merge(versions.lease(), 1, Integer::sum);
      }
    }
    if (keys != counters.get(Counter.KEYS) || bytes != counters.get(Counter.KEY_BYTES)) {
      throw new DamagedException(
          "it counts " + counters.get(Counter.KEYS) + " keys of " + counters.get(Counter.KEY_BYTES) + " bytes, but has "
              + keys + " of " + bytes);
    }
    return attached;
  }

  private void leases(Map<Long, Integer> attached) {
    final KeyLeases leases = new KeyLeases(copy);
    leases.load(txn);
    for (KeyLease lease : leases.all()) {
      if (lease.id() > counters.get(Counter.LAST_LEASE)) {
        throw new DamagedException(
            "lease " + lease.id() + " is there, but the last that was given is " + counters.get(Counter.LAST_LEASE));
      }
      final int named = attached.getOrDefault(lease.id(), 0);
      if (lease.keys() != named) {
        throw new DamagedException("lease " + lease.id() + " counts " + lease.keys() + " keys, but " + named + " name it");
      }
    }
    attached.keySet().forEach(
        id -> leases.find(id).orElseThrow(() -> new DamagedException("keys name lease " + id + ", which is not there")));
    attachments(attached);
  }

  /** As many keys are entered with each lease as name it, and these. */
  private void attachments(Map<Long, Integer> attached) {
    final long named = attached.values().stream().mapToLong(Integer::longValue).sum();
    long entered = 0;
    try (Cursor<ByteBuffer> entries = copy.leaseKeys().openCursor(txn)) {
      for (boolean found = entries.first(); found; found = entries.next()) {
        entered++;
        final ByteBuffer entry = entries.key();
        if (entry.remaining() <= Long.BYTES) {
          throw new DamagedException("the entry of a key with its lease makes no sense");
        }
        final long id = entry.getLong(0);
        final ByteBuffer key = entry.slice(Long.BYTES, entry.remaining() - Long.BYTES);
        if (!versions.live(key) || versions.lease() != id) {
          throw new DamagedException("a key is entered with lease " + id + ", but does not name it");
        }
      }
    }
    if (entered != named) {
      throw new DamagedException(named + " keys name leases, but " + entered + " are entered with them");
    }
  }
}
