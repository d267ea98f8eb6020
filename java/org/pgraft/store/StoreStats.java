package org.pgraft.store;

/**
 * The figures of the store after one log entry.
 *
 * @param position that entry
 * @param revision the store's revision
 * @param compactedRevision the oldest revision that can still be read
 * @param keys keys that exist
 * @param keyBytes bytes of those keys and their values
 * @param storedBytes what counts against the quota, history included, in bytes
 * @param quota the quota, in bytes
 * @param puts puts ever
 * @param deletes keys ever deleted
 */
public record StoreStats(
    LogPosition position,
    long revision,
    long compactedRevision,
    long keys,
    long keyBytes,
    long storedBytes,
    long quota,
    long puts,
    long deletes) {}
