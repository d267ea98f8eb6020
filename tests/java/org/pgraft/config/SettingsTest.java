package org.pgraft.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What an operator's settings make of a node, in both styles of naming it. */
final class SettingsTest {
  private static final String THREE = "initial_cluster=n1=10.0.0.1:7001,n2=10.0.0.2:7002,n3=10.0.0.3:7003";

  @Test
  void when_nothingIsSet_then_theDefaultsOfTheManualHold() throws Exception {
    final Settings settings = settings();

    assertEquals("pgraft", settings.clusterId());
    assertEquals(1, settings.nodeId());
    assertEquals("", settings.name());
    assertEquals("127.0.0.1", settings.listenHost());
    assertEquals("127.0.0.1", settings.advertisedHost());
    assertEquals(7001, settings.port());
    assertEquals(List.of(), settings.initialMembers());
    assertEquals(1000, settings.electionTimeoutMillis());
    assertEquals(200, settings.heartbeatIntervalMillis());
    assertEquals(2L << 30, settings.maxStoreBytes());
    assertFalse(settings.metrics().enabled());
    assertEquals(LogLevel.WARNING, settings.logLevel());
  }

  @Test
  void when_aNodeIsNamedInTheList_then_itsPlaceThereSaysWhoItIs() throws Exception {
    final Settings settings = settings("name=n2", THREE, "listen_address=0.0.0.0");

    assertEquals(2, settings.nodeId());
    assertEquals("n2", settings.name());
    assertEquals("0.0.0.0", settings.listenHost());
    assertEquals("10.0.0.2", settings.advertisedHost());
    assertEquals(7002, settings.port());
    assertEquals(
        List.of(
            new ClusterMember(1, "n1", "10.0.0.1", 7001),
            new ClusterMember(2, "n2", "10.0.0.2", 7002),
            new ClusterMember(3, "n3", "10.0.0.3", 7003)),
        settings.initialMembers());
  }

  @Test
  void when_onlyTheNumberIsGiven_then_theListSaysTheName() throws Exception {
    final Settings settings = settings("node_id=3", THREE);

    assertEquals(3, settings.nodeId());
    assertEquals("n3", settings.name());
    assertEquals("10.0.0.3", settings.advertisedHost());
    assertEquals(7003, settings.port());
  }

  @Test
  void when_aNodeIsNumbered_then_addressAndPortAreItsOwn() throws Exception {
    final Settings settings = settings("node_id=2", "address=10.0.0.2", "port=7005", "listen_address=0.0.0.0");

    assertEquals(2, settings.nodeId());
    assertEquals("10.0.0.2", settings.advertisedHost());
    assertEquals("0.0.0.0", settings.listenHost());
    assertEquals(7005, settings.port());
    assertEquals(List.of(), settings.initialMembers());
  }

  @Test
  void when_bothStylesAgree_then_bothMayBeGiven() throws Exception {
    final Settings settings = settings("name=n2", THREE, "node_id=2", "address=10.0.0.2", "port=7002");

    assertEquals(2, settings.nodeId());
    assertEquals("10.0.0.2", settings.advertisedHost());
    assertEquals(7002, settings.port());
  }

  @Test
  void when_theListenAddressCarriesAPort_then_itIsTheMembersPort() throws Exception {
    final Settings settings = settings("node_id=1", "listen_address=10.0.0.1:7009");

    assertEquals("10.0.0.1", settings.listenHost());
    assertEquals("10.0.0.1", settings.advertisedHost());
    assertEquals(7009, settings.port());
  }

  @Test
  void when_ipv6IsWrittenInBrackets_then_theHostHasNone() throws Exception {
    final Settings settings =
        settings("name=a", "initial_cluster=a=[2001:db8::1]:7001, b=[2001:db8::2]:7002", "listen_address=[::]:7001");

    assertEquals("2001:db8::1", settings.advertisedHost());
    assertEquals("::", settings.listenHost());
    assertEquals(7001, settings.port());
    assertEquals(new ClusterMember(2, "b", "2001:db8::2", 7002), settings.initialMembers().get(1));
  }

  @Test
  void when_ipv6IsWrittenBare_then_itIsAllHostAndNoPort() throws Exception {
    final Settings settings = settings("listen_address=::1", "port=7011");

    assertEquals("::1", settings.listenHost());
    assertEquals(7011, settings.port());
  }

  @Test
  void when_theListenAddressIsAnAsterisk_then_theNodeListensEverywhere() throws Exception {
    final Settings settings = settings("listen_address=*", "address=10.0.0.1");

    assertEquals("0.0.0.0", settings.listenHost());
    assertEquals("10.0.0.1", settings.advertisedHost());
  }

