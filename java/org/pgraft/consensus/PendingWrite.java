package org.pgraft.consensus;

import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;

/**
 * One request on its way into the log.
 *
 * @param request its bytes
 * @param alone whether it must be an entry of its own
 * @param deadlineNanos when its sender stops waiting, on {@link BootClock}
 * @param response completed with the response's bytes, always normally
 */
record PendingWrite(
    ByteBuffer request, boolean alone, long deadlineNanos, CompletableFuture<ByteBuffer> response) {}
