-- Leases of keys: given, kept alive, revoked. Numbers of leases and revisions are
-- shown as differences, because they go on from what came before.
CREATE TEMP TABLE got (what text PRIMARY KEY, lease bigint, token bigint);

INSERT INTO got SELECT 'a', pgraft_lease_grant('1 hour');
INSERT INTO got SELECT 'b', pgraft_lease_grant('1 minute');
SELECT b.lease - a.lease AS next FROM got a, got b WHERE a.what = 'a' AND b.what = 'b';
SELECT pgraft_lease_keep_alive(lease) FROM got WHERE what = 'a';

SELECT pgraft_kv_put('lease/1', 'x', lease) FROM got WHERE what = 'a';
SELECT pgraft_kv_put('\x6c656173652f32'::bytea, '\x79'::bytea, lease) FROM got WHERE what = 'a';
SELECT pgraft_kv_put('lease/3', 'z', lease) FROM got WHERE what = 'b';
SELECT pgraft_kv_put('lease/4', 'free', NULL);
SELECT pgraft_lease_keys(lease) FROM got WHERE what = 'a';
SELECT g.what, l.ttl, l.remaining > interval '0' AND l.remaining <= l.ttl AS lives, l.keys,
       l.granted_at <= clock_timestamp() AS granted
  FROM pgraft.leases l JOIN got g USING (lease) ORDER BY 1;

-- in a transaction of the store
SELECT pgraft_kv_txn('[{"key": "lease/5", "target": "version", "op": "=", "value": 0}]',
                     jsonb_build_array(jsonb_build_object('op', 'put', 'key', 'lease/5', 'value', 'v', 'lease', lease)))
       ->> 'succeeded' AS succeeded
  FROM got WHERE what = 'b';
SELECT pgraft_lease_keys(lease) FROM got WHERE what = 'b';

-- a plain put frees the key
SELECT pgraft_kv_put('lease/3', 'free');
SELECT pgraft_lease_revoke(lease) FROM got WHERE what = 'b';
SELECT pgraft_lease_revoke(lease) FROM got WHERE what = 'a';
SELECT key, value FROM pgraft_kv_list('lease/');
SELECT event, key FROM pgraft_kv_watch('lease/', pgraft_kv_revision(), 0);

-- what is refused
\set SHOW_CONTEXT never
SELECT pgraft_lease_grant(NULL);
SELECT pgraft_lease_grant('999 ms');
SELECT pgraft_lease_grant('367 days');
SELECT pgraft_lease_grant('-1 day');
SELECT pgraft_lease_grant('1 month');
SELECT pgraft_lease_keep_alive(NULL);
SELECT pgraft_lease_keep_alive(1234567890123);
SELECT pgraft_lease_revoke(1234567890123);
SELECT pgraft_lease_keys(1234567890123);
SELECT pgraft_kv_put('lease/6', 'x', 1234567890123);
SELECT pgraft_kv_txn('[]', '[{"op": "put", "key": "lease/6", "value": "x", "lease": "1"}]');
SELECT pgraft_kv_txn('[]', '[{"op": "delete", "key": "lease/6", "lease": 1}]');
BEGIN READ ONLY;
SELECT pgraft_lease_grant('1 minute');
ROLLBACK;

-- locks
INSERT INTO got SELECT 'lock', lease, token FROM pgraft_lock('nightly/report', owner => 'first');
SELECT pgraft_lock_holds('nightly/report', token) FROM got WHERE what = 'lock';
SELECT * FROM pgraft_lock('nightly/report', wait => '0');
SELECT kind, name, place, owner, token = (SELECT token FROM got WHERE what = 'lock') AS same FROM pgraft.locks;
SELECT pgraft_unlock(lease) FROM got WHERE what = 'lock';
SELECT pgraft_unlock(lease) FROM got WHERE what = 'lock';
SELECT pgraft_lock_holds('nightly/report', token) FROM got WHERE what = 'lock';
INSERT INTO got SELECT 'again', lease, token FROM pgraft_lock('nightly/report');
SELECT a.token > l.token AS grows FROM got a, got l WHERE a.what = 'again' AND l.what = 'lock';

-- elections
INSERT INTO got SELECT 'office', lease, token FROM pgraft_campaign('scheduler', 'worker 1');
SELECT candidate, token = (SELECT token FROM got WHERE what = 'office') AS same FROM pgraft_elected('scheduler');
SELECT * FROM pgraft_campaign('scheduler', 'worker 2', wait => '10 ms');
\set VERBOSITY sqlstate
SELECT pgraft_unlock(lease) FROM got WHERE what = 'office';
\set VERBOSITY default
SELECT pgraft_resign(lease) FROM got WHERE what = 'office';
SELECT * FROM pgraft_elected('scheduler');
SELECT pgraft_unlock(lease) FROM got WHERE what = 'again';
SELECT count(*) FROM pgraft.locks;

-- a key that is not text is shown as bytea is, and keeps nobody from giving back what the lease is for
INSERT INTO got SELECT 'lock bytes', lease, token FROM pgraft_lock('bytes');
INSERT INTO got SELECT 'office bytes', lease, token FROM pgraft_campaign('bytes', 'worker');
SELECT pgraft_kv_put(('\xff0' || n)::bytea, '', lease) FROM (SELECT row_number() OVER (ORDER BY what) AS n, lease FROM got WHERE what LIKE '% bytes') l;
SELECT what, k AS key FROM got, pgraft_lease_keys(lease) k WHERE what LIKE '% bytes' AND k NOT LIKE '/pgraft/%' ORDER BY what;
SELECT pgraft_unlock(lease) FROM got WHERE what = 'lock bytes';
SELECT pgraft_resign(lease) FROM got WHERE what = 'office bytes';
SELECT count(*) FROM pgraft.locks;

SELECT pgraft_lock('');
SELECT pgraft_lock(NULL);
SELECT pgraft_lock(repeat('/', 200));
SELECT pgraft_lock('x', wait => '-1 s');
SELECT pgraft_lock('x', ttl => '1 ms');
SELECT pgraft_lock('x', owner => repeat('x', 1025));
SELECT pgraft_kv_put('lease/6', 'x', 0);

-- who gives up leaves no place behind
INSERT INTO got SELECT 'busy', lease, token FROM pgraft_lock('busy');
SET statement_timeout = '300 ms';
SELECT * FROM pgraft_lock('busy');
RESET statement_timeout;
SELECT name, place, owner IS NOT NULL AS owned FROM pgraft.locks;

-- a function that would fit better is not called in the place of pgraft's own
CREATE FUNCTION pgraft_kv_list(prefix text, consistency text) RETURNS SETOF text LANGUAGE sql AS 'SELECT 1 / 0 || $1';
CREATE FUNCTION pgraft_kv_revision(consistency varchar) RETURNS bigint LANGUAGE sql AS 'SELECT 1 / 0::bigint';
SELECT pgraft_lock_holds('busy', token) FROM got WHERE what = 'busy';
SELECT * FROM pgraft_lock('busy', wait => '0');
DROP FUNCTION pgraft_kv_list(text, text), pgraft_kv_revision(varchar);
SELECT pgraft_unlock(lease) FROM got WHERE what = 'busy';

SELECT pgraft_kv_delete_prefix('lease/');
