--
-- Backups: what is written, what verification says, and what is refused.
--
\set SHOW_CONTEXT never
-- beside PGDATA, where the engine's directory is as well
SELECT current_setting('data_directory') || '.backup' AS file \gset
\set copy :file '.copy'

SELECT pgraft_kv_put('backup/a', '1'), pgraft_kv_put('backup/b', '2');
CREATE TEMP TABLE written AS SELECT * FROM pgraft_backup(:'file');
SELECT file = :'file' AS file, cluster_id, node_id, term = pgraft_get_term() AS term, index > 0 AS index,
       revision = pgraft_kv_revision() AS revision, keys = (SELECT num_entries FROM pgraft_kv_get_stats()) AS keys,
       created BETWEEN now() - interval '1 minute' AND now() + interval '1 minute' AS created, log_tail,
       bytes = (pg_stat_file(:'file')).size AS bytes, length(sha256)
  FROM written;
SELECT v.* = w.* AS same FROM pgraft_backup_verify(:'file') v, written w;
-- anybody can check the digest: it is of all bytes but the last 32, which hold it
SELECT encode(sha256(substr(content, 1, length(content) - 32)), 'hex') = sha256 AS content,
       encode(substr(content, length(content) - 31), 'hex') = sha256 AS trailer
  FROM (SELECT pg_read_binary_file(:'file') AS content) c, written;
SELECT keys > 0 AS keys FROM pgraft_backup(:'copy', 'local');

-- refused; messages show paths, so only their SQLSTATEs
\set VERBOSITY sqlstate
SELECT pgraft_backup(:'file');
SELECT pgraft_rescue(:'file' || '.rescue');
SELECT pgraft_init(:'file');
SELECT pgraft_backup('relative/path');
SELECT pgraft_backup('');
SELECT pgraft_backup('/' || repeat('x', 1023));
SELECT pgraft_backup('/no/such/directory/at/all');
SELECT pgraft_backup(current_setting('data_directory') || '/backup');
SELECT pgraft_backup(current_setting('data_directory') || '/base/../backup');
SELECT pgraft_backup(current_setting('data_directory') || '.pgraft/backup');
SELECT pgraft_backup(:'file' || '.other', 'quick');
SELECT pgraft_backup(NULL);
SELECT pgraft_backup(:'file' || '.other', NULL);
SELECT pgraft_rescue(NULL);
SELECT pgraft_backup_verify(NULL);
SELECT pgraft_init(NULL);
SELECT pgraft_backup_verify(:'file' || '.missing');
SELECT pgraft_backup_verify(current_setting('data_directory'));
SELECT pgraft_backup_verify('/dev/zero');
SELECT pgraft_backup_verify(current_setting('data_directory') || '/PG_VERSION');
\set VERBOSITY default
SELECT pgraft_backup_verify('backup');

-- the right to execute is not enough: the server's files need their own
CREATE ROLE pgraft_operator;
GRANT EXECUTE ON FUNCTION pgraft_backup(text, text), pgraft_rescue(text), pgraft_backup_verify(text),
    pgraft_init(text) TO pgraft_operator;
SET ROLE pgraft_operator;
SELECT pgraft_backup('/tmp/backup');
SELECT pgraft_rescue('/tmp/backup');
SELECT pgraft_backup_verify('/tmp/backup');
SELECT pgraft_init('/tmp/backup');
RESET ROLE;
GRANT pg_read_server_files TO pgraft_operator;
SET ROLE pgraft_operator;
SELECT keys > 0 AS keys FROM pgraft_backup_verify(:'file');
SELECT pgraft_backup('/tmp/backup');
RESET ROLE;
DROP OWNED BY pgraft_operator;
DROP ROLE pgraft_operator;

SELECT pgraft_kv_delete_prefix('backup/');
DO $$
BEGIN
    EXECUTE (SELECT format('COPY (SELECT) TO PROGRAM %L', format('cat > /dev/null; rm %1$s %1$s.copy', file)) FROM written);
END
$$;
