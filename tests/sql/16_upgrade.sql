--
-- The extension of version 1.0, and its update to the present one: the same objects come of it.
--
CREATE TEMP VIEW objects AS
SELECT pg_describe_object(d.classid, d.objid, 0) AS object
  FROM pg_depend d
 WHERE d.deptype = 'e' AND d.refclassid = 'pg_extension'::regclass
   AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'pgraft');
CREATE TEMP TABLE at_once AS SELECT * FROM objects;
DROP EXTENSION pgraft;

CREATE EXTENSION pgraft VERSION '1.0';
SELECT pgraft_kv_put('upgrade', 'before');
SELECT pgraft_lease_grant('1 minute');
ALTER EXTENSION pgraft UPDATE;
SELECT extversion = (SELECT default_version FROM pg_available_extensions WHERE name = 'pgraft') AS newest
  FROM pg_extension WHERE extname = 'pgraft';
SELECT pgraft_kv_get('upgrade'), pgraft_lease_grant('1 minute') > 0 AS lease;
SELECT * FROM objects EXCEPT SELECT * FROM at_once;
SELECT * FROM at_once EXCEPT SELECT * FROM objects;
SELECT count(*) > 100 AS many FROM at_once;
SELECT pgraft_kv_delete('upgrade');
