--
-- Arguments that make no sense are refused, and none of them hurts the server.
--
\set SHOW_CONTEXT never
-- NULL
SELECT pgraft_kv_put(NULL::text, 'v');
SELECT pgraft_kv_put('k', NULL);
SELECT pgraft_kv_put(NULL::bytea, NULL::bytea);
SELECT pgraft_kv_put_revision(NULL::text, NULL);
SELECT pgraft_kv_delete(NULL::text);
SELECT pgraft_kv_delete_prefix(NULL::text);
SELECT pgraft_kv_put_many(NULL, NULL);
SELECT pgraft_kv_put_many(ARRAY['a', NULL], ARRAY['1', '2']);
SELECT pgraft_kv_put_many(ARRAY['a', 'b'], ARRAY['1', NULL]);
SELECT pgraft_kv_compare_and_set(NULL::text, NULL, NULL);
SELECT pgraft_kv_compare_and_set('a'::text, NULL, NULL);
SELECT pgraft_kv_compare_and_set_revision('a'::text, NULL, 'x');
SELECT pgraft_kv_compact(NULL);
SELECT pgraft_kv_txn(NULL, '[]', '[]');
SELECT pgraft_kv_txn('[]', '[]', NULL);
SELECT pgraft_add_node(NULL, NULL, NULL);
SELECT pgraft_add_node(2, NULL, NULL);
SELECT pgraft_add_node(2, 'h', NULL);
SELECT pgraft_replace_node(NULL, 2, 'h', 1);
SELECT pgraft_replace_node(1, NULL, 'h', 1);
SELECT pgraft_replace_node(1, 2, NULL, 1);
SELECT pgraft_replace_node(1, 2, 'h', NULL);
SELECT pgraft_remove_node(NULL);
SELECT pgraft_transfer_leadership(NULL);
SELECT pgraft_set_debug(NULL);
SELECT pgraft_log_append(NULL, NULL);
SELECT pgraft_log_append(1, NULL);
SELECT pgraft_replicate_entry(NULL);
SELECT pgraft_kv_list(NULL::text);
SELECT pgraft_kv_list('', NULL, NULL, NULL);
SELECT pgraft_log_list(NULL, NULL);
-- reads of NULL are NULL
SELECT pgraft_kv_get(NULL::text), pgraft_kv_get(NULL::bytea), pgraft_kv_exists(NULL::text),
       pgraft_log_get_entry(NULL), pgraft_log_commit(NULL), pgraft_log_apply(NULL);
SELECT count(*) FROM pgraft_kv_get_entry(NULL::text);
SELECT count(*) FROM pgraft_kv_get_entry('a', NULL);
SELECT count(*) FROM pgraft_kv_hash(NULL);

-- limits
SELECT pgraft_kv_put('', 'v');
SELECT pgraft_kv_put(repeat('k', 480), 'v');
SELECT pgraft_kv_put(repeat('k', 481), 'v');
SELECT pgraft_kv_put(repeat('ä', 241), 'v');
SELECT pgraft_kv_get(repeat('k', 481));
SELECT pgraft_kv_exists('');
SELECT pgraft_kv_put('k', repeat('v', 1048577));
SELECT pgraft_kv_delete_prefix('');
SELECT pgraft_kv_delete(repeat('k', 480));
SELECT pgraft_kv_put_many(ARRAY['a'], ARRAY['1', '2']);
SELECT pgraft_kv_put_many(ARRAY[['a', 'b']], ARRAY[['1', '2']]);
SELECT pgraft_kv_put_many(array_agg('k' || i), array_agg('v'::text)) FROM generate_series(1, 10001) i;
SELECT pgraft_kv_put_many(array_agg('k' || i), array_agg(repeat('v', 200000))) FROM generate_series(1, 10) i;
SELECT pgraft_kv_compare_and_set('k', repeat('a', 700000), repeat('b', 700000));
SELECT pgraft_kv_list('', -1);
SELECT pgraft_kv_list('', at_revision => -1);
SELECT pgraft_kv_list(start_after => repeat('k', 481));
SELECT pgraft_kv_get_entry('k', -1);
SELECT pgraft_kv_get('k', 'eventual');
SELECT pgraft_kv_list('', consistency => '');
SELECT pgraft_kv_compact(-1);
SELECT pgraft_kv_hash(-1);
SELECT pgraft_kv_compare_and_set_revision('k', -1, 'v');
SELECT pgraft_add_node(0, 'h', 1);
SELECT pgraft_add_node(-2147483648, 'h', 1);
SELECT pgraft_add_node(2, '', 1);
SELECT pgraft_add_node(2, repeat('h', 256), 1);
SELECT pgraft_add_node(2, 'db_1', 7001);
SELECT pgraft_add_node(2, 'h:1', 7001);
SELECT pgraft_replace_node(1, 2, '-h', 7001);
SELECT pgraft_add_node(2, '10.0.0.300', 7001);
SELECT pgraft_replace_node(1, 1, 'h', 7001);
SELECT pgraft_add_node(2, 'h', 0);
SELECT pgraft_add_node(2, 'h', 65536);
SELECT pgraft_replace_node(0, 2, 'h', 1);
SELECT pgraft_replace_node(1, 0, 'h', 1);
SELECT pgraft_replace_node(2, 2, 'h', 1);
SELECT pgraft_replace_node(1, 2, '', 1);
SELECT pgraft_replace_node(1, 2, 'h', 65536);
SELECT pgraft_remove_node(0);
SELECT pgraft_transfer_leadership(-1);
SELECT pgraft_log_append(0, 'x');
SELECT pgraft_log_get_entry(-1);
SELECT pgraft_log_commit(-1);
SELECT pgraft_log_apply(-1);
SELECT pgraft_log_list(-1, 1);
SELECT pgraft_log_list(0, -1);

-- the largest numbers
\set VERBOSITY sqlstate
SELECT pgraft_log_get_entry(9223372036854775807);
SELECT pgraft_kv_get_entry('k', 9223372036854775807);
SELECT pgraft_replace_node(2147483647, 2, 'h', 1);
SELECT pgraft_replace_node(1, 2, 'h', 1);
SELECT pgraft_remove_node(2147483647);
SELECT pgraft_transfer_leadership(2147483647);
SELECT count(*) FROM pgraft_log_list(9223372036854775807, 2147483647);
SET pgraft.command_timeout = '50ms';
SELECT pgraft_log_apply(9223372036854775807);
SELECT pgraft_log_commit(9223372036854775807);
RESET pgraft.command_timeout;
\set VERBOSITY default

-- a READ ONLY transaction refuses writes and allows reads
BEGIN READ ONLY;
SAVEPOINT s;
SELECT pgraft_kv_put('k', 'v');
ROLLBACK TO s;
SELECT pgraft_kv_delete('k');
ROLLBACK TO s;
SELECT pgraft_kv_reset();
ROLLBACK TO s;
SELECT pgraft_kv_txn('[]', '[]');
ROLLBACK TO s;
SELECT pgraft_log_append(1, 'x');
ROLLBACK TO s;
SELECT pgraft_add_node(2, 'h', 1);
ROLLBACK TO s;
SELECT pgraft_kv_get('k'), pgraft_kv_exists('k');
COMMIT;

-- a statement's time limit, after which everything goes on
SET statement_timeout = '100ms';
SELECT pgraft_log_apply(9223372036854775807);
RESET statement_timeout;
SELECT pgraft_kv_put('k', 'still works'), pgraft_kv_get('k');
SELECT pgraft_kv_delete('k');
SELECT count(*) FROM pgraft_get_queue_status();
