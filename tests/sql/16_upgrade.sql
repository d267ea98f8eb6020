--
-- The extension of version 1.0, in use, and its update to the present one.
--
DROP EXTENSION pgraft;

CREATE EXTENSION pgraft VERSION '1.0';
SELECT pgraft_kv_put('upgrade', 'before');
SELECT pgraft_lease_grant('1 minute');
ALTER EXTENSION pgraft UPDATE;
SELECT extversion = (SELECT default_version FROM pg_available_extensions WHERE name = 'pgraft') AS newest
  FROM pg_extension WHERE extname = 'pgraft';
SELECT pgraft_kv_get('upgrade'), pgraft_lease_grant('1 minute') > 0 AS lease;
SELECT pgraft_kv_delete('upgrade');
