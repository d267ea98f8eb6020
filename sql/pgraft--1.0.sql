/* pgraft 1.0 */

-- complain if script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION pgraft" to load this file. \quit

/*
 * The first function tells whether the library was preloaded, and calling it
 * here makes CREATE EXTENSION fail with that message, not at the first use.
 */
CREATE FUNCTION pgraft_get_version() RETURNS text
AS 'MODULE_PATHNAME', 'pgraft_get_version'
LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION pgraft_get_version() IS 'version of the loaded pgraft library';

SELECT @extschema@.pgraft_get_version();

/*
 * Views live in the schema pgraft. It is the extension's own, unless the
 * extension was created in it.
 */
DO $$
BEGIN
    IF '@extschema@' <> 'pgraft' THEN
        CREATE SCHEMA pgraft;
        COMMENT ON SCHEMA pgraft IS 'views of the pgraft extension';
    END IF;
END
$$;

GRANT USAGE ON SCHEMA pgraft TO pg_monitor;

/* ---------- cluster ---------- */

CREATE FUNCTION pgraft_init() RETURNS boolean
AS 'MODULE_PATHNAME', 'pgraft_init'
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION pgraft_init() IS 'found a cluster of which this node is the first member';

CREATE FUNCTION pgraft_add_node(node_id integer, address text, port integer) RETURNS boolean
AS 'MODULE_PATHNAME', 'pgraft_add_node'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION pgraft_add_node(integer, text, integer) IS 'make a node a member of the cluster';

CREATE FUNCTION pgraft_replace_node(old_id integer, new_id integer, address text, port integer) RETURNS boolean
AS 'MODULE_PATHNAME', 'pgraft_replace_node'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION pgraft_replace_node(integer, integer, text, integer) IS 'put a new node in the place of a member';

CREATE FUNCTION pgraft_remove_node(node_id integer) RETURNS boolean
AS 'MODULE_PATHNAME', 'pgraft_remove_node'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION pgraft_remove_node(integer) IS 'take a member out of the cluster, for good';

CREATE FUNCTION pgraft_transfer_leadership(node_id integer DEFAULT 0) RETURNS boolean
AS 'MODULE_PATHNAME', 'pgraft_transfer_leadership'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION pgraft_transfer_leadership(integer) IS 'hand the leadership to a member, 0 for any other';

CREATE FUNCTION pgraft_snapshot() RETURNS bigint
AS 'MODULE_PATHNAME', 'pgraft_snapshot'
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION pgraft_snapshot() IS 'take a snapshot of this node''s store; returns the last log index in it';

CREATE FUNCTION pgraft_test() RETURNS boolean
AS 'MODULE_PATHNAME', 'pgraft_test'
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION pgraft_test() IS 'run the self-test of this node; what it found comes as notices';

CREATE FUNCTION pgraft_set_debug(enabled boolean) RETURNS boolean
AS 'MODULE_PATHNAME', 'pgraft_set_debug'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION pgraft_set_debug(boolean) IS 'turn the engine''s debug messages on or off until the worker restarts';

/* ---------- backup ---------- */

CREATE FUNCTION pgraft_backup(
    path text,
    consistency text DEFAULT 'linearizable',
    OUT file text,
    OUT cluster_id text,
    OUT node_id integer,
    OUT term bigint,
    OUT index bigint,
    OUT revision bigint,
    OUT keys bigint,
    OUT created timestamptz,
    OUT log_tail bigint,
    OUT bytes bigint,
    OUT sha256 text)
AS 'MODULE_PATHNAME', 'pgraft_backup'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION pgraft_backup(text, text) IS 'write the store to a new file on the server';

CREATE FUNCTION pgraft_backup_verify(
    path text,
    OUT file text,
    OUT cluster_id text,
    OUT node_id integer,
    OUT term bigint,
    OUT index bigint,
    OUT revision bigint,
    OUT keys bigint,
    OUT created timestamptz,
    OUT log_tail bigint,
    OUT bytes bigint,
    OUT sha256 text)
AS 'MODULE_PATHNAME', 'pgraft_backup_verify'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION pgraft_backup_verify(text) IS 'read a backup on the server as a whole, and check it';

CREATE FUNCTION pgraft_rescue(
    path text,
    OUT file text,
    OUT cluster_id text,
    OUT node_id integer,
    OUT term bigint,
    OUT index bigint,
    OUT revision bigint,
    OUT keys bigint,
    OUT created timestamptz,
    OUT log_tail bigint,
    OUT bytes bigint,
    OUT sha256 text)
AS 'MODULE_PATHNAME', 'pgraft_rescue'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION pgraft_rescue(text) IS 'after the loss of a majority: write the store and the rest of this node''s log, committed or not, to a new file on the server';

CREATE FUNCTION pgraft_init(restore_from text) RETURNS boolean
AS 'MODULE_PATHNAME', 'pgraft_init_from'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION pgraft_init(text) IS 'found a cluster of which this node is the first member, with the store of a backup';

/* ---------- status ---------- */

