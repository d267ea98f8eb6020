--
-- DROP EXTENSION takes everything of it away, and the cluster stays.
--
SELECT pgraft_kv_put('stays', 'here');
DROP EXTENSION pgraft;
SELECT count(*) FROM pg_proc WHERE proname LIKE 'pgraft%';
SELECT count(*) FROM pg_namespace WHERE nspname = 'pgraft';
CREATE EXTENSION pgraft;
SELECT pgraft_kv_get('stays');
