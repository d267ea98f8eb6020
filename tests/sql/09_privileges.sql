--
-- Who may do what.
--
\set SHOW_CONTEXT never
CREATE ROLE pgraft_nobody;
CREATE ROLE pgraft_watcher;
CREATE ROLE pgraft_application;
GRANT pg_monitor TO pgraft_watcher;
GRANT EXECUTE ON FUNCTION pgraft_kv_put(text, text), pgraft_kv_get(text, text), pgraft_kv_delete(text),
    pgraft_kv_list(text, bigint, text, bigint, text) TO pgraft_application;
GRANT USAGE ON SCHEMA pgraft TO pgraft_application;
CREATE ROLE pgraft_locker;
GRANT EXECUTE ON FUNCTION pgraft_lock(text, interval, interval, text), pgraft_unlock(bigint),
    pgraft_lease_keep_alive(bigint) TO pgraft_locker;
GRANT SELECT ON pgraft.kv TO pgraft_application;

SET ROLE pgraft_nobody;
SELECT pgraft_is_leader(), pgraft_get_leader(), pgraft_get_term() > 0 AS term, pgraft_get_version();
SELECT pgraft_kv_put('a', 'b');
SELECT pgraft_kv_get('a');
SELECT * FROM pgraft_kv_list();
SELECT pgraft_log_get_entry(1);
SELECT pgraft_init();
SELECT * FROM pgraft_node_status();
SELECT * FROM pgraft_worker_status;
SELECT * FROM pgraft.kv;
SELECT * FROM pgraft_events();
SELECT * FROM pgraft_wait_event(0, '0');
SELECT * FROM pgraft.events;
RESET ROLE;

SET ROLE pgraft_watcher;
SELECT worker_state FROM pgraft_node_status();
SELECT * FROM pgraft_worker_status;
SELECT count(*) FROM pgraft.member_list;
SELECT count(*) FROM pgraft.endpoint_hashkv;
SELECT count(*) > 0 AS events FROM pgraft.events;
SELECT count(*) > 0 AS events FROM pgraft_wait_event(0);
SELECT num_entries >= 0 FROM pgraft_kv_get_stats();
SELECT pgraft_kv_get('a');
SELECT * FROM pgraft.kv;
SELECT * FROM pgraft.applied_entries;
SELECT pgraft_kv_put('a', 'b');
SELECT pgraft_transfer_leadership();
SELECT pgraft_replace_node(1, 2, 'h', 1);
RESET ROLE;

SET ROLE pgraft_application;
SELECT pgraft_kv_put('a', 'b'), pgraft_kv_get('a');
SELECT key, value FROM pgraft.kv;
SELECT pgraft_kv_delete('a');
SELECT pgraft_kv_reset();
RESET ROLE;

-- who may lock may do nothing else with the store
SET ROLE pgraft_locker;
SELECT lease AS mine FROM pgraft_lock('job') \gset
SELECT pgraft_lease_keep_alive(:mine);
SELECT pgraft_lease_revoke(:mine);
SELECT * FROM pgraft_queue_enter('other/', 'x', '1 minute', NULL);
SELECT * FROM pgraft_leases();
SELECT * FROM pgraft.locks;
SELECT pgraft_kv_put('a', 'b', :mine);
SELECT pgraft_unlock(:mine);
SELECT * FROM pgraft_campaign('office', 'me');
RESET ROLE;

DROP OWNED BY pgraft_application, pgraft_locker;
DROP ROLE pgraft_locker;
DROP ROLE pgraft_nobody, pgraft_watcher, pgraft_application;
