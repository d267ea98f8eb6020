--
-- A node that is a member of no cluster, and pgraft_init().
--
\set VERBOSITY verbose
\set SHOW_CONTEXT never

-- the worker is ready in a moment
DO $$
BEGIN
    FOR i IN 1..300 LOOP
        EXIT WHEN pgraft_get_worker_state() = 'WAITING';
        PERFORM pg_sleep(0.1);
    END LOOP;
END
$$;
SELECT pgraft_get_worker_state();
SELECT pgraft_is_leader();
SELECT pgraft_get_leader();
SELECT count(*) FROM pgraft_get_nodes();
\set VERBOSITY sqlstate
SELECT pgraft_kv_put('a', '1');
SELECT pgraft_kv_get('a');
SELECT pgraft_log_append(1, 'x');
\set VERBOSITY default

SELECT pgraft_init();
SELECT pgraft_get_worker_state();
SELECT pgraft_is_leader();
SELECT pgraft_get_leader();
SELECT pgraft_get_term() > 0 AS term;
-- a second call confirms the first
SELECT pgraft_init();
SELECT node_id, address, port = current_setting('pgraft.port')::int AS port, is_leader FROM pgraft_get_nodes();