CREATE FUNCTION pgraft_is_leader() RETURNS boolean
AS 'MODULE_PATHNAME', 'pgraft_is_leader'
LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION pgraft_is_leader() IS 'whether this node holds an unexpired leadership lease; true on at most one node at any instant';

CREATE FUNCTION pgraft_get_leader() RETURNS bigint
AS 'MODULE_PATHNAME', 'pgraft_get_leader'
LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION pgraft_get_leader() IS 'node that this one believes to lead: 0 when none is known, null when the worker does not run';

CREATE FUNCTION pgraft_get_term() RETURNS bigint
AS 'MODULE_PATHNAME', 'pgraft_get_term'
LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION pgraft_get_term() IS 'current Raft term, null when the worker does not run';

CREATE FUNCTION pgraft_get_worker_state() RETURNS text
AS 'MODULE_PATHNAME', 'pgraft_get_worker_state'
LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION pgraft_get_worker_state() IS 'STOPPED, INITIALIZING, WAITING, RUNNING, STOPPING, ERROR, or UNKNOWN when its heartbeat is old';

CREATE FUNCTION pgraft_node_status(
    OUT node_id integer,
    OUT cluster_id text,
    OUT worker_state text,
    OUT message text,
    OUT worker_pid integer,
    OUT heartbeat_age_ms bigint,
    OUT state text,
    OUT current_term bigint,
    OUT leader_id bigint,
    OUT has_lease boolean,
    OUT lease_remaining_ms bigint,
    OUT num_nodes integer,
    OUT first_log_index bigint,
    OUT last_log_index bigint,
    OUT last_log_term bigint,
    OUT commit_index bigint,
    OUT applied_index bigint,
    OUT applied_term bigint,
    OUT revision bigint,
    OUT compacted_revision bigint,
    OUT keys bigint,
    OUT key_bytes bigint,
    OUT store_generation bigint,
    OUT store_size bigint,
    OUT store_quota bigint,
    OUT snapshot_index bigint,
    OUT snapshot_term bigint,
    OUT snapshot_time timestamptz,
    OUT elections bigint,
    OUT lease_rounds bigint,
    OUT requests_ok bigint,
    OUT requests_failed bigint,
    OUT requests_unknown bigint,
    OUT metrics_state text,
    OUT metrics_message text,
    OUT jvm_heap_used bigint,
    OUT jvm_heap_max bigint)
AS 'MODULE_PATHNAME', 'pgraft_node_status'
LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION pgraft_node_status() IS 'all that this node knows of itself; null is unknown';

CREATE FUNCTION pgraft_members() RETURNS TABLE (
    node_id integer,
    name text,
    address text,
    port integer,
    is_voter boolean,
    is_leader boolean,
    reachable boolean,
    current_term bigint,
    match_index bigint,
    next_index bigint,
    applied_index bigint,
    last_contact_ms bigint,
    store_size bigint,
    uptime_ms bigint,
    age_ms bigint)
AS 'MODULE_PATHNAME', 'pgraft_members'
LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED ROWS 5;
COMMENT ON FUNCTION pgraft_members() IS 'the members, with what the lease holder last measured of each; null is unknown';

CREATE FUNCTION pgraft_get_cluster_status() RETURNS TABLE (
    node_id integer,
    current_term bigint,
    leader_id bigint,
    state text,
    num_nodes integer,
    messages_processed bigint,
    heartbeats_sent bigint,
    elections_triggered bigint)
AS 'MODULE_PATHNAME', 'pgraft_get_cluster_status'
LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED ROWS 1;
COMMENT ON FUNCTION pgraft_get_cluster_status() IS 'this node''s view of the cluster, one row';

CREATE FUNCTION pgraft_get_nodes() RETURNS TABLE (
    node_id integer,
    address text,
    port integer,
    is_leader boolean)
AS 'MODULE_PATHNAME', 'pgraft_get_nodes'
LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED ROWS 5;
COMMENT ON FUNCTION pgraft_get_nodes() IS 'the members of the cluster';

CREATE FUNCTION pgraft_get_nodes_from_raft() RETURNS text
AS 'MODULE_PATHNAME', 'pgraft_get_nodes_from_raft'
LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION pgraft_get_nodes_from_raft() IS 'the members of the Raft configuration in force, as a JSON array';

CREATE FUNCTION pgraft_get_queue_status() RETURNS TABLE (
    cmd_position integer,
    command_type integer,
    node_id integer,
    address text,
    port integer,
    log_data text)
AS 'MODULE_PATHNAME', 'pgraft_get_queue_status'
LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED ROWS 10;
COMMENT ON FUNCTION pgraft_get_queue_status() IS 'requests of this node''s sessions that wait or are being carried out';

CREATE FUNCTION pgraft_lease_history() RETURNS TABLE (
    node_id integer,
    term bigint,
    from_ns bigint,
    until_ns bigint,
    from_time timestamptz,
    ended text)
AS 'MODULE_PATHNAME', 'pgraft_lease_history'
LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED ROWS 100;
COMMENT ON FUNCTION pgraft_lease_history() IS 'when this node held the leadership lease since the server started';

