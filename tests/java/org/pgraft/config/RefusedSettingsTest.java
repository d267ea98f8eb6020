package org.pgraft.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Settings that contradict each other or cannot be used: the operator is told which, and the way out. */
final class RefusedSettingsTest {
  private static final String THREE = "initial_cluster=n1=10.0.0.1:7001,n2=10.0.0.2:7002,n3=10.0.0.3:7003";

  @Test
  void when_theNumberIsNotThatOfTheName_then_bothAreNamed() {
    final String message = refusal("name=n2", "node_id=3", THREE);

    says(message, "pgraft.node_id is 3", "\"n2\"", "number 2", "pgraft.initial_cluster");
  }

  @Test
  void when_theAddressIsNotThatOfTheList_then_bothAreNamed() {
    final String message = refusal("name=n2", "address=10.0.0.9", THREE);

    says(message, "pgraft.address is \"10.0.0.9\"", "pgraft.initial_cluster has \"10.0.0.2\"");
  }

  @Test
  void when_othersCanReachThePortWithoutTls_then_theTwoWaysOutAreNamed() {
    final ConfigException refused = refused("name=n2", "listen_address=10.0.0.2", THREE);

    says(refused.getMessage(), "10.0.0.2", "without TLS");
    says(refused.hint(), "pgraft.tls_enabled", "pgraft.allow_insecure");
    says(refusal("listen_address=*", "address=10.0.0.2"), "0.0.0.0", "without TLS");
  }

  @Test
  void when_tlsHasNoFiles_then_theMissingOneIsNamed() {
    says(refusal("tls_enabled=on", "tls_cert_file=c", "tls_key_file=k"), "pgraft.tls_ca_file is not set");
    says(refusal("tls_enabled=accept", "tls_key_file=k", "tls_ca_file=a"), "pgraft.tls_cert_file is not set");
  }

  @Test
  void when_theMetricsHaveACertificateWithoutKey_then_bothSettingsAreNamedAndAllElseIsGood() throws Exception {
    final MetricsSettings metrics = Settings.parse(List.of("metrics_tls_cert_file=c")).metrics();

    final ConfigException refused = assertThrows(ConfigException.class, metrics::isEncrypted);
    says(refused.getMessage(), "pgraft.metrics_tls_cert_file", "pgraft.metrics_tls_key_file");
  }

  @Test
  void when_tlsIsNeitherOnNorOff_then_theChoicesAreNamed() {
    final ConfigException refused = refused("tls_enabled=maybe");

    says(refused.getMessage(), "pgraft.tls_enabled", "maybe");
    says(refused.hint(), "off", "accept", "prefer", "on");
  }

  @Test
  void when_thePortIsNotThatOfTheList_then_bothAreNamed() {
    final String message = refusal("name=n2", "port=7009", THREE);

    says(message, "7009 by pgraft.port", "7002 by pgraft.initial_cluster");
  }

  @Test
  void when_thePortIsNotThatOfTheListenAddress_then_bothAreNamed() {
    final String message = refusal("port=7009", "listen_address=10.0.0.1:7008");

    says(message, "7009 by pgraft.port", "7008 by pgraft.listen_address");
  }

  @Test
  void when_theListensPortIsNotThatOfTheList_then_bothAreNamed() {
    final String message = refusal("name=n1", "listen_address=10.0.0.1:7008", THREE);

    says(message, "7008 by pgraft.listen_address", "7001 by pgraft.initial_cluster");
  }

  @Test
  void when_theAddressCarriesAnotherPort_then_bothAreNamed() {
    final String message = refusal("node_id=1", "address=10.0.0.1:7008", "port=7009");

    says(message, "pgraft.address", "7008", "pgraft.port", "7009");
  }

  @Test
  void when_theNameIsNotInTheList_then_bothAreNamed() {
    final String message = refusal("name=n4", THREE);

    says(message, "pgraft.name is \"n4\"", "pgraft.initial_cluster");
  }

  @Test
  void when_theNumberIsBeyondTheList_then_bothAreNamed() {
    final String message = refusal("node_id=4", THREE);

    says(message, "pgraft.node_id is 4", "pgraft.initial_cluster has 3 members");
  }

  @Test
  void when_nothingSaysWhichMemberThisIs_then_allThreeSettingsAreNamed() {
    final String message = refusal(THREE);

    says(message, "pgraft.initial_cluster", "pgraft.name", "pgraft.node_id");
  }

  @ParameterizedTest
  @ValueSource(strings = {"0.0.0.0", "::", "[::]:7001", "0.0.0.0:7001", "*"})
  void when_theNodeListensEverywhereAndHasNoAddress_then_theHintAsksForOne(String listen) {
    final ConfigException refused = refused("listen_address=" + listen);

    says(refused.getMessage(), "cannot reach");
    says(refused.hint(), "pgraft.address");
  }

  @Test
  void when_theListHasAWildcardForThisNode_then_nobodyCouldReachIt() {
    says(refusal("name=a", "initial_cluster=a=0.0.0.0:7001"), "0.0.0.0", "cannot reach");
  }

