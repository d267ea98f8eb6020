package org.pgraft.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgraft.tls.TestAuthority;

/** Members that show each other certificates: a cluster of them, one that becomes one, and certificates that are renewed. */
final class TlsTest extends ClusterTest {
  @TempDir private Path root;
  private TestAuthority authority;

  @BeforeEach
  void found() throws Exception {
    authority = new TestAuthority(root.resolve("ca"));
  }

  @Test
  void when_members_show_certificates_then_they_are_a_cluster_and_others_are_not_let_in() throws Exception {
    TestCluster cluster = untilTheEnd(TestCluster.prepared(3, Map.of("pgraft.command_timeout", "30s")));
    for (TestNode node : cluster.nodes()) {
      Certificates.secure(node, authority, "on");
    }
    cluster.found().put("key", "value");
    for (TestNode node : cluster.nodes()) {
      assertEquals("value", node.get("key"));
    }

    try (Stranger stranger = new Stranger(cluster.leader())) {
      stranger.sendPreface();
      assertTrue(stranger.isShownOut(), "who speaks plain text is shown out");
    }
    TestNode plain = cluster.oneMoreWaiting();
    assertNotAdded(cluster.node(1), plain);
    TestNode foreign = cluster.oneMoreWaiting();
    foreign.stop("fast");
    Certificates.secure(foreign, new TestAuthority(root.resolve("elsewhere")), "on");
    foreign.start();
    assertNotAdded(cluster.node(1), foreign);

    foreign.stop("fast");
    Certificates.secure(foreign, authority, "on");
    foreign.start();
    assertTrue(cluster.node(1).truth("SELECT pgraft_add_node(" + foreign.place() + ")"));
    assertEquals("value", foreign.get("key"));
  }

  @Test
  void when_a_cluster_changes_to_tls_node_by_node_then_it_goes_on_all_the_time() throws Exception {
    TestCluster cluster = cluster(3, Map.of("pgraft.command_timeout", "30s"));
    List<String> written = new ArrayList<>();
    for (String mode : List.of("accept", "prefer", "on")) {
      for (TestNode node : cluster.nodes()) {
        TestNode other = cluster.others(node).get(0);
        node.stop("fast");
        Certificates.secure(node, authority, mode);
        other.put("while " + node + " changes to " + mode, "1");
        written.add("while " + node + " changes to " + mode);
        node.start();
        Await.until(node + " is in with tls_enabled " + mode, () -> node.get("while " + node + " changes to " + mode) != null);
      }
    }
    for (TestNode node : cluster.nodes()) {
      for (String key : written) {
        assertEquals("1", node.get(key), () -> key + " on " + node);
      }
    }
    try (Stranger stranger = new Stranger(cluster.leader())) {
      stranger.sendPreface();
      assertTrue(stranger.isShownOut(), "plain text is not taken any more");
    }
  }

  @Test
  void when_authority_and_certificates_are_renewed_by_reloads_then_no_server_restarts_for_it() throws Exception {
    TestCluster cluster = untilTheEnd(TestCluster.prepared(3, Map.of("pgraft.command_timeout", "30s")));
    for (TestNode node : cluster.nodes()) {
      Certificates.secure(node, authority, "on");
    }
    cluster.found().put("key", "value");
    List<String> workers = workers(cluster);
    TestAuthority next = new TestAuthority(root.resolve("next"));

    String both = Files.readString(authority.certificate()) + Files.readString(next.certificate());
    for (TestNode node : cluster.nodes()) {
      node.write(node.data() + "/ca.crt", both);
      node.reload();
    }
    for (TestNode node : cluster.nodes()) {
      Certificates.show(node, next);
      node.reload();
    }
    for (TestNode node : cluster.nodes()) {
      node.write(node.data() + "/ca.crt", Files.readString(next.certificate()));
      node.reload();
    }
    cluster.leader().put("key", "renewed");
    assertEquals(workers, workers(cluster));
    for (TestNode node : cluster.nodes()) {
      assertEquals(3, node.number("SELECT count(*) FROM pgraft.events WHERE kind = 'certificates_reloaded'"
          + " AND detail LIKE 'this node''s is valid until 20%'"), node + " has read them three times");
    }

    // whose connections are all made anew, and who knows nothing of the old authority
    TestNode restarted = cluster.follower();
    restarted.restart();
    Await.until(restarted + " is in again", () -> "renewed".equals(restarted.get("key")));
  }