/* ---------- log ---------- */

CREATE FUNCTION pgraft_log_append(term bigint, data text) RETURNS bigint
AS 'MODULE_PATHNAME', 'pgraft_log_append'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION pgraft_log_append(bigint, text) IS 'append an entry that is rejected unless the Raft term is the given one; returns its index once applied';

CREATE FUNCTION pgraft_replicate_entry(entry_data text) RETURNS boolean
AS 'MODULE_PATHNAME', 'pgraft_replicate_entry'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION pgraft_replicate_entry(text) IS 'append an entry in the current term; true once a majority has it and it is applied';

CREATE FUNCTION pgraft_log_commit(index bigint) RETURNS boolean
AS 'MODULE_PATHNAME', 'pgraft_log_commit'
LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION pgraft_log_commit(bigint) IS 'wait until a position of the log is known here to be committed';

CREATE FUNCTION pgraft_log_apply(index bigint) RETURNS boolean
AS 'MODULE_PATHNAME', 'pgraft_log_apply'
LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION pgraft_log_apply(bigint) IS 'wait until a position of the log is applied on this node';

CREATE FUNCTION pgraft_log_sync_with_leader() RETURNS boolean
AS 'MODULE_PATHNAME', 'pgraft_log_sync_with_leader'
LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION pgraft_log_sync_with_leader() IS 'wait until this node has applied all that the lease holder had applied when the call began';

CREATE FUNCTION pgraft_log_get_entry(index bigint) RETURNS text
AS 'MODULE_PATHNAME', 'pgraft_log_get_entry'
LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION pgraft_log_get_entry(bigint) IS 'an entry of this node''s log as a JSON object';

CREATE FUNCTION pgraft_log_list(from_index bigint DEFAULT 0, max_rows integer DEFAULT 1000) RETURNS TABLE (
    index bigint,
    term bigint,
    kind integer,
    type text,
    data text,
    proposed_at timestamptz,
    committed boolean,
    applied boolean)
AS 'MODULE_PATHNAME', 'pgraft_log_list'
LANGUAGE C VOLATILE PARALLEL RESTRICTED ROWS 1000;
COMMENT ON FUNCTION pgraft_log_list(bigint, integer) IS 'entries of this node''s log from an index on, 0 for the first one kept';

CREATE FUNCTION pgraft_log_get_stats() RETURNS TABLE (
    log_size bigint,
    last_index bigint,
    commit_index bigint,
    last_applied bigint,
    replicated bigint,
    committed bigint,
    applied bigint,
    errors bigint)
AS 'MODULE_PATHNAME', 'pgraft_log_get_stats'
LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED ROWS 1;
COMMENT ON FUNCTION pgraft_log_get_stats() IS 'figures of this node''s log, one row';

CREATE FUNCTION pgraft_log_get_replication_status() RETURNS TABLE (
    node_id integer,
    match_index bigint,
    next_index bigint,
    lag bigint,
    last_contact_ms bigint,
    reachable boolean,
    is_active boolean)
AS 'MODULE_PATHNAME', 'pgraft_log_get_replication_status'
LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED ROWS 5;
COMMENT ON FUNCTION pgraft_log_get_replication_status() IS 'how far the log of each member is, as the lease holder last saw it';

CREATE FUNCTION pgraft_get_applied_index() RETURNS bigint
AS 'MODULE_PATHNAME', 'pgraft_get_applied_index'
LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION pgraft_get_applied_index() IS 'highest log index applied on this node, null when the worker does not run';

/* ---------- key-value store: writes ---------- */

CREATE FUNCTION pgraft_kv_put(key text, value text) RETURNS boolean
AS 'MODULE_PATHNAME', 'pgraft_kv_put'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION pgraft_kv_put(text, text) IS 'store a value; true once a majority has it on disk and it is applied';

CREATE FUNCTION pgraft_kv_put(key bytea, value bytea) RETURNS boolean
AS 'MODULE_PATHNAME', 'pgraft_kv_put_bytea'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION pgraft_kv_put(bytea, bytea) IS 'store a value; true once a majority has it on disk and it is applied';

CREATE FUNCTION pgraft_kv_put_revision(key text, value text) RETURNS bigint
AS 'MODULE_PATHNAME', 'pgraft_kv_put_revision'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION pgraft_kv_put_revision(text, text) IS 'store a value; returns the revision that holds it';

CREATE FUNCTION pgraft_kv_put_revision(key bytea, value bytea) RETURNS bigint
AS 'MODULE_PATHNAME', 'pgraft_kv_put_revision_bytea'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION pgraft_kv_put_revision(bytea, bytea) IS 'store a value; returns the revision that holds it';

CREATE FUNCTION pgraft_kv_put_many(keys text[], vals text[]) RETURNS bigint
AS 'MODULE_PATHNAME', 'pgraft_kv_put_many'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION pgraft_kv_put_many(text[], text[]) IS 'store several values, all or none, at one revision; returns it';

