package org.pgraft.consensus;

import java.nio.ByteBuffer;
import java.util.concurrent.atomic.LongAdder;
import org.pgraft.command.Responses;
import org.pgraft.command.SqlState;

/**
 * Counts how requests ended. Thread-safe.
 */
final class Outcomes {
  private final LongAdder ok = new LongAdder();
  private final LongAdder failed = new LongAdder();
  private final LongAdder unknown = new LongAdder();

  /**
   * A response was given; it says itself whether it is a result or an error. One that was judged by other grants is neither:
   * its session judges it anew and sends it again.
   */
  void answered(ByteBuffer response) {
    if (Responses.isOk(response)) {
      ok.increment();
    } else if (!Responses.isError(response, SqlState.GRANTS_CHANGED)) {
      failed.increment();
    }
  }

  void failed() {
    failed.increment();
  }

  void unknown() {
    unknown.increment();
  }

  long okCount() {
    return ok.sum();
  }

  long failedCount() {
    return failed.sum();
  }

  long unknownCount() {
    return unknown.sum();
  }
}
