--
-- Text is the same for databases of other encodings, and what an encoding cannot hold is an error.
--
\set SHOW_CONTEXT never
SET client_encoding = 'UTF8';
SELECT pgraft_kv_put('encoding/é', 'naïve');
SELECT pgraft_kv_put('encoding/euro', '€');
SELECT current_database() AS home \gset
CREATE DATABASE pgraft_latin1 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0;
\c pgraft_latin1
SET client_encoding = 'UTF8';
CREATE EXTENSION pgraft;
SELECT pgraft_kv_get('encoding/é'), length(pgraft_kv_get('encoding/é'));
SELECT pgraft_kv_put('encoding/latin1', 'garçon');
SELECT pgraft_kv_get('encoding/euro');
SELECT pgraft_kv_get('encoding/euro'::bytea);
\c :home
SET client_encoding = 'UTF8';
SELECT pgraft_kv_get('encoding/latin1');
SELECT pgraft_kv_delete_prefix('encoding/');
DROP DATABASE pgraft_latin1;