CREATE FUNCTION pgraft_kv_delete(key text) RETURNS boolean
AS 'MODULE_PATHNAME', 'pgraft_kv_delete'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION pgraft_kv_delete(text) IS 'delete a key; whether it existed';

CREATE FUNCTION pgraft_kv_delete(key bytea) RETURNS boolean
AS 'MODULE_PATHNAME', 'pgraft_kv_delete_bytea'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION pgraft_kv_delete(bytea) IS 'delete a key; whether it existed';

CREATE FUNCTION pgraft_kv_delete_prefix(prefix text) RETURNS bigint
AS 'MODULE_PATHNAME', 'pgraft_kv_delete_prefix'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION pgraft_kv_delete_prefix(text) IS 'delete the keys that begin with a prefix, all at once; returns how many';

CREATE FUNCTION pgraft_kv_delete_prefix(prefix bytea) RETURNS bigint
AS 'MODULE_PATHNAME', 'pgraft_kv_delete_prefix_bytea'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION pgraft_kv_delete_prefix(bytea) IS 'delete the keys that begin with a prefix, all at once; returns how many';

CREATE FUNCTION pgraft_kv_compare_and_set(key text, expected text, value text) RETURNS boolean
AS 'MODULE_PATHNAME', 'pgraft_kv_compare_and_set'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION pgraft_kv_compare_and_set(text, text, text) IS 'store a value if the key has the expected one, null for none; whether it was stored';

CREATE FUNCTION pgraft_kv_compare_and_set(key bytea, expected bytea, value bytea) RETURNS boolean
AS 'MODULE_PATHNAME', 'pgraft_kv_compare_and_set_bytea'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION pgraft_kv_compare_and_set(bytea, bytea, bytea) IS 'store a value if the key has the expected one, null for none; whether it was stored';

CREATE FUNCTION pgraft_kv_compare_and_set_revision(key text, expected_mod_revision bigint, value text) RETURNS boolean
AS 'MODULE_PATHNAME', 'pgraft_kv_compare_and_set_revision'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION pgraft_kv_compare_and_set_revision(text, bigint, text) IS 'store a value if the key was last changed at a revision, 0 for a key that does not exist; whether it was stored';

CREATE FUNCTION pgraft_kv_compare_and_set_revision(key bytea, expected_mod_revision bigint, value bytea) RETURNS boolean
AS 'MODULE_PATHNAME', 'pgraft_kv_compare_and_set_revision_bytea'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION pgraft_kv_compare_and_set_revision(bytea, bigint, bytea) IS 'store a value if the key was last changed at a revision, 0 for a key that does not exist; whether it was stored';

CREATE FUNCTION pgraft_kv_txn(compares jsonb, success jsonb, failure jsonb DEFAULT '[]') RETURNS jsonb
AS 'MODULE_PATHNAME', 'pgraft_kv_txn'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION pgraft_kv_txn(jsonb, jsonb, jsonb) IS 'carry out one list of operations when all comparisons hold, otherwise another, atomically';

CREATE FUNCTION pgraft_kv_compact(revision bigint DEFAULT 0) RETURNS boolean
AS 'MODULE_PATHNAME', 'pgraft_kv_compact'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION pgraft_kv_compact(bigint) IS 'forget the history before a revision, 0 for the current one';

CREATE FUNCTION pgraft_kv_reset() RETURNS boolean
AS 'MODULE_PATHNAME', 'pgraft_kv_reset'
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION pgraft_kv_reset() IS 'delete every key on every member';

/* ---------- key-value store: reads ---------- */

CREATE FUNCTION pgraft_kv_get(key text, consistency text DEFAULT NULL) RETURNS text
AS 'MODULE_PATHNAME', 'pgraft_kv_get'
LANGUAGE C VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION pgraft_kv_get(text, text) IS 'value of a key, null when it does not exist';

CREATE FUNCTION pgraft_kv_get(key bytea, consistency text DEFAULT NULL) RETURNS bytea
AS 'MODULE_PATHNAME', 'pgraft_kv_get_bytea'
LANGUAGE C VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION pgraft_kv_get(bytea, text) IS 'value of a key, null when it does not exist';

CREATE FUNCTION pgraft_kv_get_entry(key text, at_revision bigint DEFAULT 0, consistency text DEFAULT NULL) RETURNS TABLE (
    key text,
    value text,
    version bigint,
    create_revision bigint,
    mod_revision bigint,
    created_at timestamptz,
    updated_at timestamptz)
AS 'MODULE_PATHNAME', 'pgraft_kv_get_entry'
LANGUAGE C VOLATILE PARALLEL RESTRICTED ROWS 1;
COMMENT ON FUNCTION pgraft_kv_get_entry(text, bigint, text) IS 'a key with its revisions, now or as it was at a revision';

CREATE FUNCTION pgraft_kv_get_entry(key bytea, at_revision bigint DEFAULT 0, consistency text DEFAULT NULL) RETURNS TABLE (
    key bytea,
    value bytea,
    version bigint,
    create_revision bigint,
    mod_revision bigint,
    created_at timestamptz,
    updated_at timestamptz)
