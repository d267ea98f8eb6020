--
-- Status: every view can be read, and what it says is so.
--
SELECT * FROM pgraft_worker_status;
SELECT node_id, cluster_id, worker_state, message, worker_pid > 0 AS pid, heartbeat_age_ms BETWEEN 0 AND 10000 AS heartbeat,
       state, current_term = pgraft_get_term() AS term, leader_id, has_lease, lease_remaining_ms > 0 AS lease, num_nodes,
       applied_index = pgraft_get_applied_index() AS applied, commit_index >= applied_index AS commit,
       revision >= compacted_revision AS revision, keys, store_size > 0 AS size, store_quota > 0 AS quota,
       elections >= 0 AS elections, lease_rounds > 0 AS rounds, requests_ok > 0 AS ok, requests_failed > 0 AS failed,
       requests_unknown, metrics_state, jvm_heap_used BETWEEN 1 AND jvm_heap_max AS heap
  FROM pgraft_node_status();
SELECT pgraft_is_leader(), pgraft_get_leader(), pgraft_get_worker_state(), pgraft_get_version();
SELECT node_id, current_term > 0 AS term, leader_id, state, num_nodes, messages_processed > 0 AS messages,
       heartbeats_sent > 0 AS heartbeats, elections_triggered >= 0 AS elections
  FROM pgraft_get_cluster_status();
SELECT pgraft_get_nodes_from_raft()::jsonb #- '{0,port}' AS nodes;
SELECT node_id, address, is_voter, is_leader, reachable FROM pgraft_members();
SELECT * FROM pgraft_get_queue_status();
-- one interval at a time, and the last one runs
SELECT count(*) >= 1 AS intervals, bool_and(node_id = 1) AS mine, bool_and(until_ns > from_ns) AS forward,
       count(*) FILTER (WHERE ended = 'running') AS running
  FROM pgraft_lease_history();
SELECT count(*) FROM pgraft_lease_history() a JOIN pgraft_lease_history() b ON a.from_ns < b.from_ns AND b.from_ns < a.until_ns;

SELECT leader_id, state, num_nodes, node_id, address, worker_status, initialized, is_leader FROM pgraft_cluster_state;
SELECT worker_state, leader_id, state, is_leader, num_nodes FROM pgraft_cluster_overview;
SELECT node_id, address, is_leader, state FROM pgraft_nodes;
SELECT node_id, log_size > 0 AS size, last_index >= commit_index AS last FROM pgraft_log_status;
SELECT status FROM pgraft_kv_status;

SELECT memberid, islearner, status FROM pgraft.member_list;
SELECT id, isleader, islearner, reachable, match_index > 0 AS match, applied_index > 0 AS applied, dbsize > 0 AS size,
       uptime > interval '0' AS uptime
  FROM pgraft.member_details;
SELECT isleader, raftterm > 0 AS term, raftindex > 0 AS index, raftappliedindex > 0 AS applied, dbsize > 0 AS size, leader,
       leaderindex > 0 AS leaderindex
  FROM pgraft.endpoint_status;
SELECT health FROM pgraft.endpoint_health;
SELECT * FROM pgraft.cluster_health;
SELECT clusterid, membercount, leader, raftterm > 0 AS term, raftindex >= raftappliedindex AS index FROM pgraft.cluster_info;
SELECT node_id, reachable, is_active FROM pgraft.replication_status;
SELECT * FROM pgraft.alarm_list;
SELECT count(*) >= 1 AS history FROM pgraft.lease_history;
SELECT endpoint IS NOT NULL AS endpoint, hash IS NOT NULL AS hash FROM pgraft.endpoint_hashkv;

SELECT pgraft_set_debug(true), pgraft_set_debug(false);
SET client_min_messages = error;
SELECT pgraft_test();
RESET client_min_messages;
-- the only member cannot be taken out, nor hand over
\set VERBOSITY sqlstate
SELECT pgraft_remove_node(1);
SELECT pgraft_transfer_leadership();
SELECT pgraft_is_leader();
