package org.pgraft.cluster;

import java.io.IOException;
import java.util.List;
import java.util.UUID;

/**
 * Lets a node lose its power: what was written to the engine's directory and not synced is gone afterwards.
 * kill -9 alone does not show a missing fsync, because the kernel keeps what was written. The library in
 * tests/powercut/disk.c, preloaded into the server, keeps what a disk would hold.
 */
public final class PowerSwitch {
  // Puts back what the disk holds; from then on that is what was written and synced.
  private static final String RESTORE = """
      set -e
      dir=$1 disk=$2
      rm -rf "$dir" && mkdir -m 700 "$dir"
      cd "$disk/tree"
      find . -mindepth 1 -type d | while read -r name; do mkdir -p -m 700 "$dir/$name"; done
      find . -type l | while read -r name; do
        file=$disk/files/$(readlink "$name")
        if [ -f "$file" ]; then cp "$file" "$dir/$name"; else : > "$dir/$name"; fi
        chmod 600 "$dir/$name"
      done
      rm -rf "$disk/files" && mkdir "$disk/files"
      find . -type l | while read -r name; do
        inode=$(stat -c %i "$dir/$name")
        cp "$dir/$name" "$disk/files/$inode"
        ln -sfn "$inode" "$name"
      done
      """;

  private final TestNode node;
  private final String disk;

  private PowerSwitch(TestNode node) {
    this.node = node;
    this.disk = node.host().directory() + "/disk";
  }

  /** Installs a switch in a node that has not been started yet. */
  public static PowerSwitch install(TestNode node) throws IOException {
    PowerSwitch power = new PowerSwitch(node);
    String library = node.compile("tests/powercut/disk.c", "disk.so", "-shared", "-fPIC", "-ldl");
    node.host().run("mkdir", "-p", power.disk + "/files", power.disk + "/tree").orFail("mkdir");
    power.newBoot();
    node.setEnvironment(List.of("LD_PRELOAD=" + library, "POWERCUT_DIR=" + node.engineData(),
        "POWERCUT_DISK=" + power.disk, "POWERCUT_BOOT_ID=" + power.bootId()));
    return power;
  }

  /** Takes the power: the server ends at once and its disk holds what it had synced. */
  public void cut() throws Exception {
    long worker = node.worker();
    node.kill();
    Await.until("the worker of " + node + " has ended",
        () -> node.host().run("kill", "-0", Long.toString(worker)).status() != 0);
    node.host().run("bash", "-c", RESTORE, "bash", node.engineData(), disk).orFail("restoring the disk");
    newBoot();
  }

  /** The machine comes up under a new boot id, so that nothing unsynced may be trusted. */
  private void newBoot() {
    node.write(bootId(), UUID.randomUUID() + "\n");
  }

  private String bootId() {
    return node.host().directory() + "/boot_id";
  }
}
