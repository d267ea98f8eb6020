package org.pgraft.cluster;

import java.io.IOException;
import java.util.Optional;

/**
 * Makes what other members send to a node, and what it answers, slow. A relay on the node's host
 * (tests/links/relay.c), to which their connections are redirected from the beginning, holds every piece for as long
 * as it is told; at first it holds nothing.
 */
public final class SlowLink {
  private static final int PORT_DISTANCE = 10_000;

  private final TestNode node;
  private final String file;

  private SlowLink(TestNode node) {
    this.node = node;
    this.file = node.host().directory() + "/link";
  }

  /** Why what is sent to a host cannot be redirected; empty if it can. */
  public static Optional<String> whyNot(NodeHost host) {
    Optional<String> uncut = host.whyNotCut();
    if (uncut.isPresent()) {
      return uncut;
    }
    // to the same port: nothing changes meanwhile
    String port = Integer.toString(host.raftPort());
    Output tried = redirect(host, "-A", port, port);
    if (tried.status() != 0) {
      return Optional.of("iptables cannot redirect: " + tried.text().strip());
    }
    redirect(host, "-D", port, port).orFail("iptables");
    return Optional.empty();
  }

  private static Output redirect(NodeHost host, String change, String port, String to) {
    return host.firewall("-t", "nat", change, "PREROUTING", "-p", "tcp", "--dport", port, "-j", "REDIRECT",
        "--to-ports", to);
  }

  /** Installs a relay in a node that has not been started yet. */
  public static SlowLink install(TestNode node) throws IOException, InterruptedException {
    SlowLink link = new SlowLink(node);
    NodeHost host = node.host();
    String port = Integer.toString(host.raftPort());
    String relayPort = Integer.toString(host.raftPort() + PORT_DISTANCE);
    String relay = node.compile("tests/links/relay.c", "relay");
    link.restore();
    host.run("sh", "-c", "setsid \"$@\" >\"$0\" 2>&1 </dev/null &", link.file + ".log", relay, relayPort,
        host.address(), port, link.file).orFail("starting the relay");
    Await.until("the relay of " + node + " runs", () -> host.run("test", "-s", link.file + ".held").status() == 0);
    redirect(host, "-A", port, relayPort).orFail("iptables");
    return link;
  }

  /** Holds every piece for a time and a random part of another, both in milliseconds. */
  public void delay(int millis, int jitterMillis) {
    configure(millis + " " + jitterMillis + " 0");
  }

  /** Lets no more through than so many bytes per second, for each connection and direction. */
  public void narrow(int bytesPerSecond) {
    configure("0 0 " + bytesPerSecond);
  }

  /** Holds nothing any more. */
  public void restore() {
    configure("0 0 0");
  }

  /** How many bytes were held since the relay began. */
  public long held() {
    return Long.parseLong(node.host().run("cat", file + ".held").orFail("asking the relay").text().strip());
  }

  private void configure(String line) {
    node.write(file + ".new", line + "\n");
    node.host().run("mv", file + ".new", file).orFail("mv");
  }
}
