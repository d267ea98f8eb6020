--
-- The key-value store.
--
SELECT pgraft_kv_put('fruit/apple', 'red');
SELECT pgraft_kv_get('fruit/apple');
SELECT pgraft_kv_get('fruit/pear');
SELECT pgraft_kv_exists('fruit/apple'), pgraft_kv_exists('fruit/pear');
SELECT pgraft_kv_put('fruit/apple', 'green');
SELECT pgraft_kv_get('fruit/apple');
SELECT pgraft_kv_put('fruit/pear', '');
SELECT pgraft_kv_get('fruit/pear') = '' AS empty_is_not_null;
SELECT pgraft_kv_list_keys();
SELECT key, value, version FROM pgraft_kv_list('fruit/');

-- version and revisions
SELECT pgraft_kv_put_revision('r', 'one') AS r1 \gset
SELECT pgraft_kv_put_revision('r', 'two') AS r2 \gset
SELECT :r2 - :r1 AS one_per_write, :r2 = pgraft_kv_revision() AS current;
SELECT key, value, version, create_revision = :r1 AS created, mod_revision = :r2 AS modified,
       updated_at >= created_at AS times, updated_at BETWEEN now() - interval '1 hour' AND now() + interval '1 hour' AS now
  FROM pgraft_kv_get_entry('r');
SELECT key, value, version FROM pgraft_kv_get_entry('r', :r1);
SELECT count(*) FROM pgraft_kv_get_entry('r', :r1 - 1);
SELECT count(*) FROM pgraft_kv_get_entry('nothing');

-- deletion
SELECT pgraft_kv_delete('r'), pgraft_kv_delete('r'), pgraft_kv_delete('never');
SELECT pgraft_kv_get('r');
SELECT value FROM pgraft_kv_get_entry('r', :r2);
SELECT pgraft_kv_put('r', 'anew');
SELECT version FROM pgraft_kv_get_entry('r');
SELECT pgraft_kv_delete_prefix('fruit/');
SELECT pgraft_kv_delete_prefix('fruit/');
SELECT pgraft_kv_list_keys();

-- several at once
SELECT pgraft_kv_revision() AS before \gset
SELECT pgraft_kv_put_many(ARRAY['m1', 'm2', 'm3'], ARRAY['1', '2', '3']) - :before AS one_revision;
SELECT key, value, mod_revision - :before AS revision FROM pgraft_kv_list('m');
SELECT pgraft_kv_put_many('{}'::text[], '{}'::text[]) - :before AS unchanged;

-- compare and set
SELECT pgraft_kv_compare_and_set('lock', NULL, 'me');
SELECT pgraft_kv_compare_and_set('lock', NULL, 'you');
SELECT pgraft_kv_compare_and_set('lock', 'you', 'them');
SELECT pgraft_kv_compare_and_set('lock', 'me', 'you');
SELECT pgraft_kv_get('lock');
SELECT mod_revision AS held FROM pgraft_kv_get_entry('lock') \gset
SELECT pgraft_kv_compare_and_set_revision('lock', 0, 'x'),
       pgraft_kv_compare_and_set_revision('lock', :held, 'x'),
       pgraft_kv_compare_and_set_revision('lock', :held, 'y');
SELECT pgraft_kv_compare_and_set_revision('lock2', 0, 'x'), pgraft_kv_compare_and_set_revision('lock2', 0, 'x');

-- not part of PostgreSQL's transaction
BEGIN;
SELECT pgraft_kv_put('outside', 'kept');
ROLLBACK;
SELECT pgraft_kv_get('outside');

-- a lot of keys, of which a page holds some; and values that no slot holds
SELECT pgraft_kv_put_many(array_agg('page/' || to_char(i, 'FM0000')), array_agg(repeat(i::text || ' ', 150))) > 0 AS stored
  FROM generate_series(1, 1000) i;
