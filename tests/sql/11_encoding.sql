--
-- Text is the same for databases of other encodings, and what an encoding cannot hold is an error.
--
\set SHOW_CONTEXT never
SET client_encoding = 'UTF8';
SELECT pgraft_kv_put('encoding/é', 'naïve');
SELECT pgraft_kv_put('encoding/euro', '€');
SELECT pgraft_log_append(pgraft_get_term(), 'mañana') AS latin, pgraft_log_append(pgraft_get_term(), '5 €') AS euro \gset
SELECT pgraft_kv_grant('public', 'encoding/é', 'read'), pgraft_kv_grant('public', 'encoding/€', 'read');
SELECT current_database() AS home \gset
CREATE DATABASE pgraft_latin1 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0;
\c pgraft_latin1
SET client_encoding = 'UTF8';
CREATE EXTENSION pgraft;
SELECT pgraft_kv_get('encoding/é'), length(pgraft_kv_get('encoding/é'));
SELECT pgraft_kv_put('encoding/latin1', 'garçon');
SELECT pgraft_kv_get('encoding/euro');
SELECT pgraft_kv_get('encoding/euro'::bytea);
-- what shows several things shows all that can be
SELECT index - :latin AS index, data FROM pgraft_log_list(:latin, 2);
SELECT pgraft_log_get_entry(:euro)::jsonb -> 'data' AS data;
SELECT prefix FROM pgraft_kv_grants() ORDER BY prefix;
SELECT lease FROM pgraft_lock('encoding/é') \gset
SELECT pgraft_kv_put('\x656e636f64696e672fe282ac'::bytea, '', :lease);
SELECT replace(k, lpad(to_hex(:lease), 16, '0'), 'lease') AS key FROM pgraft_lease_keys(:lease) k;
SELECT pgraft_unlock(:lease);
\c :home
SET client_encoding = 'UTF8';
SELECT pgraft_kv_get('encoding/latin1');
SELECT pgraft_kv_delete_prefix('encoding/');
SELECT pgraft_kv_revoke('public', 'encoding/é'), pgraft_kv_revoke('public', 'encoding/€');
DROP DATABASE pgraft_latin1;
