--
-- Which roles may read and write which keys.
--
\set SHOW_CONTEXT never
CREATE ROLE grants_app;
CREATE ROLE grants_team;
CREATE ROLE grants_member IN ROLE grants_team;
CREATE ROLE grants_heir NOINHERIT IN ROLE grants_team;
CREATE ROLE grants_watcher IN ROLE pg_monitor;
CREATE ROLE "Grants-gone";
DO $$
DECLARE
    f regprocedure;
BEGIN
    FOR f IN SELECT p.oid FROM pg_proc p JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid
              WHERE d.deptype = 'e' AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'pgraft')
                AND p.proname ~ '^pgraft_(kv|lock|unlock|lease)' AND p.proname !~ '^pgraft_kv_(grant|revoke|enforce)'
    LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO grants_app, grants_team, grants_heir', f);
    END LOOP;
END
$$;
GRANT USAGE ON SCHEMA pgraft TO grants_app;
GRANT SELECT ON pgraft.kv TO grants_app;

-- what is asked for
SELECT pgraft_kv_grants_enforced(), count(*) FROM pgraft_kv_grants();
SELECT pgraft_kv_grant('grants_app', 'app/', 'read, write'), pgraft_kv_grant('grants_app', 'app/', 'write');
SELECT pgraft_kv_grant('grants_app', 'seen/', 'READ'), pgraft_kv_grant('grants_app', 'told/', ' write ');
SELECT pgraft_kv_grant('grants_team', 'team/', 'write'), pgraft_kv_grant('grants_team', 'team/a', 'read');
SELECT pgraft_kv_grant('public', 'news/', 'read'), pgraft_kv_grant('Grants-gone', 'ü', 'read');
DROP ROLE "Grants-gone";
SELECT * FROM pgraft.kv_grants ORDER BY role, prefix;
SELECT pgraft_kv_grant('grants_nobody', 'app/', 'read');
SELECT pgraft_kv_grant('grants_app', 'app/', 'delete');
SELECT pgraft_kv_grant('grants_app', 'app/', '');
SELECT pgraft_kv_grant('grants_app', NULL, 'read');
SELECT pgraft_kv_grant(NULL, 'app/', 'read');
SELECT pgraft_kv_grant('grants_app', 'app/', NULL);
SELECT pgraft_kv_grant('grants_app', repeat('x', 481), 'read');
SELECT pgraft_kv_enforce_grants(NULL);
BEGIN READ ONLY;
SELECT pgraft_kv_grant('grants_app', 'x', 'read');
ROLLBACK;
BEGIN READ ONLY;
SELECT pgraft_kv_revoke('grants_app', 'x');
ROLLBACK;
BEGIN READ ONLY;
SELECT pgraft_kv_enforce_grants(true);
ROLLBACK;

-- what the grants say, enforced or not
SELECT pgraft_kv_has_privilege('grants_app', 'app/1', 'read') AS app, pgraft_kv_has_privilege('grants_app', 'app', 'read') AS shorter,
       pgraft_kv_has_privilege('grants_app', 'seen/1', 'write') AS seen, pgraft_kv_has_privilege('grants_app', 'seen/1', 'read, write') AS either,
       pgraft_kv_has_privilege('grants_app', 'news/1', 'read') AS news, pgraft_kv_has_privilege('public', 'news/1', 'read') AS everybody,
       pgraft_kv_has_privilege('public', 'app/1', 'read') AS others, pgraft_kv_has_privilege(current_user, 'other', 'write') AS super,
       pgraft_kv_has_privilege('grants_member', 'team/1', 'write') AS member, pgraft_kv_has_privilege('grants_heir', 'team/1', 'write') AS heir;
SELECT pgraft_kv_has_privilege('grants_nobody', 'app/1', 'read');
SELECT pgraft_kv_has_privilege('grants_app', 'app/1', 'see');

-- off: EXECUTE decides
SELECT pgraft_kv_put_many(ARRAY['app/1', 'seen/1', 'told/1', 'team/1', 'team/a', 'news/1', 'other'],
                          ARRAY['1', '2', '3', '4', '5', '6', 'secret']) > 0 AS put;
SET ROLE grants_app;
SELECT pgraft_kv_get('other'), pgraft_kv_put('other', 'secret');
RESET ROLE;

-- on
SELECT pgraft_kv_enforce_grants(true), pgraft_kv_enforce_grants(true);
SELECT DISTINCT enforced FROM pgraft.kv_grants;
SELECT pgraft_kv_get('other'), pgraft_kv_put('other', 'secret'), pgraft_kv_grants_enforced();