  @Test
  void when_twoMembersHaveOneName_then_itIsNamed() {
    says(refusal("name=n1", "initial_cluster=n1=10.0.0.1:7001,n1=10.0.0.2:7001"), "initial_cluster", "\"n1\" twice");
  }

  @Test
  void when_twoMembersHaveOneEndpoint_then_itIsNamed() {
    says(refusal("name=n1", "initial_cluster=n1=10.0.0.1:7001,n2=10.0.0.1:7001"), "two members", "10.0.0.1:7001");
  }

  @Test
  void when_twoMembersShareAHost_then_theirPortsTellThemApart() throws Exception {
    final Settings settings =
        Settings.parse(List.of("name=n2", "initial_cluster=n1=10.0.0.1:7001,n2=10.0.0.1:7002"));

    assertEquals(7002, settings.port());
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "65536", "99999", "123456", "", "-1", "x", "70 1", "+700", "٧٠٠١"})
  void when_aPortIsNone_then_theListAndTheMemberAreNamed(String port) {
    says(refusal("name=a", "initial_cluster=a=host:" + port), "pgraft.initial_cluster", "valid port", "host:" + port);
    says(refusal("listen_address=host:" + port), "pgraft.listen_address", "valid port");
  }

  @ParameterizedTest
  @ValueSource(strings = {"db_1", "-db", "db-", "db..1", ".db", "a b", "[db]", "10.0.0.300", "10.0.0", "db.1"})
  void when_aHostIsNone_then_theListAndTheHintSayWhatItHas(String host) {
    final ConfigException refused = refused("name=a", "initial_cluster=a=" + host + ":7001");

    says(refused.getMessage(), "pgraft.initial_cluster", "valid host", host + ":7001");
    says(refused.hint(), "letters, digits, hyphens and dots");
    says(refusal("address=" + host), "pgraft.address", "valid host", host);
  }

  @ParameterizedTest
  @ValueSource(strings = {"a=host", "a=[::1]", "a=::1"})
  void when_aMemberHasNoPort_then_itIsNamed(String member) {
    says(refusal("name=a", "initial_cluster=" + member), "pgraft.initial_cluster", "without a port", member);
  }

  @ParameterizedTest
  @ValueSource(strings = {"=host:7001", "host:7001", "a=h:1,", ",a=h:1", "a=h:1,,b=h:2", " =h:1"})
  void when_aMemberHasNoName_then_theListIsRefused(String list) {
    says(refusal("name=a", "initial_cluster=" + list), "pgraft.initial_cluster", "without a name");
  }

  @ParameterizedTest
  @ValueSource(strings = {":7001", "[]:7001", "[::1:7001", "ho st:7001", "h/x:7001", "[host]:7001", "ünix:7001"})
  void when_aHostIsNone_then_theSettingIsNamed(String endpoint) {
    says(refusal("name=a", "initial_cluster=a=" + endpoint), "pgraft.initial_cluster", "valid host", endpoint);
    says(refusal("listen_address=" + endpoint), "pgraft.listen_address", "valid host");
  }

  @Test
  void when_aHostIsLongerThanTheStatusPageShows_then_itIsRefused() {
    says(refusal("address=" + "h".repeat(256)), "pgraft.address", "valid host");
  }

  @Test
  void when_theListHasMoreMembersThanTheStatusPage_then_itIsRefused() {
    final String members =
        IntStream.rangeClosed(1, 32).mapToObj(i -> "n" + i + "=h" + i + ":7001").collect(Collectors.joining(","));

    says(refusal("name=n1", "initial_cluster=" + members), "pgraft.initial_cluster has 32 members", "31");
  }

  @Test
  void when_theClusterHasNoNameOrOneTooLong_then_theSettingIsNamed() {
    says(refusal("cluster_id="), "pgraft.cluster_id", "127");
    says(refusal("cluster_id=" + "é".repeat(64)), "pgraft.cluster_id", "127");
  }

  @Test
  void when_theLogLevelIsUnknown_then_theHintHasTheKnownOnes() {
    final ConfigException refused = refused("log_level=loud");

    says(refused.getMessage(), "pgraft.log_level", "loud");
    says(refused.hint(), "debug", "info", "warning", "error");
  }

  @ParameterizedTest
  @ValueSource(strings = {"many", "", "1e3"})
  void when_aNumberIsNone_then_theSettingIsNamed(String number) {
    final ConfigException refused =
        assertThrows(ConfigException.class, () -> Settings.parse(List.of("election_timeout=" + number)));

    says(refused.getMessage(), "pgraft.election_timeout", "\"" + number + "\"");
  }

  private static ConfigException refused(String... settings) {
    final ConfigException refused =
        assertThrows(ConfigException.class, () -> Settings.parse(List.of(settings)), String.join(" ", settings));
    assertFalse(refused.hint().isBlank(), "no way out is offered for: " + refused.getMessage());
    return refused;
  }

  private static String refusal(String... settings) {
    return refused(settings).getMessage();
  }

  private static void says(String message, String... parts) {
    for (String part : parts) {
      assertTrue(message.contains(part), "\"" + part + "\" is not in: " + message);
    }
  }
}
