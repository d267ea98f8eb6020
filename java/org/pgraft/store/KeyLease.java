package org.pgraft.store;

/**
 * A lease of keys. When it is over is no part of the replicated state: the lease holder judges that by its own clock.
 *
 * @param id its number, given once
 * @param ttlMillis for how long it lives without being kept alive, in milliseconds
 * @param grantedMillis when it was given, in milliseconds of the Unix epoch
 * @param keys how many keys are attached to it
 */
public record KeyLease(long id, long ttlMillis, long grantedMillis, int keys) {}
