package org.pgraft.consensus;

/**
 * A voter's word on the lease.
 *
 * @param term its current term, read after it was asked
 * @param earlierNanos by the clock of the one who asked, a time by which it had confirmed any lower term for the last time; no
 *     lease of a lower term rests on a later word of this voter
 */
record Confirmation(long term, long earlierNanos) {}
