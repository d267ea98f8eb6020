package org.pgraft.store;

import org.pgraft.command.FeatureLevel;

/**
 * The layout of the environment; docs/architecture.md shows it as a whole. Sessions read it in C
 * (native/store_layout.c), so it changes only together with {@link #FORMAT}. All numbers are big-endian. Stateless.
 */
final class Layout {
  /** Newest version of the layout. */
  static final long FORMAT = 2;

  /** What a store has until the first lease is given, or the first grant of keys. */
  static final long FORMAT_FIRST = 1;

  /** A revision and the place within it: the key of a record, and in complement the duplicate of a key. */
  static final int POSITION_BYTES = 8 + 4;

  static final int POSITION_SUB = 8;

  /** What precedes key and value in a record. */
  static final int RECORD_HEADER_BYTES = 64;

  static final int RECORD_FLAGS = 0;
  static final int RECORD_KEY_LENGTH = 4;
  static final int RECORD_CREATE_REVISION = 8;
  static final int RECORD_VERSION = 16;
  static final int RECORD_LEASE = 24;
  static final int RECORD_PREVIOUS_REVISION = 32;
  static final int RECORD_PREVIOUS_SUB = 40;
  static final int RECORD_TIME = 48;
  static final int RECORD_CREATE_TIME = 56;

  /** Flag of a record that tells of a deletion. */
  static final byte TOMBSTONE = 1;

  private static final int PAGE_BYTES = 4096;
  private static final int PAGE_HEADER_BYTES = 16;

  /** Records longer than this get pages of their own. */
  private static final int IN_PAGE_BYTES_MAX = 2000;

  /** What the tables spend on a version beside its record: two tree nodes, a duplicate, and pages that are not full. */
  private static final int TREE_BYTES = 64;

  private Layout() {}

  /** The feature level that a node needs to know a layout. */
  static int levelOf(long format) {
    return format == FORMAT_FIRST ? FeatureLevel.FIRST : FeatureLevel.LEASES_AND_GRANTS;
  }

  /** The size of a record. */
  static int recordBytes(int keyLength, int valueLength) {
    return RECORD_HEADER_BYTES + keyLength + valueLength;
  }

  /** What a version counts against the quota: about what it takes in the file. */
  static long charge(int keyLength, int valueLength) {
    final int record = recordBytes(keyLength, valueLength);
    final long stored =
        record <= IN_PAGE_BYTES_MAX
            ? record
            : (record + PAGE_HEADER_BYTES + PAGE_BYTES - 1L) / PAGE_BYTES * PAGE_BYTES;
    return TREE_BYTES + keyLength + stored;
  }
}
