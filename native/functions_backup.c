/*
 * functions_backup.c
 *	  SQL functions that write, verify and restore backups.
 *
 * The files are the server's, and the worker's JVM reads and writes them.  So these
 * functions demand what COPY demands of those who name files on the server, beside
 * the right to execute them.
 *
 * Threads: a backend's only thread.  Locks: none.
 */
#include "prelude.h"

#include "catalog/pg_authid.h"
#include "libpq/pqformat.h"
#include "utils/acl.h"

#include "rows.h"
#include "slot_client.h"
#include "text.h"

PG_FUNCTION_INFO_V1(pgraft_backup);
PG_FUNCTION_INFO_V1(pgraft_rescue);
PG_FUNCTION_INFO_V1(pgraft_backup_verify);
PG_FUNCTION_INFO_V1(pgraft_init_from);

static void
require_role(Oid role, const char *role_name, const char *function)
{
	if (!has_privs_of_role(GetUserId(), role))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied for %s", function),
				 errdetail("It names a file on the server, which takes the privileges of the role %s.",
						   role_name)));
}

/* The name of a file; the engine judges what kind of name it is. */
static PgraftBytes
path_argument(FunctionCallInfo fcinfo, const char *name)
{
	PgraftBytes path;

	path = pgraft_value_argument(fcinfo, 0, PGRAFT_TEXT, name);
	if (path.len == 0 || path.len >= MAXPGPATH)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must have 1 to %d bytes", name, MAXPGPATH - 1),
				 errdetail("It has %d.", path.len)));
	if (path.data[0] != '/')
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be an absolute path", name),
				 errhint("The file is on the server, not on the client.")));
	return path;
}

static PgraftBackupSource
consistency_argument(FunctionCallInfo fcinfo)
{
	PgraftBytes consistency = pgraft_value_argument(fcinfo, 1, PGRAFT_TEXT,
													"consistency");
	char	   *word = pnstrdup(consistency.data, consistency.len);

	if (pg_strcasecmp(word, "linearizable") == 0)
		return PGRAFT_BACKUP_LINEARIZABLE;
	if (pg_strcasecmp(word, "local") == 0)
		return PGRAFT_BACKUP_LOCAL;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("consistency must be \"linearizable\" or \"local\"")));
}

/* Sends the request and returns what the engine tells of the file, as a row. */
static Datum
call_for_facts(FunctionCallInfo fcinfo, StringInfo request, int flags,
			   PgraftBytes path, int64 *tail)
{
	PgraftResponse response = pgraft_call(request, flags);
	PgraftRow	row = {.columns = 0};
	PgraftBytes cluster = pgraft_wire_get_bytes(&response);
	PgraftBytes sha256;

	pgraft_row_add(&row, pgraft_datum(path, PGRAFT_TEXT, "path"), true);
	pgraft_row_add(&row, pgraft_datum(cluster, PGRAFT_TEXT, "cluster_id"), true);
	pgraft_row_add_int(&row, pgraft_wire_get_i32(&response), true);
	for (int i = 0; i < 4; i++) /* term, index, revision, keys */
		pgraft_row_add_figure(&row, pgraft_wire_get_i64(&response), true);
	pgraft_row_add_time(&row, pgraft_wire_get_i64(&response), true);
	*tail = pgraft_wire_get_i64(&response);
	pgraft_row_add_figure(&row, *tail, true);
	pgraft_row_add_figure(&row, pgraft_wire_get_i64(&response), true);
	sha256 = pgraft_wire_get_bytes(&response);
	pgraft_row_add(&row, pgraft_datum(sha256, PGRAFT_TEXT, "sha256"), true);
	pgraft_wire_close(&response);
	return pgraft_row_return(fcinfo, &row);
}

static void
begin_backup(StringInfo request, PgraftBackupSource source, PgraftBytes path)
{
	pgraft_wire_begin(request, PGRAFT_OP_BACKUP);
	pq_sendbyte(request, (uint8) source);
	pgraft_wire_put_bytes(request, path);
}

Datum
pgraft_backup(PG_FUNCTION_ARGS)
{
	StringInfoData request;
	PgraftBytes path = path_argument(fcinfo, "path");
	PgraftBackupSource source = consistency_argument(fcinfo);
	int64		tail;

	require_role(ROLE_PG_WRITE_SERVER_FILES, "pg_write_server_files",
				 "pgraft_backup()");
	begin_backup(&request, source, path);
	return call_for_facts(fcinfo, &request, PGRAFT_CALL_FILE, path, &tail);
}

Datum
pgraft_rescue(PG_FUNCTION_ARGS)
{
	StringInfoData request;
	PgraftBytes path = path_argument(fcinfo, "path");
	int64		tail;
	Datum		row;

	require_role(ROLE_PG_WRITE_SERVER_FILES, "pg_write_server_files",
				 "pgraft_rescue()");
	begin_backup(&request, PGRAFT_BACKUP_LOG_TAIL, path);
	row = call_for_facts(fcinfo, &request, PGRAFT_CALL_FILE, path, &tail);
	ereport(WARNING,
			(errmsg("the file may lack writes that were acknowledged, and have writes that were not"),
			 errdetail_plural("%lld log entry in it was not known to be committed.",
							  "%lld log entries in it were not known to be committed.",
							  (unsigned long) tail, (long long) tail),
			 errhint("Rescue every member that is left, and restore the file with the highest term, and of these the one with the highest index.")));
	return row;
}

Datum
pgraft_backup_verify(PG_FUNCTION_ARGS)
{
	StringInfoData request;
	PgraftBytes path = path_argument(fcinfo, "path");
	int64		tail;

	require_role(ROLE_PG_READ_SERVER_FILES, "pg_read_server_files",
				 "pgraft_backup_verify()");
	pgraft_wire_begin(&request, PGRAFT_OP_BACKUP_VERIFY);
	pgraft_wire_put_bytes(&request, path);
	return call_for_facts(fcinfo, &request, 0, path, &tail);
}

/* pgraft_init(restore_from) */
Datum
pgraft_init_from(PG_FUNCTION_ARGS)
{
	StringInfoData request;
	PgraftResponse response;
	PgraftBytes path = path_argument(fcinfo, "restore_from");

	require_role(ROLE_PG_READ_SERVER_FILES, "pg_read_server_files",
				 "pgraft_init()");
	pgraft_prevent_write("pgraft_init()");
	pgraft_wire_begin(&request, PGRAFT_OP_RESTORE);
	pgraft_wire_put_bytes(&request, path);
	response = pgraft_call(&request, PGRAFT_CALL_WRITE);
	(void) pgraft_wire_get_u8(&response);
	pgraft_wire_close(&response);
	PG_RETURN_BOOL(true);
}