SELECT count(*), min(key), max(key), count(DISTINCT mod_revision), sum(length(value)) FROM pgraft_kv_list('page/');
SELECT array_agg(key) FROM pgraft_kv_list('page/', max_rows => 3, start_after => 'page/0997');
SELECT count(*) FROM pgraft_kv_list('page/', 0);
SELECT count(*) FROM pgraft_kv_list('page/', 999);
SELECT count(*) FROM pgraft_kv_list('page/', 999, 'page/0500');
SELECT count(*) FROM pgraft_kv_list('page/', NULL, 'a');
SELECT count(*) FROM pgraft_kv_list('page/', NULL, 'z');
SELECT pgraft_kv_put('large', repeat('x', 1048576));
SELECT length(pgraft_kv_get('large')), md5(pgraft_kv_get('large')) = md5(repeat('x', 1048576)) AS same;
SELECT length(value) FROM pgraft_kv_list('large');
SELECT pgraft_kv_delete('large'), pgraft_kv_delete_prefix('page/');

-- consistency
SET pgraft.read_consistency = local;
SELECT pgraft_kv_get('outside'), pgraft_kv_exists('outside'), pgraft_kv_revision() > 0;
SELECT count(*) FROM pgraft_kv_list('outside');
-- a call may ask for another consistency than the session
SELECT pgraft_kv_get('outside', 'linearizable'), pgraft_kv_revision('linearizable') = pgraft_kv_revision();
RESET pgraft.read_consistency;
SELECT pgraft_kv_get('outside', consistency => 'local'), pgraft_kv_get('outside'::bytea, 'local'),
       pgraft_kv_exists('outside', 'local'), pgraft_kv_exists('nowhere'::bytea, 'local'),
       pgraft_kv_revision('local') = pgraft_kv_revision();
SELECT key, value FROM pgraft_kv_get_entry('outside', consistency => 'local');
SELECT key, value FROM pgraft_kv_list('outside', consistency => 'local');
SELECT count(*) = (SELECT count(*) FROM pgraft_kv_list_keys()) AS same FROM pgraft_kv_list_keys('local');

-- characters of several bytes, in the order of their bytes
SELECT pgraft_kv_put('ä', 'ö€😀');
SELECT key, value FROM pgraft_kv_list('ä');
SELECT pgraft_kv_delete('ä');

-- history and its end
SELECT pgraft_kv_put_revision('h', '1') AS h1 \gset
SELECT pgraft_kv_put_revision('h', '2') AS h2 \gset
SELECT pgraft_kv_put_revision('h', '3') AS h3 \gset
SELECT key, value FROM pgraft_kv_list('h', at_revision => :h1);
SELECT key, value FROM pgraft_kv_list('h', at_revision => :h2);
SELECT pgraft_kv_compact(:h2);
SELECT compacted_revision = :h2 AS compacted FROM pgraft_kv_get_stats();
SELECT value FROM pgraft_kv_get_entry('h', :h2);
\set VERBOSITY sqlstate
SELECT value FROM pgraft_kv_get_entry('h', :h1);
SELECT value FROM pgraft_kv_list('h', at_revision => :h1);
SELECT value FROM pgraft_kv_get_entry('h', :h3 + 1000000);
SELECT pgraft_kv_compact(:h3 + 1000000);
\set VERBOSITY default

-- the view is the store
SELECT key, value, version, create_revision <= mod_revision AS revisions, created_at <= updated_at AS times
  FROM pgraft.kv ORDER BY key COLLATE "C";
SELECT count(*) FROM pgraft.kv_status;

-- statistics count what there is
-- what was applied is on the status page when this returns
SELECT pgraft_log_apply(1);
SELECT num_entries = (SELECT count(*) FROM pgraft_kv_list()) AS keys,
       active_entries = num_entries AS active,
       total_operations = puts + deletes + gets AS operations,
       revision = pgraft_kv_revision() AS revision,
       total_bytes = (SELECT sum(octet_length(key) + octet_length(value)) FROM pgraft_kv_list()) AS bytes,
       last_applied_index = pgraft_get_applied_index() AS applied,
       store_size > 0 AND store_quota > store_size AS size
  FROM pgraft_kv_get_stats();
SELECT pgraft_kv_compact();
SELECT deleted_entries FROM pgraft_kv_get_stats();
SELECT hash IS NOT NULL AS hash, hash_revision = pgraft_kv_revision() AS revision FROM pgraft_kv_hash();
SELECT a.hash = b.hash AS stable FROM pgraft_kv_hash() a, pgraft_kv_hash() b;

SELECT pgraft_kv_reset();
SELECT count(*) FROM pgraft_kv_list();
SELECT num_entries, status FROM pgraft_kv_status;
