package org.pgraft.cluster;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Each node in a network namespace of its own, all connected by a bridge of this machine, so that each has an
 * address of its own and can be cut off. Needs root, iproute2 and iptables.
 *
 * <p>The name of the bridge is kept in a file of the site's directory, so that {@link #remove} can take away
 * what a run that was killed left behind.
 */
final class Namespaces implements Wiring {
  private static final String FILE = "network";
  private static final int SERVER_PORT = 5432;
  private static final int RAFT_PORT = 7001;

  private final Path directory;
  private final String bridge;
  private final String subnet;
  private int plugged;

  /** Makes the bridge. */
  Namespaces(Path directory) {
    ThreadLocalRandom random = ThreadLocalRandom.current();
    this.directory = directory;
    // an interface's name may have 15 characters, and the nodes' need three more
    this.bridge = String.format("pgr%08x", random.nextInt());
    this.subnet = "10." + random.nextInt(64, 250) + "." + random.nextInt(256);
    if (Command.run(List.of("ip", "-4", "addr")).orFail("ip addr").text().contains(" " + subnet + ".")) {
      throw new IllegalStateException("the network " + subnet + ".0/24 is in use; try again");
    }
    try {
      Files.writeString(directory.resolve(FILE), bridge);
    } catch (IOException e) {
      throw new IllegalStateException("cannot write to " + directory, e);
    }
    // a Docker engine lets bridged traffic pass only where a rule says so
    script("""
        set -e
        ip link add "$1" type bridge
        ip addr add "$2.1/24" dev "$1"
        ip link set "$1" up
        iptables -w -I FORWARD -i "$1" -o "$1" -j ACCEPT
        """, bridge, subnet).orFail("making a bridge");
  }

  @Override
  public String describe() {
    return "each in a network namespace, " + subnet + ".0/24";
  }

  @Override
  public synchronized Plug plug() {
    plugged++;
    String namespace = bridge + "n" + plugged;
    String address = subnet + "." + (10 + plugged);
    script("""
        set -e
        ip netns add "$1"
        ip link add "$1" type veth peer name eth0 netns "$1"
        ip link set "$1" master "$2" up
        ip netns exec "$1" ip addr add "$3/24" dev eth0
        ip netns exec "$1" ip link set eth0 up
        ip netns exec "$1" ip link set lo up
        """, namespace, bridge, address).orFail("making a network namespace");
    return new Plug(address, SERVER_PORT, RAFT_PORT, List.of("ip", "netns", "exec", namespace));
  }

  @Override
  public Optional<String> whyNotCut() {
    return Optional.empty();
  }

  @Override
  public void close() {
    remove(directory);
  }

  /** Removes the bridge and the namespaces of a site, by its directory; does nothing if there are none. */
  static void remove(Path directory) {
    Path file = directory.resolve(FILE);
    if (!Files.exists(file)) {
      return;
    }
    try {
      script("""
          for namespace in $(ip netns list | cut -d ' ' -f 1 | grep "^$1"); do ip netns del "$namespace"; done
          iptables -w -D FORWARD -i "$1" -o "$1" -j ACCEPT
          ip link del "$1"
          true
          """, Files.readString(file).strip()).orFail("removing a bridge");
    } catch (IOException e) {
      throw new IllegalStateException("cannot read " + file, e);
    }
  }

  private static Output script(String script, String... arguments) {
    List<String> command = new ArrayList<>(List.of("sh", "-c", script, "sh"));
    command.addAll(List.of(arguments));
    return Command.run(command);
  }
}