  @Test
  void when_theHeartbeatIsSlow_then_itIsCappedToAQuarterOfTheElectionTimeout() throws Exception {
    assertEquals(250, settings("election_timeout=1000", "heartbeat_interval=251").heartbeatIntervalMillis());
    assertEquals(250, settings("election_timeout=1000", "heartbeat_interval=250").heartbeatIntervalMillis());
    assertEquals(249, settings("election_timeout=1000", "heartbeat_interval=249").heartbeatIntervalMillis());
    assertEquals(25, settings("election_timeout=100").heartbeatIntervalMillis());
  }

  @Test
  void when_everythingElseIsSet_then_itArrivesTyped() throws Exception {
    final Settings settings =
        settings(
            "cluster_id=paris", "pgdata=/data/pg", "data_dir=/data/raft", "fsync_timeout=2000",
            "snapshot_interval=11", "max_log_entries=12", "compaction_threshold=13", "compaction_age=14000", "max_store_size=5368709120",
            "max_processes=14", "metrics_enabled=on", "metrics_address=10.0.0.9", "metrics_port=9200",
            "metrics_tls_cert_file=m.crt", "metrics_tls_key_file=/etc/m.key", "metrics_token_file=token",
            "log_level=debug");

    assertEquals("paris", settings.clusterId());
    assertEquals(Path.of("/data/pg"), settings.pgdata());
    assertEquals(Path.of("/data/raft"), settings.dataDir());
    assertEquals(2000, settings.fsyncTimeoutMillis());
    assertEquals(11, settings.snapshotInterval());
    assertEquals(12, settings.maxLogEntries());
    assertEquals(13, settings.compactionThreshold());
    assertEquals(14_000, settings.compactionAgeMillis());
    assertEquals(5L << 30, settings.maxStoreBytes(), "a size beyond 32 bits");
    assertEquals(14, settings.maxProcesses());
    assertEquals(
        new MetricsSettings(
            true, "10.0.0.9", 9200, Optional.of(Path.of("/data/pg/m.crt")), Optional.of(Path.of("/etc/m.key")),
            Optional.of(Path.of("/data/pg/token"))),
        settings.metrics());
    assertEquals(LogLevel.DEBUG, settings.logLevel());
  }

  @Test
  void when_theOthersAreToldAnAddressAtWhichNobodyListens_then_itIsNoticed() throws Exception {
    assertTrue(settings("name=n1", THREE).listensOnlyToItself());
    assertTrue(settings("address=10.0.0.1", "listen_address=localhost").listensOnlyToItself());
    assertFalse(settings("name=n1", THREE, "listen_address=10.0.0.1").listensOnlyToItself());
    assertFalse(settings("address=127.0.0.1").listensOnlyToItself(), "a cluster on one machine");
  }

  @Test
  void when_tlsIsOn_then_itsFilesAreSoughtInTheDataDirectory() throws Exception {
    final TlsSettings tls =
        settings(
                "pgdata=/data/pg", "tls_enabled=on", "tls_cert_file=server.crt", "tls_key_file=/etc/keys/server.key",
                "tls_ca_file=ca.crt", "tls_allowed_names= a.example , b.example,")
            .tls();

    assertEquals(TlsMode.ON, tls.mode());
    assertEquals(Path.of("/data/pg/server.crt"), tls.certificate());
    assertEquals(Path.of("/etc/keys/server.key"), tls.key());
    assertEquals(Path.of("/data/pg/ca.crt"), tls.authority());
    assertEquals(List.of("a.example", "b.example"), tls.allowedNames());
  }

  @Test
  void when_onlyTlsIsTaken_then_listeningElsewhereIsNotInsecure() throws Exception {
    final String[] files = {"tls_cert_file=c", "tls_key_file=k", "tls_ca_file=a"};
    assertTrue(settings("listen_address=10.0.0.1").isInsecure());
    assertTrue(settings("listen_address=10.0.0.1", "tls_enabled=prefer", files[0], files[1], files[2]).isInsecure());
    assertFalse(settings("listen_address=10.0.0.1", "tls_enabled=on", files[0], files[1], files[2]).isInsecure());
    assertFalse(settings("listen_address=127.0.0.1").isInsecure());
  }

  @Test
  void when_theMembersAreAskedFor_then_nobodyCanChangeThem() throws Exception {
    final List<ClusterMember> members = settings("name=n1", THREE).initialMembers();

    assertThrows(UnsupportedOperationException.class, () -> members.remove(0));
  }

  private static Settings settings(String... settings) throws ConfigException {
    final List<String> all = new ArrayList<>(List.of(settings));
    all.add("allow_insecure=on");
    return Settings.parse(all);
  }
}