AS 'MODULE_PATHNAME', 'pgraft_kv_get_entry_bytea'
LANGUAGE C VOLATILE PARALLEL RESTRICTED ROWS 1;
COMMENT ON FUNCTION pgraft_kv_get_entry(bytea, bigint, text) IS 'a key with its revisions, now or as it was at a revision';

CREATE FUNCTION pgraft_kv_exists(key text, consistency text DEFAULT NULL) RETURNS boolean
AS 'MODULE_PATHNAME', 'pgraft_kv_exists'
LANGUAGE C VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION pgraft_kv_exists(text, text) IS 'whether a key exists';

CREATE FUNCTION pgraft_kv_exists(key bytea, consistency text DEFAULT NULL) RETURNS boolean
AS 'MODULE_PATHNAME', 'pgraft_kv_exists_bytea'
LANGUAGE C VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION pgraft_kv_exists(bytea, text) IS 'whether a key exists';

CREATE FUNCTION pgraft_kv_list_keys(consistency text DEFAULT NULL) RETURNS SETOF text
AS 'MODULE_PATHNAME', 'pgraft_kv_list_keys'
LANGUAGE C VOLATILE PARALLEL RESTRICTED ROWS 1000;
COMMENT ON FUNCTION pgraft_kv_list_keys(text) IS 'all keys, in the order of their bytes';

CREATE FUNCTION pgraft_kv_list(
    prefix text DEFAULT '',
    max_rows bigint DEFAULT NULL,
    start_after text DEFAULT NULL,
    at_revision bigint DEFAULT 0,
    consistency text DEFAULT NULL)
RETURNS TABLE (
    key text,
    value text,
    version bigint,
    create_revision bigint,
    mod_revision bigint,
    created_at timestamptz,
    updated_at timestamptz)
AS 'MODULE_PATHNAME', 'pgraft_kv_list'
LANGUAGE C VOLATILE PARALLEL RESTRICTED ROWS 1000;
COMMENT ON FUNCTION pgraft_kv_list(text, bigint, text, bigint, text) IS 'keys that begin with a prefix, with values and revisions, all of one revision';

CREATE FUNCTION pgraft_kv_list(
    prefix bytea,
    max_rows bigint DEFAULT NULL,
    start_after bytea DEFAULT NULL,
    at_revision bigint DEFAULT 0,
    consistency text DEFAULT NULL)
RETURNS TABLE (
    key bytea,
    value bytea,
    version bigint,
    create_revision bigint,
    mod_revision bigint,
    created_at timestamptz,
    updated_at timestamptz)
AS 'MODULE_PATHNAME', 'pgraft_kv_list_bytea'
LANGUAGE C VOLATILE PARALLEL RESTRICTED ROWS 1000;
COMMENT ON FUNCTION pgraft_kv_list(bytea, bigint, bytea, bigint, text) IS 'keys that begin with a prefix, with values and revisions, all of one revision';

CREATE FUNCTION pgraft_kv_watch(
    prefix text,
    from_revision bigint DEFAULT 0,
    timeout_ms integer DEFAULT NULL,
    max_events integer DEFAULT 1000)
RETURNS TABLE (
    revision bigint,
    event text,
    key text,
    value text,
    version bigint,
    create_revision bigint,
    modified_at timestamptz)
AS 'MODULE_PATHNAME', 'pgraft_kv_watch'
LANGUAGE C VOLATILE PARALLEL RESTRICTED ROWS 100;
COMMENT ON FUNCTION pgraft_kv_watch(text, bigint, integer, integer) IS 'what changed of the keys that begin with a prefix, from a revision on; waits for the first change';

CREATE FUNCTION pgraft_kv_watch(
    prefix bytea,
    from_revision bigint DEFAULT 0,
    timeout_ms integer DEFAULT NULL,
    max_events integer DEFAULT 1000)
RETURNS TABLE (
    revision bigint,
    event text,
    key bytea,
    value bytea,
    version bigint,
    create_revision bigint,
    modified_at timestamptz)
AS 'MODULE_PATHNAME', 'pgraft_kv_watch_bytea'
LANGUAGE C VOLATILE PARALLEL RESTRICTED ROWS 100;
COMMENT ON FUNCTION pgraft_kv_watch(bytea, bigint, integer, integer) IS 'what changed of the keys that begin with a prefix, from a revision on; waits for the first change';

CREATE FUNCTION pgraft_kv_revision(consistency text DEFAULT NULL) RETURNS bigint
AS 'MODULE_PATHNAME', 'pgraft_kv_revision'
LANGUAGE C VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION pgraft_kv_revision(text) IS 'the store''s revision';

CREATE FUNCTION pgraft_kv_get_stats() RETURNS TABLE (
    num_entries integer,
    total_operations bigint,
    last_applied_index bigint,
    puts bigint,
    deletes bigint,
    gets bigint,
    active_entries integer,
    deleted_entries integer,
    revision bigint,
    compacted_revision bigint,
    total_bytes bigint,
    store_size bigint,
    store_quota bigint)