-- every function that takes a key: allowed
SET ROLE grants_app;
SELECT pgraft_kv_put('app/1', 'a'), pgraft_kv_put('\x6170702f32'::bytea, '\x01'::bytea);
SELECT pgraft_kv_put_revision('app/3', 'c') > 0 AS text, pgraft_kv_put_revision('\x6170702f33'::bytea, '\x63'::bytea) > 0 AS bytea;
SELECT pgraft_kv_put_many(ARRAY['app/4', 'told/2'], ARRAY['d', 'e']) > 0 AS many;
SELECT pgraft_kv_put('app/5', 'x', pgraft_lease_grant('1 minute')), pgraft_kv_put('\x6170702f35'::bytea, '\x78'::bytea, NULL);
SELECT pgraft_kv_get('app/1'), pgraft_kv_get('app/1', 'local'), pgraft_kv_get('\x6170702f32'::bytea), pgraft_kv_get('app/none');
SELECT key, value FROM pgraft_kv_get_entry('seen/1');
SELECT key, value FROM pgraft_kv_get_entry('\x7365656e2f31'::bytea);
SELECT value FROM pgraft_kv_get_entry('seen/1', pgraft_kv_revision());
SELECT pgraft_kv_exists('seen/1'), pgraft_kv_exists('\x7365656e2f32'::bytea);
SELECT key FROM pgraft_kv_list('app/', 2);
SELECT key FROM pgraft_kv_list('app/', start_after => 'app/3', consistency => 'local');
SELECT key FROM pgraft_kv_list('\x7365656e2f'::bytea);
SELECT event, key FROM pgraft_kv_watch('seen/', 0, 0);
SELECT event FROM pgraft_kv_watch('\x7365656e2f'::bytea, 0, 0);
SELECT pgraft_kv_compare_and_set('app/1', 'a', 'b'), pgraft_kv_compare_and_set('\x6170702f32'::bytea, NULL, '\x00'::bytea);
SELECT pgraft_kv_compare_and_set_revision('app/1', 1, 'x'), pgraft_kv_compare_and_set_revision('\x6170702f31'::bytea, 1, '\x00'::bytea);
SELECT pgraft_kv_txn('[{"key": "seen/1", "target": "value", "op": "=", "value": "2"}]',
                     '[{"op": "put", "key": "told/1", "value": "x"}, {"op": "get", "key": "seen/1"},
                       {"op": "get_prefix", "prefix": "seen/"}, {"op": "delete_prefix", "prefix": "told/2"},
                       {"op": "delete", "key": "app/none"}]') ->> 'succeeded' AS succeeded;
SELECT pgraft_kv_delete('app/1'), pgraft_kv_delete('\x6170702f32'::bytea);
SELECT pgraft_kv_delete_prefix('app/3'), pgraft_kv_delete_prefix('\x6170702f34'::bytea);
SELECT pgraft_kv_get('news/1');
SELECT token > 0 AS locked, pgraft_unlock(lease) FROM pgraft_lock('grants');

