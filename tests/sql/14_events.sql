--
-- What happened on this node, and waiting for what happens next.
--
\set SHOW_CONTEXT never
-- from the worker's start on
SELECT kind, detail ~ '^process \d+, start \d+ of this server$' AS detail FROM pgraft.events WHERE kind = 'worker_started' ORDER BY id LIMIT 1;
SELECT kind, detail ~ '^node 1 leads in term \d+$' AS detail FROM pgraft.events WHERE kind = 'leader_changed' ORDER BY id LIMIT 1;
SELECT kind, detail ~ '^in term \d+$' AS detail FROM pgraft.events WHERE kind = 'lease_acquired' ORDER BY id LIMIT 1;
SELECT max(id) - min(id) + 1 = count(*) AS without_gap,
       bool_and(run BETWEEN pg_postmaster_start_time() - interval '1 minute' AND now()) AS of_this_run,
       bool_and(happened_at BETWEEN run - interval '1 minute' AND now() + interval '1 minute') AS since_then
  FROM pgraft.events;

-- what comes next
SELECT max(id) AS last FROM pgraft.events \gset
SELECT * FROM pgraft_events(:last);
SELECT * FROM pgraft_wait_event(:last, '0');
SELECT * FROM pgraft_wait_event(:last, '50 ms');
SELECT pgraft_snapshot() AS snapshot \gset
SELECT id - :last AS ahead, kind, detail LIKE 'up to entry ' || :snapshot || ' of term %' AS detail
  FROM pgraft_wait_event(:last);
SELECT count(*) AS the_same FROM pgraft_events(:last) a JOIN pgraft_wait_event(:last) b USING (id, happened_at, kind, detail, run);

-- null is as long as other calls
SELECT max(id) AS last FROM pgraft.events \gset
SET pgraft.command_timeout = '50ms';
SELECT * FROM pgraft_wait_event(:last, NULL);
RESET pgraft.command_timeout;

-- arguments
SELECT * FROM pgraft_events(-1);
SELECT * FROM pgraft_events(NULL);
SELECT * FROM pgraft_wait_event(-1);
SELECT * FROM pgraft_wait_event(NULL);
SELECT * FROM pgraft_wait_event(0, '-1 second');
SELECT * FROM pgraft_wait_event(0, '1 hour 1 microsecond');
SELECT * FROM pgraft_wait_event(0, '1 month -30 days');
SELECT * FROM pgraft_wait_event(0, '1 day -23 hours');
\set VERBOSITY terse
SELECT * FROM pgraft_events(1000000);
SELECT * FROM pgraft_wait_event(1000000);
\set VERBOSITY default

-- a wait that is cancelled
SET statement_timeout = '100ms';
SELECT * FROM pgraft_wait_event(:last, '1 hour');
RESET statement_timeout;