AS 'MODULE_PATHNAME', 'pgraft_kv_get_stats'
LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED ROWS 1;
COMMENT ON FUNCTION pgraft_kv_get_stats() IS 'figures of this node''s store, one row';

CREATE FUNCTION pgraft_kv_hash(revision bigint DEFAULT 0, OUT hash bigint, OUT hash_revision bigint)
AS 'MODULE_PATHNAME', 'pgraft_kv_hash'
LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION pgraft_kv_hash(bigint) IS 'hash of this node''s store at a revision; the same on every member';

/* ---------- views in the target schema ---------- */

CREATE VIEW pgraft_cluster_state AS
SELECT s.leader_id,
       s.current_term,
       s.state,
       s.num_nodes,
       s.requests_ok + s.requests_failed + s.requests_unknown AS messages_processed,
       s.lease_rounds AS heartbeats_sent,
       s.elections AS elections_triggered,
       s.node_id,
       m.address,
       m.port,
       s.worker_state AS worker_status,
       s.worker_state = 'RUNNING' AS initialized,
       @extschema@.pgraft_is_leader() AS is_leader
  FROM @extschema@.pgraft_node_status() s
  LEFT JOIN @extschema@.pgraft_members() m ON m.node_id = s.node_id;
COMMENT ON VIEW pgraft_cluster_state IS 'this node''s view of the cluster, one row';

CREATE VIEW pgraft_worker_status AS
SELECT w.worker_state,
       w.worker_state = 'RUNNING' AS is_running
  FROM @extschema@.pgraft_get_worker_state() AS w(worker_state);
COMMENT ON VIEW pgraft_worker_status IS 'state of this node''s worker';

CREATE VIEW pgraft_cluster_overview AS
SELECT s.worker_state,
       s.leader_id,
       s.current_term,
       s.state,
       @extschema@.pgraft_is_leader() AS is_leader,
       s.num_nodes,
       s.requests_ok + s.requests_failed + s.requests_unknown AS messages_processed
  FROM @extschema@.pgraft_node_status() s;
COMMENT ON VIEW pgraft_cluster_overview IS 'the cluster in short, one row';

CREATE VIEW pgraft_nodes AS
SELECT m.node_id,
       m.address,
       m.port,
       m.is_leader,
       m.current_term,
       CASE
           WHEN m.is_leader THEN 'leader'
           WHEN m.reachable IS NULL THEN 'unknown'
           WHEN NOT m.reachable THEN 'unreachable'
           WHEN m.is_voter THEN 'follower'
           ELSE 'learner'
       END AS state
  FROM @extschema@.pgraft_members() m;
COMMENT ON VIEW pgraft_nodes IS 'the members of the cluster and their state';

CREATE VIEW pgraft_log_status AS
SELECT s.node_id,
       l.log_size,
       l.last_index,
       l.commit_index,
       l.last_applied,
       l.replicated,
       l.committed,
       l.applied,
       l.errors
  FROM @extschema@.pgraft_node_status() s
 CROSS JOIN @extschema@.pgraft_log_get_stats() l;
COMMENT ON VIEW pgraft_log_status IS 'figures of this node''s log, one row';

CREATE VIEW pgraft_kv_status AS
SELECT k.num_entries,
       k.active_entries,
       k.deleted_entries,
       k.total_operations,
       k.puts,
       k.gets,
       k.deletes,
       k.last_applied_index,
       CASE
           WHEN k.store_size >= k.store_quota THEN 'FULL'
           WHEN k.num_entries = 0 THEN 'EMPTY'
           WHEN k.deleted_entries > k.active_entries THEN 'NEEDS_COMPACTION'
           ELSE 'HEALTHY'
       END AS status
  FROM @extschema@.pgraft_kv_get_stats() k;
COMMENT ON VIEW pgraft_kv_status IS 'figures of this node''s store and what they mean, one row';

/* ---------- views in the schema pgraft ---------- */

CREATE VIEW pgraft.member_list AS
SELECT n.node_id AS memberid,
       m.name,
       n.address || ':' || n.port AS peerurls,
       NOT m.is_voter AS islearner,
       n.state AS status
  FROM @extschema@.pgraft_nodes n
  JOIN @extschema@.pgraft_members() m USING (node_id);
COMMENT ON VIEW pgraft.member_list IS 'the members of the cluster';

CREATE VIEW pgraft.member_details AS
SELECT m.node_id AS id,
       m.name,
       m.address || ':' || m.port AS peerurls,
       m.is_leader AS isleader,
       NOT m.is_voter AS islearner,
       m.reachable,
       m.current_term AS raftterm,
       m.match_index,
       m.next_index,
       m.applied_index,
       m.store_size AS dbsize,
       m.uptime_ms * interval '1 millisecond' AS uptime,
       m.last_contact_ms * interval '1 millisecond' AS last_contact,
       m.age_ms * interval '1 millisecond' AS measured
  FROM @extschema@.pgraft_members() m;
COMMENT ON VIEW pgraft.member_details IS 'the members with all that the lease holder last measured of each';

