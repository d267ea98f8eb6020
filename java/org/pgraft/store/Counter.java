package org.pgraft.store;

/** The numbers in the table "meta"; each is stored under its name, in 8 bytes. */
enum Counter {
  /** Version of the layout. */
  FORMAT("format", Layout.FORMAT_FIRST),
  /** Revision of the last change; 1 on an empty store, as in etcd. */
  REVISION("revision", 1),
  /** The oldest revision that can still be read. */
  COMPACTED("compacted", 0),
  /** Revisions up to here hold no superseded version any more; at most {@link #COMPACTED}. */
  PRUNED("pruned", 0),
  /** Index of the last log entry applied. */
  APPLIED_INDEX("applied_index", LogPosition.NONE.index()),
  /** Its term. */
  APPLIED_TERM("applied_term", LogPosition.NONE.term()),
  /** Keys that exist. */
  KEYS("keys", 0),
  /** Bytes of those keys and their values. */
  KEY_BYTES("key_bytes", 0),
  /** What all versions kept, history too, count against the quota. */
  STORED_BYTES("stored_bytes", 0),
  /** What the newest versions of the keys that exist count against it. */
  LIVE_BYTES("live_bytes", 0),
  /** The quota. */
  QUOTA("quota", 2L << 30),
  /** Puts ever. */
  PUTS("puts", 0),
  /** Keys ever deleted. */
  DELETES("deletes", 0),
  /** The lease that was given last. */
  LAST_LEASE("last_lease", 0),
  /** How often the grants of keys, or whether they count, were changed; sessions read it. */
  GRANTS_VERSION("grants_version", 0),
  /** 1 while the grants of keys count; sessions read it. */
  GRANTS_ENFORCED("grants_enforced", 0);

  private final String key;
  private final long initial;

  Counter(String key, long initial) {
    this.key = key;
    this.initial = initial;
  }

  String key() {
    return key;
  }

  long initial() {
    return initial;
  }
}
