package org.pgraft.worker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;

/** The header of the shared memory, and what of another version is refused. */
final class SharedLayoutTest {
  private final SharedArea area = new SharedArea();

  @Test
  void when_theHeaderIsKnown_then_everyPartIsWhereItSays() {
    final SharedLayout layout = area.layout();

    assertEquals(SharedArea.SLOTS, layout.slots());
    assertEquals(SharedArea.LARGE_BUFFERS, layout.largeBuffers());
    assertEquals(area.c.constant("PGRAFT_LARGE_SIZE"), layout.largeBytes());
    assertEquals(area.memory.getLong(headerAt("off_status")), layout.status());
    assertEquals(area.memory.getLong(headerAt("off_leases")), layout.leases());
    assertEquals(area.memory.getLong(headerAt("off_members")), layout.members());
    assertEquals(area.slot(0, "word"), layout.firstSlot());
    assertEquals(area.largeAt(0), layout.firstLarge());
  }

  @Test
  void when_theHeaderInCChanges_then_theJavaSideMustFollow() {
    assertEquals(area.c.offset("PgraftShared.ready"), SharedLayout.READY);
    assertEquals(area.c.size("PgraftSlot"), SharedLayout.SLOT_BYTES);
    assertEquals(area.c.constant("PGRAFT_SLOT_SIZE"), SharedLayout.SLOT_BYTES);
  }

  @Test
  void when_theBufferHasAnotherByteOrder_then_theHeaderIsReadInTheMachines() {
    area.memory.order(
        ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN);

    assertEquals(SharedArea.SLOTS, area.layout().slots());
  }

  @Test
  void when_theMagicIsWrong_then_theMemoryIsRefused() {
    area.header("magic", area.c.constant("PGRAFT_SHARED_MAGIC") + 1);

    assertThrows(IllegalStateException.class, area::layout);
  }

  @Test
  void when_theVersionIsAnother_then_theMemoryIsRefused() {
    area.headerInt("version", (int) area.c.constant("PGRAFT_SHARED_VERSION") + 1);

    assertThrows(IllegalStateException.class, area::layout);
  }

  @Test
  void when_theSlotsHaveAnotherSize_then_theMemoryIsRefused() {
    area.headerInt("slot_size", SharedLayout.SLOT_BYTES * 2);

    assertThrows(IllegalStateException.class, area::layout);
  }

  private int headerAt(String field) {
    return area.c.offset("PgraftShared." + field);
  }
}