CREATE VIEW pgraft.endpoint_status AS
SELECT m.address || ':' || m.port AS endpoint,
       m.is_leader AS isleader,
       m.current_term AS raftterm,
       m.match_index AS raftindex,
       m.applied_index AS raftappliedindex,
       m.store_size AS dbsize,
       nullif(s.leader_id, 0) AS leader,
       l.match_index AS leaderindex,
       m.uptime_ms * interval '1 millisecond' AS uptime
  FROM @extschema@.pgraft_members() m
 CROSS JOIN @extschema@.pgraft_node_status() s
  LEFT JOIN @extschema@.pgraft_members() l ON l.node_id = s.leader_id;
COMMENT ON VIEW pgraft.endpoint_status IS 'term, log and store of each member';

CREATE VIEW pgraft.endpoint_health AS
SELECT m.address || ':' || m.port AS endpoint,
       m.reachable AS health,
       m.last_contact_ms * interval '1 millisecond' AS last_contact
  FROM @extschema@.pgraft_members() m;
COMMENT ON VIEW pgraft.endpoint_health IS 'whether each member answers the lease holder, null when it is unknown';

CREATE VIEW pgraft.cluster_health AS
SELECT m.node_id AS member,
       m.is_leader AS isleader,
       NOT m.is_voter AS islearner,
       CASE
           WHEN m.reachable IS NULL THEN 'unknown'
           WHEN m.reachable THEN 'healthy'
           ELSE 'unreachable'
       END AS health
  FROM @extschema@.pgraft_members() m;
COMMENT ON VIEW pgraft.cluster_health IS 'health of each member';

CREATE VIEW pgraft.cluster_info AS
SELECT s.cluster_id AS clusterid,
       s.num_nodes AS membercount,
       nullif(s.leader_id, 0) AS leader,
       s.current_term AS raftterm,
       s.last_log_index AS raftindex,
       s.applied_index AS raftappliedindex
  FROM @extschema@.pgraft_node_status() s;
COMMENT ON VIEW pgraft.cluster_info IS 'the cluster as this node sees it, one row';

CREATE VIEW pgraft.replication_status AS
SELECT r.node_id,
       r.match_index,
       r.next_index,
       r.lag,
       r.last_contact_ms,
       r.reachable,
       r.is_active
  FROM @extschema@.pgraft_log_get_replication_status() r;
COMMENT ON VIEW pgraft.replication_status IS 'how far the log of each member is';

CREATE VIEW pgraft.snapshot_status AS
SELECT s.snapshot_index,
       s.snapshot_term,
       s.snapshot_time AS taken_at,
       s.applied_index - s.snapshot_index AS entries_since
  FROM @extschema@.pgraft_node_status() s
 WHERE s.snapshot_index IS NOT NULL;
COMMENT ON VIEW pgraft.snapshot_status IS 'the newest snapshot of this node, no row when there is none';

CREATE VIEW pgraft.alarm_list AS
SELECT 'NOSPACE' AS alarm, m.node_id AS memberid
  FROM @extschema@.pgraft_members() m
 CROSS JOIN @extschema@.pgraft_node_status() s
 WHERE m.store_size >= s.store_quota
UNION ALL
SELECT 'UNREACHABLE', m.node_id
  FROM @extschema@.pgraft_members() m
 WHERE NOT m.reachable
UNION ALL
SELECT 'NOLEADER', s.node_id
  FROM @extschema@.pgraft_node_status() s
 WHERE s.leader_id = 0
UNION ALL
SELECT 'WORKER', s.node_id
  FROM @extschema@.pgraft_node_status() s
 WHERE s.worker_state IN ('STOPPED', 'ERROR', 'UNKNOWN');
COMMENT ON VIEW pgraft.alarm_list IS 'what is wrong at the moment, no row when nothing is';

CREATE VIEW pgraft.lease_history AS
SELECT h.node_id,
       h.term,
       h.from_ns,
       h.until_ns,
       h.from_time,
       h.ended
  FROM @extschema@.pgraft_lease_history() h;
COMMENT ON VIEW pgraft.lease_history IS 'when this node held the leadership lease since the server started';

CREATE VIEW pgraft.endpoint_hashkv AS
SELECT m.address || ':' || m.port AS endpoint,
       h.hash,
       h.hash_revision
  FROM @extschema@.pgraft_kv_hash() h
 CROSS JOIN @extschema@.pgraft_node_status() s
  LEFT JOIN @extschema@.pgraft_members() m ON m.node_id = s.node_id;
COMMENT ON VIEW pgraft.endpoint_hashkv IS 'hash of this node''s store, computed when asked';

CREATE VIEW pgraft.kv AS
SELECT k.key,
       k.value,
       k.version,
       k.create_revision,
       k.mod_revision,
       k.created_at,
       k.updated_at
  FROM @extschema@.pgraft_kv_list() k;
COMMENT ON VIEW pgraft.kv IS 'the key-value store';

CREATE VIEW pgraft.kv_status AS
SELECT k.key,
       k.value,
       k.version,
       k.create_revision,
       k.mod_revision
  FROM @extschema@.pgraft_kv_list() k;
COMMENT ON VIEW pgraft.kv_status IS 'the key-value store, without times';

