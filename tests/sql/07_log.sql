--
-- The Raft log.
--
\set SHOW_CONTEXT never
SELECT pgraft_get_term() AS term \gset
SELECT pgraft_log_append(:term, 'first') AS i1 \gset
SELECT pgraft_log_append(:term, 'second "quoted" ä') AS i2 \gset
SELECT :i2 > :i1 AS grows;
SELECT pgraft_log_commit(:i2), pgraft_log_apply(:i2), pgraft_get_applied_index() >= :i2 AS applied;
SELECT pgraft_log_get_entry(:i2)::jsonb - 'timestamp' - 'index' - 'term';
SELECT (pgraft_log_get_entry(:i2)::jsonb ->> 'index')::bigint = :i2 AS index,
       (pgraft_log_get_entry(:i2)::jsonb ->> 'term')::bigint = :term AS term,
       (pgraft_log_get_entry(:i2)::jsonb ->> 'timestamp')::timestamptz BETWEEN now() - interval '1 hour' AND now() + interval '1 hour' AS time;
SELECT pgraft_replicate_entry('third');
SELECT pgraft_log_sync_with_leader();

-- a fencing token that is not the term is refused, and nothing changes
\set VERBOSITY sqlstate
SELECT pgraft_log_append(:term + 1, 'refused');
\set VERBOSITY default

-- keys are in the log's description, values are not
SELECT pgraft_kv_put('logged', 'secret');
SELECT count(*) FILTER (WHERE data LIKE '%logged%') AS key, count(*) FILTER (WHERE data LIKE '%secret%') AS value
  FROM pgraft_log_list();
SELECT pgraft_kv_delete('logged');

SELECT type, data, committed, applied FROM pgraft_log_list(:i1, 1);
SELECT count(*) FROM pgraft_log_list(:i1, 0);
-- what was applied is on the status page when this returns
SELECT pgraft_log_apply(1);
SELECT count(*) = (SELECT log_size FROM pgraft_log_get_stats()) AS all_of_them FROM pgraft_log_list(0, 2147483647);
SELECT bool_and(applied) AS applied, min(index) = (SELECT first_log_index FROM pgraft_node_status()) AS first FROM pgraft_log_list();
SELECT log_size > 0 AS size, last_index >= commit_index AS last, commit_index >= last_applied AS commit, last_applied >= :i2 AS applied,
       committed <= log_size AS committed, applied <= committed AS kept
  FROM pgraft_log_get_stats();
SELECT node_id, reachable FROM pgraft_log_get_replication_status();

SELECT count(*) > 0 AS entries FROM pgraft.applied_entries WHERE raft_term = :term;
SELECT operation_type, operation_data FROM pgraft.log_index_mapping WHERE raft_index = :i1;

-- positions that do not exist yet
\set VERBOSITY sqlstate
SELECT pgraft_log_get_entry(:i2 + 1000000);
\set VERBOSITY default
SELECT count(*) FROM pgraft_log_list(:i2 + 1000000);

-- a snapshot
SELECT pgraft_snapshot() >= :i2 AS contains_them;
SELECT snapshot_index >= :i2 AS index, snapshot_term = :term AS term, entries_since >= 0 AS since,
       taken_at BETWEEN now() - interval '1 hour' AND now() + interval '1 hour' AS time
  FROM pgraft.snapshot_status;
