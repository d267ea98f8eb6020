--
-- Any bytes, by the functions for bytea.
--
\set SHOW_CONTEXT never
SELECT pgraft_kv_put('\x00'::bytea, '\xdeadbeef00'::bytea);
SELECT pgraft_kv_get('\x00'::bytea), pgraft_kv_exists('\x00'::bytea), pgraft_kv_exists('\x0000'::bytea);
SELECT pgraft_kv_put_revision('\xff'::bytea, '') AS r \gset
SELECT key, value, version, mod_revision = :r AS revision FROM pgraft_kv_get_entry('\xff'::bytea);
SELECT pgraft_kv_put('\xffff'::bytea, '\x01'), pgraft_kv_put('\xff00'::bytea, '\x02');
SELECT key, value FROM pgraft_kv_list(''::bytea);
SELECT key FROM pgraft_kv_list('\xff'::bytea, 1);
SELECT key FROM pgraft_kv_list('\xff'::bytea, start_after => '\xff00'::bytea);
SELECT pgraft_kv_compare_and_set('\x00'::bytea, '\xdeadbeef00', '\x01'), pgraft_kv_compare_and_set('\x00'::bytea, '\xdeadbeef00', '\x02');
SELECT pgraft_kv_compare_and_set('\x01'::bytea, NULL, '\x01'), pgraft_kv_compare_and_set('\x01'::bytea, NULL, '\x01');
SELECT pgraft_kv_compare_and_set_revision('\xff'::bytea, :r, '\x03'), pgraft_kv_compare_and_set_revision('\xff'::bytea, :r, '\x04');

-- text is the same key when the bytes are the same, and what is not text is an error
SELECT pgraft_kv_put('text', 'ü');
SELECT pgraft_kv_get('text'::bytea);
SELECT pgraft_kv_put('text'::bytea, '\xfc');
SELECT pgraft_kv_get('text');
SELECT * FROM pgraft_kv_list();
SELECT pgraft_kv_list_keys();
SELECT pgraft_kv_delete('text'::bytea);

SELECT pgraft_kv_delete_prefix('\xff'::bytea);
SELECT pgraft_kv_delete('\x00'::bytea), pgraft_kv_delete('\x01'::bytea), pgraft_kv_delete('\x02'::bytea);
SELECT count(*) FROM pgraft_kv_list();
