package org.pgraft.metrics;

import io.prometheus.client.Collector;
import io.prometheus.client.CounterMetricFamily;
import io.prometheus.client.GaugeMetricFamily;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/**
 * Turns the engine's figures into Prometheus' metrics when the page is asked for, and does nothing otherwise.
 *
 * <p>Called on the HTTP server's threads; the supplier must be thread-safe.
 */
final class EngineCollector extends Collector {
  private static final String NODE = "node";

  private final Supplier<MetricsView> view;

  EngineCollector(Supplier<MetricsView> view) {
    this.view = view;
  }

  @Override
  public List<MetricFamilySamples> collect() {
    final MetricsView now = view.get();
    final List<MetricFamilySamples> page = new ArrayList<>();
    consensus(page, now);
    requests(page, now);
    store(page, now);
    gauge(
        page,
        "pgraft_certificate_expiry_timestamp_seconds",
        "When this node's certificate for the other members is out of date; NaN without TLS.",
        now.certificateExpirySeconds());
    gauge(
        page,
        "pgraft_settings_refused",
        "1 while settings of the last reload, such as certificates, are not in use because they cannot be used.",
        now.settingsRefused() ? 1 : 0);
    peers(page, now.peers());
    return page;
  }

  private static void consensus(List<MetricFamilySamples> page, MetricsView now) {
    gauge(page, "pgraft_term", "Current Raft term.", now.term());
    gauge(page, "pgraft_leader_id", "Node believed to be the Raft leader; 0 when none is known.", now.leaderId());
    gauge(page, "pgraft_is_leader", "1 while this node holds an unexpired leadership lease.", now.holdsLease() ? 1 : 0);
    gauge(page, "pgraft_lease_remaining_seconds", "How long the leadership lease still runs.", now.leaseSeconds());
    gauge(page, "pgraft_log_size", "Entries in this node's log.", now.logEntries());
    gauge(page, "pgraft_commit_index", "Highest log index known to be committed.", now.commitIndex());
    gauge(page, "pgraft_applied_index", "Highest log index applied to this node's store.", now.appliedIndex());
    counter(page, "pgraft_elections", "Elections won since the engine started.", now.elections());
    counter(page, "pgraft_lease_rounds", "Rounds of lease questions sent since the engine started.", now.leaseRounds());
  }

  private static void requests(List<MetricFamilySamples> page, MetricsView now) {
    final CounterMetricFamily requests =
        new CounterMetricFamily(
            "pgraft_requests", "Requests since the engine started, by how they ended.", List.of("result"));
    requests.addMetric(List.of("ok"), now.requestsOk());
    requests.addMetric(List.of("error"), now.requestsFailed());
    requests.addMetric(List.of("unknown"), now.requestsUnknown());
    page.add(requests);
    gauge(page, "pgraft_queue_depth", "Requests that wait to be sent to the lease holder.", now.queued());
  }

  private static void store(List<MetricFamilySamples> page, MetricsView now) {
    gauge(page, "pgraft_store_revision", "Revision of the key-value store.", now.revision());
    gauge(page, "pgraft_store_keys", "Live keys.", now.keys());
    gauge(page, "pgraft_store_live_bytes", "Live keys and values.", now.liveBytes());
    gauge(page, "pgraft_store_size_bytes", "Size of the store's file.", now.storeBytes());
    gauge(page, "pgraft_store_quota_bytes", "Quota of the store.", now.quotaBytes());
    counter(page, "pgraft_snapshots", "Snapshots finished since the engine started.", now.snapshots());
    gauge(
        page,
        "pgraft_snapshot_age_seconds",
        "Age of the newest snapshot; NaN when there is none.",
        now.snapshotAgeSeconds());
  }

  private static void peers(List<MetricFamilySamples> page, List<MetricsView.Peer> peers) {
    final GaugeMetricFamily lag =
        new GaugeMetricFamily("pgraft_peer_lag_entries", "Entries that a member's log lacks.", List.of(NODE));
    final GaugeMetricFamily contact =
        new GaugeMetricFamily(
            "pgraft_peer_last_contact_seconds", "Time since a member last answered the lease holder.", List.of(NODE));
    final GaugeMetricFamily reachable =
        new GaugeMetricFamily(
            "pgraft_peer_reachable", "1 when a member answered the lease holder's last questions.", List.of(NODE));
    for (MetricsView.Peer peer : peers) {
      final List<String> label = List.of(Integer.toString(peer.nodeId()));
      lag.addMetric(label, peer.lagEntries());
      contact.addMetric(label, peer.lastContactSeconds());
      reachable.addMetric(label, peer.reachable());
    }
    page.add(lag);
    page.add(contact);
    page.add(reachable);
  }

  private static void gauge(List<MetricFamilySamples> page, String name, String help, double value) {
    page.add(new GaugeMetricFamily(name, help, value));
  }

  private static void counter(List<MetricFamilySamples> page, String name, String help, double value) {
    page.add(new CounterMetricFamily(name, help, value));
  }
}