-- and denied, whether the key exists or not
SELECT pgraft_kv_put('other', 'x');
SELECT pgraft_kv_put('none', 'x');
SELECT pgraft_kv_put('\xff00'::bytea, '\x01'::bytea);
SELECT pgraft_kv_put('seen/1', 'x', NULL);
SELECT pgraft_kv_put('\x7365656e2f31'::bytea, '\x01'::bytea, NULL);
SELECT pgraft_kv_put_revision('seen/1', 'x');
SELECT pgraft_kv_put_revision('\x7365656e2f31'::bytea, '\x01'::bytea);
SELECT pgraft_kv_put_many(ARRAY['app/1', 'news/1'], ARRAY['x', 'x']);
SELECT pgraft_kv_get('other');
SELECT pgraft_kv_get('other', 'local');
SELECT pgraft_kv_get('none');
SELECT pgraft_kv_get('\x6f74686572'::bytea);
SELECT * FROM pgraft_kv_get_entry('other');
SELECT * FROM pgraft_kv_get_entry('other', pgraft_kv_revision());
SELECT * FROM pgraft_kv_get_entry('\x6f74686572'::bytea);
SELECT pgraft_kv_exists('other');
SELECT pgraft_kv_exists('\x6f74686572'::bytea);
SELECT * FROM pgraft_kv_list();
SELECT * FROM pgraft_kv_list('app');
SELECT * FROM pgraft_kv_list('other', consistency => 'local');
SELECT * FROM pgraft_kv_list('', start_after => 'app/');
SELECT * FROM pgraft_kv_list('\x6f'::bytea);
SELECT * FROM pgraft.kv;
SELECT pgraft_kv_list_keys();
SELECT * FROM pgraft_kv_watch('told/', 0, 0);
SELECT * FROM pgraft_kv_watch('\x746f6c64'::bytea, 0, 0);
SELECT pgraft_kv_compare_and_set('seen/1', '2', 'x');
SELECT pgraft_kv_compare_and_set('told/1', '3', 'x');
SELECT pgraft_kv_compare_and_set('\x746f6c642f31'::bytea, NULL, '\x01'::bytea);
SELECT pgraft_kv_compare_and_set_revision('told/1', 0, 'x');
SELECT pgraft_kv_compare_and_set_revision('\x746f6c642f31'::bytea, 0, '\x01'::bytea);
SELECT pgraft_kv_txn('[{"key": "told/1", "target": "version", "op": "=", "value": 0}]', '[]');
SELECT pgraft_kv_txn('[]', '[{"op": "put", "key": "seen/1", "value": "x"}]');
SELECT pgraft_kv_txn('[]', '[]', '[{"op": "get", "key": "told/1"}]');
SELECT pgraft_kv_txn('[]', '[{"op": "get_prefix", "prefix": ""}]');
SELECT pgraft_kv_txn('[]', '[{"op": "get_prefix", "prefix": "see"}]');
SELECT pgraft_kv_txn('[]', '[{"op": "delete", "key": "seen/1"}]');
SELECT pgraft_kv_txn('[]', '[{"op": "delete_prefix", "prefix": "app"}]');
SELECT pgraft_kv_delete('seen/1');
SELECT pgraft_kv_delete('\x7365656e2f31'::bytea);
SELECT pgraft_kv_delete_prefix('app');
SELECT pgraft_kv_delete_prefix('\x6f'::bytea);
SELECT pgraft_kv_reset();
SELECT pgraft_kv_hash();
SELECT pgraft_kv_grant('grants_app', '', 'read');
SELECT pgraft_kv_revoke('grants_app', 'app/');
SELECT pgraft_kv_enforce_grants(false);
RESET ROLE;
SELECT key, value FROM pgraft_kv_list('other');

-- through a role, but only with its privileges
SET ROLE grants_member;
SELECT pgraft_kv_put('team/1', 'm'), pgraft_kv_get('team/a');
SELECT pgraft_kv_get('team/1');
RESET ROLE;
SET ROLE grants_heir;
SELECT pgraft_kv_put('team/1', 'h');
RESET ROLE;
REVOKE grants_team FROM grants_member;
GRANT EXECUTE ON FUNCTION pgraft_kv_put(text, text) TO grants_member;
SET ROLE grants_member;
SELECT pgraft_kv_put('team/1', 'm');
RESET ROLE;

-- all keys, and who watches the cluster
SET ROLE grants_watcher;
SELECT count(*) > 5 AS grants FROM pgraft.kv_grants;
SELECT num_entries > 0 AS entries FROM pgraft_kv_get_stats();
SELECT pgraft_kv_hash();
RESET ROLE;
SELECT pgraft_kv_grant('grants_watcher', '', 'read');
SET ROLE grants_watcher;
SELECT hash IS NOT NULL AS hash FROM pgraft_kv_hash();
RESET ROLE;

-- a revoke counts at once; of exactly this prefix, and of these rights
SELECT pgraft_kv_revoke('grants_app', 'app/x'), pgraft_kv_revoke('grants_app', 'app/', 'write');
SET ROLE grants_app;
SELECT pgraft_kv_get('app/5');
SELECT pgraft_kv_put('app/5', 'x');
RESET ROLE;
SELECT pgraft_kv_revoke('grants_app', 'app/'), pgraft_kv_revoke('grants_app', 'app/'), pgraft_kv_revoke('Grants-gone', 'ü');
SET ROLE grants_app;
SELECT pgraft_kv_get('app/5');
RESET ROLE;

-- and off again
SELECT pgraft_kv_enforce_grants(false);
SET ROLE grants_app;
SELECT pgraft_kv_get('other');
RESET ROLE;

SELECT count(pgraft_kv_revoke(role, prefix)) FROM pgraft_kv_grants();
SELECT count(*) FROM pgraft_kv_grants();
SELECT sum(pgraft_kv_delete_prefix(p)) > 0 AS deleted FROM unnest(ARRAY['app/', 'seen/', 'told/', 'team/', 'news/', 'other']) p;
DROP OWNED BY grants_app, grants_team, grants_heir, grants_member;
DROP ROLE grants_app, grants_member, grants_heir, grants_team, grants_watcher;
