package org.pgraft.store;

/**
 * The last acquisition of the leadership lease that was applied.
 *
 * @param node who acquired it
 * @param term in which term
 * @param leaseMillis for how long each renewal makes it run, in milliseconds
 * @param released whether it was given back
 */
public record LeaseRecord(int node, long term, long leaseMillis, boolean released) {}
