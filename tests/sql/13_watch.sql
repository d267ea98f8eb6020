--
-- Changes of the key-value store, from a revision on.
--
\set SHOW_CONTEXT never
SELECT pgraft_kv_revision() + 1 AS start \gset
SELECT pgraft_kv_put('w/a', '1'), pgraft_kv_put('w/b', '1'), pgraft_kv_put('other', '1');
SELECT pgraft_kv_put('w/a', '2'), pgraft_kv_delete('w/b');
SELECT pgraft_kv_put_many(ARRAY['w/m1', 'elsewhere', 'w/m2'], ARRAY['x', 'y', 'z']) - :start AS one_revision;

-- in order, also what is gone meanwhile
SELECT revision - :start AS revision, event, key, value, version, create_revision - :start AS created
  FROM pgraft_kv_watch('w/', :start);
SELECT revision - :start AS revision, event, key FROM pgraft_kv_watch('', :start);
SELECT event, key, value, modified_at BETWEEN now() - interval '1 hour' AND now() + interval '1 hour' AS now
  FROM pgraft_kv_watch('other', :start);

-- pages end behind a revision
SELECT revision - :start AS revision, key FROM pgraft_kv_watch('w/', :start, 0, 1);
SELECT revision - :start AS revision, key FROM pgraft_kv_watch('w/', :start + 1, 0, 1);
SELECT revision - :start AS revision, key FROM pgraft_kv_watch('w/', :start + 5, 0, 1);

-- nothing happened: how far it was looked at
SELECT event, key, revision = pgraft_kv_revision() AS current FROM pgraft_kv_watch('w/none', :start, 0);
SELECT event, revision = pgraft_kv_revision() AS current FROM pgraft_kv_watch('w/', 0, 0);
SELECT event, revision - pgraft_kv_revision() AS ahead FROM pgraft_kv_watch('w/', pgraft_kv_revision() + 10, 0);
SELECT event FROM pgraft_kv_watch('w/', 0, 50);

-- values larger than a page
SELECT pgraft_kv_revision() + 1 AS start \gset
SELECT pgraft_kv_put('w/large', repeat('x', 1000000));
SELECT event, key, length(value) FROM pgraft_kv_watch('w/large', :start);

-- bytes
SELECT pgraft_kv_put('\x00ff'::bytea, '\x01'::bytea);
SELECT event, key, value FROM pgraft_kv_watch('\x00'::bytea, :start);

-- what is no text stops a watch for text, which says where
DO $$
DECLARE
    context text;
BEGIN
    PERFORM FROM pgraft_kv_watch('', pgraft_kv_revision());
EXCEPTION WHEN character_not_in_repertoire OR untranslatable_character OR data_exception THEN
    GET STACKED DIAGNOSTICS context = PG_EXCEPTION_CONTEXT;
    RAISE NOTICE '%, with its revision: %', sqlerrm,
        context LIKE 'change of a key at revision ' || pgraft_kv_revision() || E'\n%';
END
$$;

-- a revision of more rows than a page
SELECT pgraft_kv_revision() + 1 AS start \gset
SELECT pgraft_kv_put_many(array_agg('w/many/' || k), array_agg(k::text)) IS NOT NULL FROM generate_series(1, 10000) k;
SELECT pgraft_kv_put('w/many/next', '');
SELECT count(*), min(revision) - :start AS first, max(revision) - :start AS last
  FROM pgraft_kv_watch('w/many/', :start, 0, 1);
SELECT count(*), max(revision) - :start AS last FROM pgraft_kv_watch('w/many/', :start, 0, 10001);
SELECT pgraft_kv_delete_prefix('w/many/');
SELECT event, count(*), count(value) AS vals, count(version) AS versions FROM pgraft_kv_watch('w/many/', :start + 2, 0, 1)
 GROUP BY event;

-- history that is gone
SELECT pgraft_kv_compact();
SELECT * FROM pgraft_kv_watch('w/', 1, 0);

-- arguments
SELECT * FROM pgraft_kv_watch('w/', -1, 0);
SELECT * FROM pgraft_kv_watch('w/', NULL, 0);
SELECT * FROM pgraft_kv_watch('w/', 0, -1);
SELECT * FROM pgraft_kv_watch('w/', 0, 3600001);
SELECT * FROM pgraft_kv_watch('w/', 0, 0, 0);
SELECT * FROM pgraft_kv_watch('w/', 0, 0, NULL);
SELECT event FROM pgraft_kv_watch(NULL::text, 0, 0);
SELECT * FROM pgraft_kv_watch(repeat('k', 481), 0, 0);

-- a wait that is cancelled
SET statement_timeout = '100ms';
SELECT * FROM pgraft_kv_watch('w/', 0, 60000);
RESET statement_timeout;
SELECT pgraft_kv_delete_prefix('w/') > 0 AS deleted, pgraft_kv_delete('other'), pgraft_kv_delete('elsewhere'),
       pgraft_kv_delete('\x00ff'::bytea);
