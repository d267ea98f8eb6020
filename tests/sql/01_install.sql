--
-- CREATE EXTENSION in both kinds of schema, and what it leaves to whom.
--
SHOW shared_preload_libraries;

-- views go to the schema pgraft, which is the extension's
CREATE EXTENSION pgraft;
SELECT n.nspname AS schema, c.relname AS view
  FROM pg_depend d
  JOIN pg_class c ON c.oid = d.objid AND d.classid = 'pg_class'::regclass
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_extension e ON e.oid = d.refobjid AND d.refclassid = 'pg_extension'::regclass
 WHERE e.extname = 'pgraft' AND d.deptype = 'e'
 ORDER BY 1, c.relname;

-- every function has a comment, is not executable by PUBLIC unless it may be, and no read is parallel safe
CREATE VIEW extension_functions AS
SELECT p.oid, p.oid::regprocedure AS signature, p.proname, p.proisstrict, p.provolatile, p.proparallel, p.proacl
  FROM pg_depend d
  JOIN pg_proc p ON p.oid = d.objid AND d.classid = 'pg_proc'::regclass
  JOIN pg_extension e ON e.oid = d.refobjid AND d.refclassid = 'pg_extension'::regclass
 WHERE e.extname = 'pgraft' AND d.deptype = 'e';
SELECT signature FROM extension_functions WHERE obj_description(oid, 'pg_proc') IS NULL;
SELECT count(*) > 50 AS all_there,
       bool_and(provolatile = 'v') AS all_volatile,
       bool_and(proparallel IN ('u', 'r')) AS none_parallel_safe
  FROM extension_functions;
SELECT proname FROM extension_functions
 WHERE has_function_privilege('public', oid, 'EXECUTE') ORDER BY 1;
SELECT signature FROM extension_functions
 WHERE has_function_privilege('pg_monitor', oid, 'EXECUTE') ORDER BY signature::text COLLATE "C";
SELECT n.nspname AS schema, c.relname AS view, obj_description(c.oid, 'pg_class') IS NOT NULL AS described,
       has_table_privilege('pg_monitor', c.oid, 'SELECT') AS monitor
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_depend d ON d.objid = c.oid AND d.classid = 'pg_class'::regclass AND d.deptype = 'e'
 ORDER BY 1, c.relname;
SELECT has_schema_privilege('pg_monitor', 'pgraft', 'USAGE') AS monitor,
       has_schema_privilege('public', 'pgraft', 'USAGE') AS everybody;

DROP VIEW extension_functions;
ALTER EXTENSION pgraft SET SCHEMA pg_catalog;
DROP EXTENSION pgraft;
SELECT count(*) FROM pg_namespace WHERE nspname = 'pgraft';

-- a schema of that name that is somebody else's is not taken over (PostgreSQL 18 says more of the context)
\set SHOW_CONTEXT never
CREATE SCHEMA pgraft;
CREATE EXTENSION pgraft;

-- everything in the schema pgraft
CREATE EXTENSION pgraft SCHEMA pgraft;
SELECT count(*) FROM pgraft.pgraft_worker_status;
SELECT pgraft.pgraft_get_version();
SELECT count(*) FROM pgraft.member_list;
SELECT DISTINCT n.nspname
  FROM pg_depend d
  JOIN pg_class c ON c.oid = d.objid AND d.classid = 'pg_class'::regclass AND d.deptype = 'e'
  JOIN pg_namespace n ON n.oid = c.relnamespace;
DROP EXTENSION pgraft;
DROP SCHEMA pgraft;

-- a name that has to be quoted
CREATE SCHEMA "Raft stuff";
CREATE EXTENSION pgraft SCHEMA "Raft stuff";
SELECT count(*) FROM "Raft stuff".pgraft_worker_status;
SELECT count(*) FROM pgraft.cluster_info;
DROP EXTENSION pgraft;
DROP SCHEMA "Raft stuff";

CREATE EXTENSION pgraft;
