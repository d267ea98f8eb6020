package org.pgraft.store;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What must be the same as before for pages that were written but not synced to be there still: the kernel that holds
 * them, and the mount they belong to. Linux only; elsewhere nothing is ever the same, so nothing unsynced is trusted.
 *
 * @param boot the kernel's boot id
 * @param mount the mount and the device
 */
record Machine(String boot, String mount) {
  private static final Path BOOT_ID = Path.of("/proc/sys/kernel/random/boot_id");
  private static final Path MOUNTS = Path.of("/proc/self/mountinfo");
  private static final String UNKNOWN = "";

  /** The machine that holds a directory now. */
  static Machine of(Path directory) throws IOException {
    if (!Files.isReadable(BOOT_ID) || !Files.isReadable(MOUNTS)) {
      return new Machine(UNKNOWN, UNKNOWN);
    }
    return new Machine(
        Files.readString(BOOT_ID).strip(),
        mount(Files.readString(MOUNTS), directory.toRealPath()) + " " + Files.getAttribute(directory, "unix:dev"));
  }

  /** Whether both are known and the same. */
  boolean isStill(Machine before) {
    return !boot.isEmpty() && equals(before);
  }

  /** The id, device and place of the mount that a path belongs to; see proc(5), mountinfo. */
  static String mount(String mounts, Path path) {
    String best = UNKNOWN;
    int depth = -1;
    for (String line : mounts.split("\n")) {
      final String[] fields = line.split(" ");
      if (fields.length > 4) {
        final Path point = Path.of(unescape(fields[4]));
        // Of mounts on the same place the last one is on top.
        if (path.startsWith(point) && point.getNameCount() >= depth) {
          depth = point.getNameCount();
          best = fields[0] + " " + fields[2] + " " + fields[4];
        }
      }
    }
    return best;
  }

  /** The kernel writes blanks and backslashes as three octal digits. */
  private static String unescape(String field) {
    if (field.indexOf('\\') < 0) {
      return field;
    }
    final byte[] in = field.getBytes(StandardCharsets.UTF_8);
    final byte[] out = new byte[in.length];
    int length = 0;
    for (int i = 0; i < in.length; i++) {
      if (in[i] == '\\' && i + 3 < in.length) {
        out[length++] = (byte) ((in[i + 1] - '0') << 6 | (in[i + 2] - '0') << 3 | in[i + 3] - '0');
        i += 3;
      } else {
        out[length++] = in[i];
      }
    }
    return new String(out, 0, length, StandardCharsets.UTF_8);
  }
}
