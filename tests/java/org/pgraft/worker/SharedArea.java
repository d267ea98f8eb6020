package org.pgraft.worker;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Shared memory as the server lays it out, and the eyes and hands of its C code on it. */
final class SharedArea {
  /** More than 64, so that the ready bits take two words. */
  static final int SLOTS = 70;

  static final int LARGE_BUFFERS = 2;

  /** Gaps between the parts: their places are what the header says, not what follows from their sizes. */
  private static final int GAP = 4096;

  final SharedHeader c = new SharedHeader();
  final ByteBuffer memory;
  private final int status;
  private final int leases;
  private final int members;
  private final int slots;
  private final int large;

  SharedArea() {
    status = c.size("PgraftShared") + GAP;
    leases = status + c.size("PgraftStatus") + GAP;
    members = leases + c.size("PgraftLeases") + GAP;
    slots = members + c.size("PgraftMember") * (int) c.constant("PGRAFT_MEMBERS_MAX") + GAP;
    large = slots + c.size("PgraftSlot") * SLOTS + GAP;
    final int total = large + largeBytes() * LARGE_BUFFERS;
    memory = ByteBuffer.allocateDirect(total).order(ByteOrder.nativeOrder());
    header("magic", c.constant("PGRAFT_SHARED_MAGIC"));
    headerInt("version", (int) c.constant("PGRAFT_SHARED_VERSION"));
    headerInt("nslots", SLOTS);
    headerInt("slot_size", c.size("PgraftSlot"));
    headerInt("nlarge", LARGE_BUFFERS);
    headerInt("large_size", largeBytes());
    header("off_status", status);
    header("off_leases", leases);
    header("off_members", members);
    header("off_slots", slots);
    header("off_large", large);
    header("total", total);
  }

  void header(String field, long value) {
    memory.putLong(c.offset("PgraftShared." + field), value);
  }

  void headerInt(String field, int value) {
    memory.putInt(c.offset("PgraftShared." + field), value);
  }

  SharedLayout layout() {
    return SharedLayout.of(memory);
  }

  SharedMemory shared() {
    return new SharedMemory(memory);
  }

  int largeBytes() {
    return (int) c.constant("PGRAFT_LARGE_SIZE");
  }

  int largeAt(int number) {
    return large + number * largeBytes();
  }

  /** Where a field of a slot is. */
  int slot(int number, String field) {
    return slots + number * c.size("PgraftSlot") + c.offset("PgraftSlot." + field);
  }

  long status(String field) {
    return memory.getLong(status + c.offset("PgraftStatus." + field));
  }

  String statusText(String field) {
    return text(status + c.offset("PgraftStatus." + field));
  }

  /** Where a field of a member is. */
  int member(int number, String field) {
    return members + number * c.size("PgraftMember") + c.offset("PgraftMember." + field);
  }

  long leasesCounted() {
    return memory.getLong(leases + c.offset("PgraftLeases.next"));
  }

  long lease(int place, String field) {
    final int entries = leases + c.offset("PgraftLeases.entries");
    return memory.getLong(entries + place * c.size("PgraftLease") + c.offset("PgraftLease." + field));
  }

  /** The octets up to the next NUL, which must be UTF-8 to come out as they went in. */
  String text(int at) {
    int end = at;
    while (memory.get(end) != 0) {
      end++;
    }
    return new String(bytes(at, end - at), StandardCharsets.UTF_8);
  }

  byte[] bytes(int at, int length) {
    final byte[] bytes = new byte[length];
    memory.get(at, bytes);
    return bytes;
  }
}
