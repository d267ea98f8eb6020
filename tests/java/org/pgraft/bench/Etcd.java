package org.pgraft.bench;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.pgraft.cluster.Await;
import org.pgraft.cluster.NodeHost;
import org.pgraft.cluster.Site;

/** A cluster of etcd servers, as the package has them, and a load on its leader by etcd's client library. */
final class Etcd implements AutoCloseable {
  private static final int CLIENT_PORT = 2379;
  private static final int PEER_PORT = 2380;
  private static final String PROGRAM = "etcd_load";

  private final Site site;
  private final List<NodeHost> hosts = new ArrayList<>();
  private final Map<NodeHost, Long> servers = new HashMap<>();

  private Etcd(Site site) {
    this.site = site;
  }

  /** Why there can be no such cluster here; empty when there can. */
  static Optional<String> whyNot() {
    if (System.getProperty("pgraft.bench.etcd", "").isEmpty()) {
      return Optional.of("etcd, or the Go compiler with etcd's client library, is not installed"
          + " (packages etcd-server, etcd-client, golang-go and golang-etcd-server-dev)");
    }
    return Optional.empty();
  }

  /** A cluster that has a leader. */
  static Etcd started(int size) throws Exception {
    Etcd etcd = new Etcd(Site.ofServers());
    try {
      for (int i = 1; i <= size; i++) {
        etcd.hosts.add(etcd.site.host("e" + i));
      }
      String members = etcd.hosts.stream()
          .map(host -> host.name() + "=" + url(host, PEER_PORT)).collect(Collectors.joining(","));
      for (NodeHost host : etcd.hosts) {
        etcd.start(host, members);
      }
      etcd.leader();
      return etcd;
    } catch (Exception | Error e) {
      etcd.close();
      throw e;
    }
  }

  private static String url(NodeHost host, int port) {
    return "http://" + host.address() + ":" + port;
  }

  private void start(NodeHost host, String members) {
    // the size limits are raised, since nothing is compacted during a run
    String pid = host.run("sh", "-c", "setsid etcd \"$@\" > etcd.log 2>&1 & echo $!".replace("etcd.log",
            host.directory() + "/etcd.log"), "sh",
        "--name", host.name(), "--data-dir", host.directory() + "/etcd",
        "--listen-client-urls", url(host, CLIENT_PORT), "--advertise-client-urls", url(host, CLIENT_PORT),
        "--listen-peer-urls", url(host, PEER_PORT), "--initial-advertise-peer-urls", url(host, PEER_PORT),
        "--initial-cluster", members, "--quota-backend-bytes", "8589934592", "--log-level", "error")
        .orFail("etcd").text().strip();
    servers.put(host, Long.parseLong(pid));
  }

  /** Waits for a leader, and gives its host. */
  NodeHost leader() throws InterruptedException {
    return Await.value("etcd has a leader", this::saysItLeads, host -> host != null);
  }

  private NodeHost saysItLeads() {
    for (NodeHost host : hosts) {
      // one row: endpoint, id, version, size, is leader, …
      String[] row = host.run("env", "ETCDCTL_API=3", "etcdctl", "--endpoints", url(host, CLIENT_PORT),
          "endpoint", "status").text().split(", ");
      if (row.length > 4 && row[4].equals("true")) {
        return host;
      }
    }
    return null;
  }

  List<NodeHost> hosts() {
    return List.copyOf(hosts);
  }

  long server(NodeHost host) {
    return servers.get(host);
  }

  /** Puts or gets for a time at the leader; or "fill" puts each key once. */
  Sample load(String operation, int clients, double seconds, long keys, int valueBytes) throws Exception {
    NodeHost host = leader();
    return load(host, operation, clients, seconds, keys, valueBytes);
  }

  /** So many puts at the leader, spread over the clients. */
  Sample loadTimes(int clients, long times, long keys, int valueBytes) throws Exception {
    return run(leader(), "-op", "put", "-clients", Integer.toString(clients), "-times", Long.toString(times / clients),
        "-keys", Long.toString(keys), "-size", Integer.toString(valueBytes));
  }

  /** The same at one of the servers. */
  Sample load(NodeHost host, String operation, int clients, double seconds, long keys, int valueBytes) {
    return run(host, "-op", operation, "-clients", Integer.toString(clients), "-seconds", Double.toString(seconds),
        "-keys", Long.toString(keys), "-size", Integer.toString(valueBytes));
  }

  private static Sample run(NodeHost host, String... options) {
    List<String> command = new ArrayList<>(List.of(program(), "-endpoint", host.address() + ":" + CLIENT_PORT));
    command.addAll(List.of(options));
    Map<String, Double> said = new HashMap<>();
    String line = host.run(command.toArray(String[]::new)).orFail(PROGRAM).text().strip();
    for (String pair : line.split(" ")) {
      said.put(pair.split("=")[0], Double.parseDouble(pair.split("=")[1]));
    }
    if (said.get("failed") > 0) {
      throw new IllegalStateException("calls of etcd failed: " + line);
    }
    return new Sample(said.get("done").longValue(), said.get("seconds"),
        said.get("p50") / 1000, said.get("p99") / 1000, said.get("max") / 1000);
  }

  private static String program() {
    return System.getProperty("pgraft.bench.etcd");
  }

  @Override
  public void close() {
    servers.forEach((host, pid) -> host.run("kill", "-9", Long.toString(pid)));
    site.close();
  }
}
