package org.pgraft.worker;

import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import org.pgraft.command.Failure;
import org.pgraft.command.Responses;
import org.pgraft.command.SqlState;

/**
 * The requests of this server's sessions, in slots of shared memory. The protocol stands in {@code native/slot_client.c};
 * this is the worker's half: READY to TAKEN when a request is taken, TAKEN to DONE with its response, ABANDONED to FREE when
 * nobody waits for it any more.
 *
 * <p>Threads: {@link #takeReady} is called by the worker's main thread; responses come on the engine's threads, each for a
 * slot of its own. No locks.
 */
final class SlotTable {
  /** What carries requests out. */
  @FunctionalInterface
  interface Handler {
    /**
     * @param request the request's bytes, a copy
     * @param deadlineNanos when the session stops waiting, on the boot clock
     * @return the response's bytes; completes normally
     */
    CompletableFuture<ByteBuffer> handle(ByteBuffer request, long deadlineNanos);
  }

  private static final int READY = 2;
  private static final int TAKEN = 3;
  private static final int DONE = 4;
  private static final int ABANDONED = 5;
  private static final int FREE = 0;
  private static final long STATE_MASK = 0xFF;

  private static final int PROCNO = 8;
  private static final int REQUEST_LENGTH = 16;
  private static final int RESPONSE_LENGTH = 20;
  private static final int LARGE = 24;
  private static final int IN_LARGE = 28;
  private static final int DEADLINE = 32;
  private static final int DATA = 64;
  private static final int DATA_BYTES = SharedLayout.SLOT_BYTES - DATA;
  private static final int LARGE_REQUEST = 1;
  private static final int LARGE_RESPONSE = 2;

  private final SharedMemory memory;
  private final SharedLayout layout;
  private final ServerCalls server;

  SlotTable(SharedMemory memory, SharedLayout layout, ServerCalls server) {
    this.memory = memory;
    this.layout = layout;
    this.server = server;
  }

  /** Takes every request that is ready and hands it on. */
  void takeReady(Handler handler) {
    for (int word = 0; word * Long.SIZE < layout.slots(); word++) {
      final int offset = SharedLayout.READY + word * Long.BYTES;
      if (memory.read(offset) == 0) {
        continue;
      }
      for (long bits = memory.getAndClear(offset); bits != 0; bits &= bits - 1) {
        take(word * Long.SIZE + Long.numberOfTrailingZeros(bits), handler);
      }
    }
  }

  private void take(int number, Handler handler) {
    final int slot = layout.firstSlot() + number * SharedLayout.SLOT_BYTES;
    final long ready = memory.read(slot);
    // A bit may be left of a request that its session took back.
    if ((ready & STATE_MASK) != READY || !memory.compareAndSet(slot, ready, in(ready, TAKEN))) {
      return;
    }
    final ByteBuffer request = request(slot);
    if (request == null) {
      answer(slot, ready, tooLarge("a request"));
      return;
    }
    handler.handle(request, memory.read(slot + DEADLINE)).thenAccept(response -> answer(slot, ready, response));
  }

  /** The request in a slot; null when its length cannot be true. */
  private ByteBuffer request(int slot) {
    final int length = memory.readInt(slot + REQUEST_LENGTH);
    final boolean inLarge = (memory.readInt(slot + IN_LARGE) & LARGE_REQUEST) != 0;
    final int large = memory.readInt(slot + LARGE);
    if (length < 0 || length > (inLarge ? layout.largeBytes() : DATA_BYTES) || inLarge && !isLarge(large)) {
      return null;
    }
    return ByteBuffer.wrap(memory.bytes(inLarge ? largeAt(large) : slot + DATA, length));
  }

  private void answer(int slot, long ready, ByteBuffer response) {
    final int large = memory.readInt(slot + LARGE);
    final int length = response.remaining();
    if (length <= DATA_BYTES) {
      memory.writeBytes(slot + DATA, response);
      memory.writeInt(slot + IN_LARGE, 0);
    } else if (isLarge(large) && length <= layout.largeBytes()) {
      memory.writeBytes(largeAt(large), response);
      memory.writeInt(slot + IN_LARGE, LARGE_RESPONSE);
    } else {
      answer(slot, ready, tooLarge("a result"));
      return;
    }
    memory.writeInt(slot + RESPONSE_LENGTH, length);
    final int procno = memory.readInt(slot + PROCNO);
    if (memory.compareAndSet(slot, in(ready, TAKEN), in(ready, DONE))) {
      server.wakeSession(procno);
    } else {
      memory.compareAndSet(slot, in(ready, ABANDONED), in(ready, FREE));
    }
  }

  private ByteBuffer tooLarge(String what) {
    return Responses.error(
        new Failure(
            SqlState.LIMIT_EXCEEDED,
            what + " of pgraft has at most " + layout.largeBytes() + " bytes",
            "",
            "Ask for less at once, for example with a limit."));
  }

  private boolean isLarge(int number) {
    return number >= 0 && number < layout.largeBuffers();
  }

  private int largeAt(int number) {
    return layout.firstLarge() + number * layout.largeBytes();
  }

  private static long in(long word, int state) {
    return word & ~STATE_MASK | state;
  }
}