CREATE VIEW pgraft.applied_entries AS
SELECT l.index AS raft_index,
       l.term AS raft_term,
       l.kind AS entry_type,
       l.proposed_at
  FROM @extschema@.pgraft_log_list(0, 2147483647) l
 WHERE l.applied;
COMMENT ON VIEW pgraft.applied_entries IS 'entries of this node''s log that are applied, from the first one kept on';

CREATE VIEW pgraft.log_index_mapping AS
SELECT l.index AS raft_index,
       l.type AS operation_type,
       l.data AS operation_data,
       l.proposed_at
  FROM @extschema@.pgraft_log_list(0, 2147483647) l;
COMMENT ON VIEW pgraft.log_index_mapping IS 'what each entry of this node''s log does, from the first one kept on';

/*
 * Who may do what. What changes state and what shows keys or values is for the
 * owner and for those whom it is granted to. Status is for pg_monitor; who leads
 * is for everybody, because connection poolers and health checks ask it.
 */
REVOKE ALL ON FUNCTION
    pgraft_init(),
    pgraft_init(text),
    pgraft_backup(text, text),
    pgraft_backup_verify(text),
    pgraft_rescue(text),
    pgraft_add_node(integer, text, integer),
    pgraft_replace_node(integer, integer, text, integer),
    pgraft_remove_node(integer),
    pgraft_transfer_leadership(integer),
    pgraft_snapshot(),
    pgraft_test(),
    pgraft_set_debug(boolean),
    pgraft_log_append(bigint, text),
    pgraft_replicate_entry(text),
    pgraft_log_get_entry(bigint),
    pgraft_log_list(bigint, integer),
    pgraft_kv_put(text, text),
    pgraft_kv_put(bytea, bytea),
    pgraft_kv_put_revision(text, text),
    pgraft_kv_put_revision(bytea, bytea),
    pgraft_kv_put_many(text[], text[]),
    pgraft_kv_delete(text),
    pgraft_kv_delete(bytea),
    pgraft_kv_delete_prefix(text),
    pgraft_kv_delete_prefix(bytea),
    pgraft_kv_compare_and_set(text, text, text),
    pgraft_kv_compare_and_set(bytea, bytea, bytea),
    pgraft_kv_compare_and_set_revision(text, bigint, text),
    pgraft_kv_compare_and_set_revision(bytea, bigint, bytea),
    pgraft_kv_txn(jsonb, jsonb, jsonb),
    pgraft_kv_compact(bigint),
    pgraft_kv_reset(),
    pgraft_kv_watch(text, bigint, integer, integer),
    pgraft_kv_watch(bytea, bigint, integer, integer),
    pgraft_kv_get(text, text),
    pgraft_kv_get(bytea, text),
    pgraft_kv_get_entry(text, bigint, text),
    pgraft_kv_get_entry(bytea, bigint, text),
    pgraft_kv_exists(text, text),
    pgraft_kv_exists(bytea, text),
    pgraft_kv_list_keys(text),
    pgraft_kv_list(text, bigint, text, bigint, text),
    pgraft_kv_list(bytea, bigint, bytea, bigint, text),
    pgraft_get_worker_state(),
    pgraft_node_status(),
    pgraft_members(),
    pgraft_get_cluster_status(),
    pgraft_get_nodes(),
    pgraft_get_nodes_from_raft(),
    pgraft_get_queue_status(),
    pgraft_lease_history(),
    pgraft_log_commit(bigint),
    pgraft_log_apply(bigint),
    pgraft_log_sync_with_leader(),
    pgraft_log_get_stats(),
    pgraft_log_get_replication_status(),
    pgraft_get_applied_index(),
    pgraft_kv_revision(text),
    pgraft_kv_get_stats(),
    pgraft_kv_hash(bigint)
FROM PUBLIC;

GRANT EXECUTE ON FUNCTION
    pgraft_get_worker_state(),
    pgraft_node_status(),
    pgraft_members(),
    pgraft_get_cluster_status(),
    pgraft_get_nodes(),
    pgraft_get_nodes_from_raft(),
    pgraft_get_queue_status(),
    pgraft_lease_history(),
    pgraft_log_commit(bigint),
    pgraft_log_apply(bigint),
    pgraft_log_sync_with_leader(),
    pgraft_log_get_stats(),
    pgraft_log_get_replication_status(),
    pgraft_get_applied_index(),
    pgraft_kv_revision(text),
    pgraft_kv_get_stats(),
    pgraft_kv_hash(bigint)
TO pg_monitor;

GRANT SELECT ON
    pgraft_cluster_state,
    pgraft_worker_status,
    pgraft_cluster_overview,
    pgraft_nodes,
    pgraft_log_status,
    pgraft_kv_status,
    pgraft.member_list,
    pgraft.member_details,
    pgraft.endpoint_status,
    pgraft.endpoint_health,
    pgraft.cluster_health,
    pgraft.cluster_info,
    pgraft.replication_status,
    pgraft.snapshot_status,
    pgraft.alarm_list,
    pgraft.lease_history,
    pgraft.endpoint_hashkv
TO pg_monitor;
