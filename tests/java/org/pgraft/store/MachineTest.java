package org.pgraft.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whether the kernel and the mount are still those that hold what was written. */
final class MachineTest {
  private static final String MOUNTS =
      """
      21 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw
      30 21 8:17 / /data rw - xfs /dev/sdb1 rw
      31 30 8:33 / /data/my\\040disk rw - xfs /dev/sdc1 rw
      40 30 8:17 / /data/twice rw - xfs /dev/sdb1 rw
      41 40 0:50 / /data/twice rw - tmpfs tmpfs rw
      """;

  @TempDir Path directory;

  @Test
  void when_mountsLieWithinEachOther_then_theInnermostCounts() {
    assertEquals("21 8:1 /", mountOf("/home/me"));
    assertEquals("30 8:17 /data", mountOf("/data/pg"));
    assertEquals("30 8:17 /data", mountOf("/data"));
    assertEquals("21 8:1 /", mountOf("/database"), "not below /data");
  }

  @Test
  void when_aMountPointHasABlank_then_itIsFoundAllTheSame() {
    assertEquals("31 8:33 /data/my\\040disk", mountOf("/data/my disk/pg"));
  }

  @Test
  void when_twoAreMountedOnTheSamePlace_then_theOneOnTopCounts() {
    assertEquals("41 0:50 /data/twice", mountOf("/data/twice/pg"));
  }

  @Test
  void when_nothingChanged_then_theMachineIsStillTheSame() throws Exception {
    final Machine now = Machine.of(directory);

    assertFalse(now.boot().isEmpty(), "this test needs Linux");
    assertTrue(Machine.of(directory).isStill(now));
    assertFalse(now.isStill(new Machine("another boot", now.mount())));
    assertFalse(now.isStill(new Machine(now.boot(), "another mount")));
  }

  @Test
  void when_nothingIsKnown_then_nothingIsTheSame() {
    assertFalse(new Machine("", "").isStill(new Machine("", "")));
  }

  @Test
  void when_aMarkIsWritten_then_itIsReadAsItWas() throws Exception {
    final StoreMark mark =
        new StoreMark(12, StoreMark.Condition.CLEAN, new Machine("boot", "31 8:33 /my\\040disk 2049"), 4096, 77);
    mark.write(directory);
    assertEquals(Optional.of(mark), StoreMark.read(directory));

    final StoreMark next = new StoreMark(13, StoreMark.Condition.OPEN, Machine.of(directory), 0, StoreMark.NO_CHECKSUM);
    next.write(directory);
    assertEquals(Optional.of(next), StoreMark.read(directory));
    assertNotEquals(mark, next);
  }

  @Test
  void when_thereIsNoMarkOrNonsense_then_thereIsNone() throws Exception {
    assertEquals(Optional.empty(), StoreMark.read(directory));
    Files.writeString(directory.resolve("mark"), "generation=x\ncondition=open\nbytes=0\n");
    assertEquals(Optional.empty(), StoreMark.read(directory));
    Files.writeString(directory.resolve("mark"), "");
    assertEquals(Optional.empty(), StoreMark.read(directory));
    Files.writeString(directory.resolve("mark"), "generation=1\\u00zz\n");
    assertEquals(Optional.empty(), StoreMark.read(directory), "Properties would throw");
  }

  private static String mountOf(String path) {
    return Machine.mount(MOUNTS, Path.of(path));
  }
}
