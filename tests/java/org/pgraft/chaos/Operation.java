package org.pgraft.chaos;

/**
 * One call of a client and what became of it. Times are of System.nanoTime() in the one process that holds
 * all clients, so that they can be compared.
 *
 * @param client who called; a client has one call at a time
 * @param node the id of the node that was called
 * @param expected what a compare-and-set expects; null: that the key does not exist
 * @param value what a put or a compare-and-set writes
 * @param result the answer of a call that was OK, otherwise the error
 */
record Operation(int client, int node, Kind kind, String key, String expected, String value, long invoked,
    long returned, Outcome outcome, String result) {
  enum Kind {
    /** Answers with the revision. */
    PUT,
    /** A linearizable read; answers with the value or null. */
    GET,
    /** Answers with t or f, as SQL does. */
    COMPARE_AND_SET,
    /** Answers whether the key existed, t or f. */
    DELETE
  }

  enum Outcome {
    OK,
    /** Certainly without effect, now and later. */
    FAILED,
    /** Whether and when it takes effect is open, from the call on for ever. */
    UNKNOWN
  }

  boolean ok() {
    return outcome == Outcome.OK;
  }

  boolean unknown() {
    return outcome == Outcome.UNKNOWN;
  }

  boolean writes() {
    return kind != Kind.GET;
  }

  /** One line for a reader, with times in milliseconds since a beginning. */
  String describe(long beginning) {
    String call = switch (kind) {
      case PUT -> "put(" + value + ")";
      case GET -> "get()";
      case COMPARE_AND_SET -> "compare_and_set(" + expected + ", " + value + ")";
      case DELETE -> "delete()";
    };
    return String.format("%10.3f %10.3f  client %-4d node %d  %s  %s -> %s %s", (invoked - beginning) / 1e6,
        (returned - beginning) / 1e6, client, node, key, call, outcome, result);
  }
}