  @Test
  void when_the_new_files_are_of_no_use_then_the_old_ones_stay_and_the_log_says_why() throws Exception {
    TestCluster cluster = untilTheEnd(TestCluster.prepared(1, Map.of()));
    TestNode node = cluster.node(1);
    Certificates.secure(node, authority, "on");
    cluster.startAll();
    cluster.leader();
    node.write(node.data() + "/node.crt", "no certificate");
    node.reload();
    Await.until("the log says it", () -> node.log().contains("node.crt\" has no certificate"));
    node.put("still", "there");
    assertTrue(node.text("SELECT detail FROM pgraft.events WHERE kind = 'certificates_refused'")
        .contains("node.crt\" has no certificate"));
    Await.until("the status says it as well", () -> String.valueOf(node.text("SELECT message FROM pgraft_node_status()"))
        .contains("node.crt\" has no certificate"));
    assertEquals("STOPPED", stopped(node), "that is not why it ended");

    node.restart();
    Await.until("the worker says it", () -> node.text("SELECT message FROM pgraft_node_status()")
        .contains("node.crt\" has no certificate"));
    assertTrue(node.text("SELECT detail FROM pgraft.events WHERE kind = 'engine_failed'")
        .contains("node.crt\" has no certificate"));
    Certificates.show(node, authority);
    node.reload();
    Await.until("it is back by a reload alone", () -> "there".equals(node.get("still")));
    assertEquals("it starts again with other settings",
        node.text("SELECT detail FROM pgraft.events WHERE kind = 'worker_stopped'"));
  }

  @Test
  void when_a_renewal_is_done_by_half_then_status_doctor_and_metrics_say_so_until_it_is_done() throws Exception {
    int port = Ports.take();
    TestCluster cluster = untilTheEnd(TestCluster.prepared(1, Map.of(
        "pgraft.metrics_enabled", "on", "pgraft.metrics_port", Integer.toString(port),
        "pgraft.metrics_tls_cert_file", "node.crt", "pgraft.metrics_tls_key_file", "node.key")));
    TestNode node = cluster.node(1);
    node.set("pgraft.metrics_address", node.host().address());
    Certificates.secure(node, authority, "on");
    cluster.startAll();
    cluster.leader();
    Tool tool = Tool.through(node);
    assertEquals("[]", tool.json(".findings", "doctor"));

    TestAuthority.Member renewed = authority.sign(node.name(), "IP:" + node.host().address());
    node.write(node.data() + "/node.crt", Files.readString(renewed.certificate()));
    node.reload();
    String reason = "not all settings were taken over: the private key in \"" + node.data()
        + "/node.key\" is not that of the certificate in \"" + node.data() + "/node.crt\". The two are made together;"
        + " give both files of the same pair.";
    Await.value("the status says it", () -> node.text("SELECT message FROM pgraft_node_status()"), reason::equals);
    assertEquals("RUNNING", node.text("SELECT pgraft_get_worker_state()"));
    node.put("goes", "on");
    assertEquals(2, node.log().split("not all settings were taken over", -1).length, "once in the log, though it serves for both");
    assertEquals("[\"n1: " + reason.replace("\"", "\\\"") + "\"]",
        Tool.jq("[.findings[].what]", tool.run("doctor", "--format", "json").text()));
    assertTrue(metrics(node, port).contains("\npgraft_settings_refused 1.0\n"));

    node.write(node.data() + "/node.key", Files.readString(renewed.key()));
    node.reload();
    Await.until("nothing is left to say", () -> node.text("SELECT message FROM pgraft_node_status()") == null);
    assertEquals("[]", tool.json(".findings", "doctor"));
    assertTrue(metrics(node, port).contains("\npgraft_settings_refused 0.0\n"));
  }

  /** Ends a node's worker; what its state and message are before the postmaster starts another. */
  private static String stopped(TestNode node) throws Exception {
    long worker = node.worker();
    long postmaster = node.processes().get(0);
    try (Session session = node.connect()) {
      node.signal(postmaster, "STOP");
      node.signal(worker, "TERM");
      return Await.value("the worker has ended",
          () -> session.text("SELECT concat_ws(': ', worker_state, message) FROM pgraft_node_status()"),
          state -> state.startsWith("STOPPED"));
    } finally {
      node.signal(postmaster, "CONT");
    }
  }

  private String metrics(TestNode node, int port) throws Exception {
    URI page = URI.create("https://" + node.host().address() + ":" + port + "/metrics");
    return HttpClient.newBuilder().sslContext(authority.trusting()).build()
        .send(HttpRequest.newBuilder(page).build(), HttpResponse.BodyHandlers.ofString()).body();
  }

  private static List<String> workers(TestCluster cluster) throws SQLException {
    List<String> pids = new ArrayList<>();
    for (TestNode node : cluster.nodes()) {
      pids.add(node.text("SELECT worker_pid FROM pgraft_node_status()"));
    }
    return pids;
  }

  private static void assertNotAdded(TestNode on, TestNode newcomer) throws Exception {
    try (Session session = on.connect()) {
      session.run("SET pgraft.command_timeout = '3s'");
      SQLException failure = session.failure("SELECT pgraft_add_node(" + newcomer.place() + ")");
      assertEquals("55000", failure.getSQLState(), failure::getMessage);
    }
    assertEquals(3, on.number("SELECT count(*) FROM pgraft_get_nodes()"));
  }
}
