package org.pgraft.docs;

import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.pgraft.cluster.Output;

/**
 * One machine of the documentation, as it looks from inside: namespaces of its own for the network, the host's name,
 * processes and mounts. What is written to /etc, /usr, /var, /srv and /root is its own; sources and PostgreSQL are those of this
 * machine. Needs root.
 *
 * <p>Its first process waits for the end of its input, which comes with the end of this process, whatever ends that; and
 * with the first process the kernel ends all others and removes the namespaces.
 */
final class Machine {
  private static final long SECONDS = 180;

  private final String name;
  private final Path binaries;
  private final Process first;
  private final OutputStream life;
  private final long pid;

  private Machine(String name, Path binaries, Process first, long pid) {
    this.name = name;
    this.binaries = binaries;
    this.first = first;
    this.life = first.getOutputStream();
    this.pid = pid;
  }

  /** What the machines are connected to; it is a namespace, too, so the addresses are free to choose. */
  static Machine hub(Path binaries) throws Exception {
    Machine hub = begin("hub", binaries, List.of("--net"));
    hub.outside("ip link add hub type bridge && ip link set hub up");
    return hub;
  }

  /**
   * A machine with an address.
   *
   * @param shared a directory in which machines of one network have what they copy to each other
   */
  static Machine at(String name, String address, Machine hub, Path shared, Path binaries) throws Exception {
    Machine machine = begin(name, binaries, List.of("--net", "--mount", "--uts", "--ipc", "--pid", "--mount-proc", "--propagation", "private"));
    Files.createDirectories(shared.resolve(name + "/root"));
    Files.createDirectories(shared.resolve(name + "/postgresql"));
    shell("ip link add eth0 netns " + machine.pid + " type veth peer name " + name + " netns " + hub.pid).orFail("ip link");
    hub.outside("ip link set " + name + " master hub up");
    machine.outside("""
        set -e
        hostname %1$s
        ip link set lo up
        ip addr add %2$s/24 dev eth0
        ip link set eth0 up
        sources=$PWD
        mount -t tmpfs tmpfs /media
        for top in etc usr var; do
          mkdir -p /media/$top/upper /media/$top/work
          mount -t overlay overlay -o lowerdir=/$top,upperdir=/media/$top/upper,workdir=/media/$top/work /$top
        done
        mkdir -p /usr/src/pgraft /var/lib/postgresql
        mount --bind "$sources" /usr/src/pgraft
        mount --bind %3$s /mnt
        mount --bind /mnt/%1$s/root /root
        mount --bind /mnt/%1$s/postgresql /var/lib/postgresql
        chown postgres:postgres /var/lib/postgresql
        chmod 755 /var/lib/postgresql
        mount -t tmpfs -o mode=1777 tmpfs /tmp
        mount -t tmpfs tmpfs /run
        mount -t tmpfs tmpfs /srv
        install -d -o postgres -g postgres /run/postgresql
        printf '127.0.0.1 localhost\\n%2$s %1$s\\n' > /etc/hosts
        # there is no sshd: what is copied to another machine gets to root's home there
        cat > /usr/local/bin/scp <<'END'
        #!/bin/bash
        for last in "$@"; do :; done
        cp "${@:1:$#-1}" "/mnt/${last%%:}/root/"
        END
        chmod 755 /usr/local/bin/scp
        """.formatted(name, address, shared));
    return machine;
  }

  private static Machine begin(String name, Path binaries, List<String> namespaces) throws Exception {
    List<String> command = new ArrayList<>(List.of("unshare", "--fork"));
    command.addAll(namespaces);
    // bash, because the first process has to bury those whose parents died
    command.addAll(List.of("bash", "-c", "echo; while read -r _; do :; done"));
    Process process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    if (process.getInputStream().read() < 0) {
      throw new IllegalStateException("no namespaces can be made for " + name);
    }
    long child = process.descendants().findFirst().orElseThrow().pid();
    return new Machine(name, binaries, process, child);
  }

  /** Types a command there. */
  Output type(String user, String directory, String command) throws Exception {
    String home = user.equals("root") ? "/root" : "/var/lib/postgresql";
    return finish(new ProcessBuilder("nsenter", "-t", Long.toString(pid), "-m", "-u", "-i", "-n", "-p", "--",
        "runuser", "-u", user, "--", "env", "-i", "HOME=" + home, "USER=" + user, "LANG=C.UTF-8", "TZ=UTC", "NO_COLOR=1",
        "PATH=" + binaries + ":/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
        "bash", "-c", "cd " + directory + " || exit\n" + command));
  }

  /** The end of the log of the server that runs there, if one does. */
  String serverLog() throws Exception {
    return "\nlog of the server on " + name + ":\n" + type("root", "/", "tail -n 40 /var/lib/postgresql/{,*/}log 2>&1").text();
  }

  /** Runs a script in this machine's namespaces, but in the directory of the sources. */
  private void outside(String script) throws Exception {
    finish(new ProcessBuilder("nsenter", "-t", Long.toString(pid), "-m", "-u", "-n", "-p", "--",
        "bash", "-c", "cd '" + Path.of("").toAbsolutePath() + "' || exit\n" + script)).orFail("making the machine " + name);
  }

  private static Output shell(String script) throws Exception {
    return finish(new ProcessBuilder("sh", "-c", script));
  }

  /** Waits for a command, but not for what it leaves running: that may keep the file of the output open. */
  private static Output finish(ProcessBuilder builder) throws IOException, InterruptedException {
    File file = File.createTempFile("pgraft-typed", ".txt");
    try {
      Process process = builder.redirectErrorStream(true).redirectOutput(file)
          .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null"))).start();
      if (!process.waitFor(SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new IllegalStateException("no end after " + SECONDS + " s:\n" + Files.readString(file.toPath()));
      }
      return new Output(process.exitValue(), Files.readString(file.toPath()));
    } finally {
      Files.deleteIfExists(file.toPath());
    }
  }

  /** Ends all that runs there. */
  void switchOff() throws IOException {
    life.close();
    try {
      if (!first.waitFor(30, TimeUnit.SECONDS)) {
        throw new IllegalStateException("the machine " + name + " does not end");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
