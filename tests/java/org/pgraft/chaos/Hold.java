package org.pgraft.chaos;

/**
 * A time in which a client held the lock for sure, by the one clock of all clients, in nanoseconds.
 *
 * @param client who
 * @param token the fencing token
 * @param from when it was told so
 * @param until when its lease may have been over at the earliest, or when it began to give the lock back
 */
record Hold(int client, long token, long from, long until) {
  @Override
  public String toString() {
    return "client " + client + " with token " + token;
  }
}
