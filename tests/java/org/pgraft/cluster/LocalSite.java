package org.pgraft.cluster;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Nodes as processes of this machine, of the programs of a {@link Build}. System property: {@code pgraft.test.user},
 * who runs the servers.
 *
 * <p>Everything lies in one directory named after this process; directories of processes that are gone are
 * swept, with the servers that run in them, when the first site of a run opens.
 */
final class LocalSite implements Site {
  private static final String PREFIX = "pgraft-it-";

  private static boolean swept;

  private final Path directory;
  private final String user = System.getProperty("pgraft.test.user", System.getProperty("user.name"));
  private final String binaries;
  private final Wiring wiring;

  /**
   * Makes a site.
   *
   * @param apart whether each node gets a network namespace of its own, for which this has to be root
   * @throws IllegalStateException if the build has no programs
   */
  LocalSite(boolean apart, Build build) {
    if (build.binaries().isEmpty()) {
      throw new IllegalStateException("the system property pgraft.test.bindir is not set (use \"make it\")");
    }
    binaries = build.binaries();
    sweep();
    try {
      directory = Files.createTempDirectory(PREFIX + Owner.self() + "-");
      Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
    } catch (IOException e) {
      throw new IllegalStateException("cannot make a directory for the servers", e);
    }
    wiring = apart ? new Namespaces(directory) : new Wiring.Loopback();
  }

  @Override
  public String describe() {
    return "processes of this machine, servers from " + binaries + ", " + wiring.describe();
  }

  @Override
  public NodeHost host(String name) {
    Path home = directory.resolve(name);
    try {
      Files.createDirectory(home);
    } catch (IOException e) {
      throw new IllegalStateException("cannot make " + home, e);
    }
    if (!user.equals(System.getProperty("user.name"))) {
      Command.run(List.of("chown", user, home.toString())).orFail("chown");
    }
    return new LocalHost(name, home, wiring.plug());
  }

  @Override
  public void close() {
    stopServers(directory);
    wiring.close();
    delete(directory);
  }

  private static synchronized void sweep() {
    if (swept) {
      return;
    }
    swept = true;
    try (Stream<Path> entries = Files.list(Path.of(System.getProperty("java.io.tmpdir")))) {
      entries.filter(LocalSite::abandoned).forEach(left -> {
        stopServers(left);
        Namespaces.remove(left);
        delete(left);
      });
    } catch (IOException e) {
      throw new IllegalStateException("cannot look for what earlier runs left", e);
    }
  }

  private static boolean abandoned(Path entry) {
    String name = entry.getFileName().toString();
    if (!name.startsWith(PREFIX)) {
      return false;
    }
    // PREFIX, pid, second, random
    String[] parts = name.substring(PREFIX.length()).split("-");
    return parts.length == 3 && !Owner.alive(parts[0] + "-" + parts[1]);
  }

  /** Ends the servers that run below a directory. */
  private static void stopServers(Path directory) {
    // what runs there names the directory on its command line; SIGQUIT ends a server and its children
    String script = """
        for file in "$1"/*/data/postmaster.pid; do
          [ -f "$file" ] || continue
          read -r pid < "$file"
          tr '\\0' ' ' < "/proc/$pid/cmdline" 2>/dev/null | grep -qF "$1" || continue
          kill -QUIT "$pid" 2>/dev/null || continue
          for i in $(seq 100); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
        done
        """;
    Command.run(List.of("sh", "-c", script, "sh", directory.toString())).orFail("stopping servers");
  }

  private static void delete(Path directory) {
    // the last process of a server that was killed may still write
    String script = """
        sed -nE "s#^[^ ]+ ($1/[^ ]*) .*#\\1#p" /proc/mounts | while read -r mounted; do umount -l "$mounted"; done
        rm -rf "$1" || { sleep 2; rm -rf "$1"; }
        """;
    Command.run(List.of("sh", "-c", script, "sh", directory.toString())).orFail("removing " + directory);
  }

  private final class LocalHost implements NodeHost {
    private final String name;
    private final Path home;
    private final Wiring.Plug plug;

    LocalHost(String name, Path home, Wiring.Plug plug) {
      this.name = name;
      this.home = home;
      this.plug = plug;
    }

    @Override
    public String name() {
      return name;
    }

    @Override
    public String address() {
      return plug.address();
    }

    @Override
    public int raftPort() {
      return plug.raftPort();
    }

    @Override
    public String listenAddresses() {
      return plug.address();
    }

    @Override
    public int serverPort() {
      return plug.serverPort();
    }

    @Override
    public String clientAddress() {
      return plug.address() + ":" + plug.serverPort();
    }

    @Override
    public String binaries() {
      return binaries;
    }

    @Override
    public String directory() {
      return home.toString();
    }

    @Override
    public Output run(String... command) {
      List<String> line = new ArrayList<>(plug.enter());
      if (!user.equals(System.getProperty("user.name"))) {
        line.addAll(List.of("runuser", "-u", user, "--"));
      }
      line.addAll(Arrays.asList(command));
      return Command.run(line);
    }

    @Override
    public Optional<String> whyNotCut() {
      return wiring.whyNotCut();
    }

    @Override
    public Output firewall(String... arguments) {
      List<String> line = new ArrayList<>(plug.enter());
      line.addAll(List.of("iptables", "-w"));
      line.addAll(Arrays.asList(arguments));
      return Command.run(line);
    }

    @Override
    public Output mountMemory(String directory, int megabytes) {
      return Command.run(List.of("mount", "-t", "tmpfs", "-o", "mode=1777,size=" + megabytes + "m", "tmpfs", directory));
    }
  }
}
