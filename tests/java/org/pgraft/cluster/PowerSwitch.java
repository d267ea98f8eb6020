package org.pgraft.cluster;

import java.io.IOException;
import java.util.List;
import java.util.UUID;

/**
 * Lets a node lose its power: what was written to the engine's directory and not synced is gone afterwards.
 * kill -9 alone does not show a missing fsync, because the kernel keeps what was written. The library in
 * tests/powercut/, preloaded into the server, keeps what a disk would hold. By the same library the disk can be
 * full or fail.
 */
public final class PowerSwitch {
  // Puts back what the disk holds; from then on that is what was written and synced.
  private static final String RESTORE = """
      set -e
      dir=$1 disk=$2
      rm -rf "$dir" && mkdir -m 700 "$dir"
      cd "$disk/tree"
      find . -type l -printf '%l %T@ %p\\n' | sort -k 1,1 -k 2,2rn | while read -r file time name; do
        if [ "$file" = "$last" ]; then rm "$name"; fi
        last=$file
      done
      find . -mindepth 1 -type d | while read -r name; do mkdir -p -m 700 "$dir/$name"; done
      find . -type l | while read -r name; do
        file=$disk/files/$(readlink "$name")
        if [ -f "$file" ]; then cp "$file" "$dir/$name"; else : > "$dir/$name"; fi
        chmod 600 "$dir/$name"
      done
      rm -rf "$disk/files" && mkdir "$disk/files"
      find . -type l | while read -r name; do
        file=$(stat -c '%i-%.9W' "$dir/$name")
        cp "$dir/$name" "$disk/files/$file"
        ln -sfn "$file" "$name"
      done
      """;

  /** Less than one entry of most tests' logs. */
  private static final int SPACE_LEFT = 100;

  private final TestNode node;
  private final String disk;

  private PowerSwitch(TestNode node) {
    this.node = node;
    this.disk = node.host().directory() + "/disk";
  }

  /** Installs a switch in a node that has not been started yet. */
  public static PowerSwitch install(TestNode node) throws IOException {
    return install(node, Build.plain());
  }

  /** The same with the disk of a build. */
  public static PowerSwitch install(TestNode node, Build build) throws IOException {
    PowerSwitch power = new PowerSwitch(node);
    String library = node.compile(build.disk().toString(), "disk.so", "-shared", "-fPIC", "-ldl");
    node.host().run("mkdir", "-p", power.disk + "/files", power.disk + "/tree").orFail("mkdir");
    power.newBoot();
    node.setEnvironment(List.of("LD_PRELOAD=" + library, "POWERCUT_DIR=" + node.engineData(),
        "POWERCUT_DISK=" + power.disk, "POWERCUT_BOOT_ID=" + power.bootId(), "POWERCUT_FAULT=" + power.fault()));
    return power;
  }

  /** From now on nothing can be written any more; what is written when the space ends is cut short. */
  public void fill() {
    breakDisk("ENOSPC wtcr " + SPACE_LEFT + " /");
  }

  /** From now on calls fail with EIO: letters as in fault.c, on files whose path has that part. */
  public void fail(String calls, String part) {
    breakDisk("EIO " + calls + " 0 " + part);
  }

  private void breakDisk(String line) {
    node.host().run("rm", "-f", fault() + ".hits").orFail("rm");
    node.write(fault() + ".new", line + "\n");
    node.host().run("mv", fault() + ".new", fault()).orFail("mv");
  }

  /** The disk is well again. */
  public void mend() {
    node.host().run("rm", "-f", fault()).orFail("rm");
  }

  /** How many calls have failed since the disk was broken last. */
  public int failedCalls() {
    return (int) node.host().run("sh", "-c", "cat " + fault() + ".hits 2>/dev/null || true").text().lines().count();
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

  private String fault() {
    return node.host().directory() + "/fault";
  }

  private String bootId() {
    return node.host().directory() + "/boot_id";
  }
}
