package org.pgraft.worker;

import java.util.Arrays;

/** The sessions' half of the protocol, as {@code native/slot_client.c} does it. */
final class Session {
  static final int PROCNO = 40;
  static final long DEADLINE = 123_456_789_012L;

  /** Some epoch and generation that use the highest bits. */
  private static final long WORD = 0xFEDCBA98_76543200L;

  private static final String[] STATES = {"FREE", "CLAIMED", "READY", "TAKEN", "DONE", "ABANDONED"};

  private final SharedArea area;

  Session(SharedArea area) {
    this.area = area;
  }

  /** A part of an array. */
  record Part(byte[] array, int from, int length) {
    byte[] bytes() {
      return Arrays.copyOfRange(array, from, from + length);
    }
  }

  void submit(int slot, byte[] request) {
    area.memory.put(area.slot(slot, "data"), request);
    submit(slot, request.length, -1, 0);
  }

  void submitLarge(int slot, int large, byte[] request) {
    area.memory.put(area.largeAt(large), request);
    submit(slot, request.length, large, (int) area.c.constant("PGRAFT_LARGE_REQUEST"));
  }

  void submitAbsurd(int slot, int length, int large, int inLarge) {
    submit(slot, length, large, inLarge);
  }

  private void submit(int slot, int length, int large, int inLarge) {
    area.memory.putInt(area.slot(slot, "procno"), PROCNO + slot);
    area.memory.putInt(area.slot(slot, "request_len"), length);
    area.memory.putInt(area.slot(slot, "large"), large);
    area.memory.putInt(area.slot(slot, "in_large"), inLarge);
    area.memory.putLong(area.slot(slot, "deadline_ns"), DEADLINE);
    become(slot, "READY");
    raise(slot);
  }

  /** Says that a slot is ready. */
  void raise(int slot) {
    final int at = area.c.offset("PgraftShared.ready") + slot / Long.SIZE * Long.BYTES;
    area.memory.putLong(at, area.memory.getLong(at) | 1L << slot % Long.SIZE);
  }

  void become(int slot, String state) {
    area.memory.putLong(area.slot(slot, "word"), WORD | area.c.constant("PGRAFT_SLOT_" + state));
  }

  void nextGeneration(int slot, String state) {
    become(slot, state);
    final int at = area.slot(slot, "word");
    area.memory.putLong(at, area.memory.getLong(at) + (1L << 32));
  }

  String state(int slot) {
    final long state = area.memory.getLong(area.slot(slot, "word")) & 0xFF;
    for (String each : STATES) {
      if (area.c.constant("PGRAFT_SLOT_" + each) == state) {
        return each;
      }
    }
    return "state " + state;
  }

  /** Whether epoch and generation are as the session wrote them. */
  boolean wordIsKept(int slot) {
    return (area.memory.getLong(area.slot(slot, "word")) & ~0xFFL) == WORD;
  }

  int responseLength(int slot) {
    return area.memory.getInt(area.slot(slot, "response_len"));
  }

  boolean responseIsLarge(int slot) {
    return (area.memory.getInt(area.slot(slot, "in_large")) & area.c.constant("PGRAFT_LARGE_RESPONSE")) != 0;
  }

  byte[] response(int slot) {
    final int at =
        responseIsLarge(slot) ? area.largeAt(area.memory.getInt(area.slot(slot, "large"))) : area.slot(slot, "data");
    return area.bytes(at, responseLength(slot));
  }
}
