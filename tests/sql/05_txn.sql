--
-- Transactions of the store.
--
\set SHOW_CONTEXT never
CREATE FUNCTION without_revisions(result jsonb) RETURNS jsonb LANGUAGE sql AS
$$
SELECT regexp_replace(result::text, '"(\w*revision)": \d+', '"\1": 0', 'g')::jsonb
$$;

SELECT without_revisions(pgraft_kv_txn('[]', '[{"op": "put", "key": "t/a", "value": "1"}, {"op": "put", "key": "t/b", "value": "2"}]'));
SELECT count(DISTINCT mod_revision) FROM pgraft_kv_list('t/');
SELECT without_revisions(pgraft_kv_txn('[]',
    '[{"op": "get", "key": "t/a"}, {"op": "get", "key": "t/none"}, {"op": "get_prefix", "prefix": "t/"},
      {"op": "get_prefix", "prefix": "t/", "limit": 1}, {"op": "get_prefix", "prefix": "none"}]'));
-- reads alone change nothing
SELECT pgraft_kv_revision() AS before \gset
SELECT pgraft_kv_txn('[]', '[{"op": "get", "key": "t/a"}]') ->> 'revision' = :'before' AS unchanged;

-- comparisons
SELECT pgraft_kv_txn('[{"key": "t/a", "target": "value", "op": "=", "value": "1"}]', '[]') ->> 'succeeded';
SELECT pgraft_kv_txn('[{"key": "t/a", "target": "value", "op": "!=", "value": "1"}]', '[]') ->> 'succeeded';
SELECT pgraft_kv_txn('[{"key": "t/a", "target": "value", "op": ">", "value": "0"}, {"key": "t/a", "target": "value", "op": "<", "value": "2"}]', '[]') ->> 'succeeded';
SELECT pgraft_kv_txn('[{"key": "t/a", "target": "version", "op": "=", "value": 1}]', '[]') ->> 'succeeded';
SELECT pgraft_kv_txn('[{"key": "t/a", "target": "version", "op": ">", "value": 1}]', '[]') ->> 'succeeded';
SELECT pgraft_kv_txn('[{"key": "t/none", "target": "version", "op": "=", "value": 0}]', '[]') ->> 'succeeded';
SELECT pgraft_kv_txn('[{"key": "t/none", "target": "create", "op": "=", "value": 0}, {"key": "t/none", "target": "mod", "op": "=", "value": 0}]', '[]') ->> 'succeeded';
SELECT pgraft_kv_txn('[{"key": "t/none", "target": "value", "op": "=", "value": ""}]', '[]') ->> 'succeeded';
SELECT pgraft_kv_txn('[{"key": "t/none", "target": "value", "op": "!=", "value": ""}]', '[]') ->> 'succeeded';
SELECT pgraft_kv_txn('[{"key": "t/a", "target": "lease", "op": "=", "value": 0}]', '[]') ->> 'succeeded';
SELECT pgraft_kv_txn(format('[{"key": "t/a", "target": "mod", "op": "<", "value": %s}]', :before + 1)::jsonb, '[]') ->> 'succeeded';

-- one branch or the other
SELECT without_revisions(pgraft_kv_txn('[{"key": "t/a", "target": "value", "op": "=", "value": "other"}]',
    '[{"op": "put", "key": "t/a", "value": "never"}]',
    '[{"op": "get", "key": "t/a"}, {"op": "put", "key": "t/c", "value": "3"}, {"op": "delete", "key": "t/b"}, {"op": "delete", "key": "t/none"}]'));
SELECT key, value FROM pgraft_kv_list('t/');
SELECT without_revisions(pgraft_kv_txn('[]', '[{"op": "delete_prefix", "prefix": "t/"}, {"op": "get_prefix", "prefix": "t/"}]'));

-- what is not text comes as base64
SELECT pgraft_kv_put('t/bin'::bytea, '\x00ff'::bytea);
SELECT without_revisions(pgraft_kv_txn('[]', '[{"op": "get", "key": "t/bin"}]'));
SELECT pgraft_kv_delete('t/bin');

-- a large result
SELECT pgraft_kv_put('t/large', repeat('y', 500000));
SELECT length(pgraft_kv_txn('[]', '[{"op": "get", "key": "t/large"}, {"op": "get_prefix", "prefix": "t/l"}]') #>> '{results,0,entry,value}');
SELECT pgraft_kv_delete('t/large');

-- everything else is refused
SELECT pgraft_kv_txn('{}', '[]');
SELECT pgraft_kv_txn('1', '[]');
SELECT pgraft_kv_txn('[]', '"put"');
SELECT pgraft_kv_txn('[1]', '[]');
SELECT pgraft_kv_txn('[]', '[[]]');
SELECT pgraft_kv_txn('[]', '[]', '[{}, null]');
SELECT pgraft_kv_txn('[]', '[{}]');
SELECT pgraft_kv_txn('[]', '[{"op": "put"}]');
SELECT pgraft_kv_txn('[]', '[{"op": "PUT", "key": "a", "value": "b"}]');
SELECT pgraft_kv_txn('[]', '[{"op": "put", "key": "a", "value": 1}]');
SELECT pgraft_kv_txn('[]', '[{"op": "put", "key": "", "value": "b"}]');
SELECT pgraft_kv_txn('[]', '[{"op": "put", "key": "a", "value": "b"}, {"op": "put", "key": "c", "value": "b", "leese": 1}]');
SELECT pgraft_kv_txn('[]', '[{"op": "get", "key": ["a"]}]');
SELECT pgraft_kv_txn('[]', '[{"op": "get_prefix", "prefix": "a", "limit": "1"}]');
SELECT pgraft_kv_txn('[]', '[{"op": "get_prefix", "prefix": "a", "limit": 1.5}]');
SELECT pgraft_kv_txn('[]', '[{"op": "get_prefix", "prefix": "a", "limit": -1}]');
SELECT pgraft_kv_txn('[]', '[{"op": "get_prefix", "prefix": "a", "limit": 99999999999999999999}]');
SELECT pgraft_kv_txn('[]', '[{"op": "delete_prefix", "prefix": ""}]');
SELECT pgraft_kv_txn('[]', '[{"op": "delete", "key": "a", "prefix": "b"}]');
SELECT pgraft_kv_txn('[{"key": "a"}]', '[]');
SELECT pgraft_kv_txn('[{"key": "a", "target": "values", "op": "=", "value": "1"}]', '[]');
SELECT pgraft_kv_txn('[{"key": "a", "target": "value", "op": "==", "value": "1"}]', '[]');
SELECT pgraft_kv_txn('[{"key": "a", "target": "value", "op": "=", "value": 1}]', '[]');
SELECT pgraft_kv_txn('[{"key": "a", "target": "version", "op": "=", "value": "1"}]', '[]');
SELECT pgraft_kv_txn('[{"key": "a", "target": "version", "op": "="}]', '[]');
SELECT pgraft_kv_txn((SELECT jsonb_agg('{"key": "a", "target": "version", "op": "=", "value": 0}'::jsonb) FROM generate_series(1, 129)), '[]');
SELECT pgraft_kv_txn('[]', (SELECT jsonb_agg('{"op": "get", "key": "a"}'::jsonb) FROM generate_series(1, 129)));
SELECT pgraft_kv_txn('[]', (SELECT jsonb_agg(jsonb_build_object('op', 'put', 'key', i::text, 'value', repeat('v', 500000))) FROM generate_series(1, 3) i));
SELECT count(*) FROM pgraft_kv_list();
-- a key twice
\set VERBOSITY sqlstate
SELECT pgraft_kv_txn('[]', '[{"op": "put", "key": "a", "value": "1"}, {"op": "put", "key": "a", "value": "2"}]');
SELECT pgraft_kv_put_many(ARRAY['a', 'a'], ARRAY['1', '2']);
\set VERBOSITY default
DROP FUNCTION without_revisions;
