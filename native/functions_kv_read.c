/*
 * functions_kv_read.c
 *	  SQL functions that read the key-value store.
 *
 * Threads: a backend's only thread.  Locks: none.
 */
#include "prelude.h"

#include "funcapi.h"
#include "libpq/pqformat.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "access.h"
#include "kv_read.h"
#include "shared.h"
#include "slot_client.h"
#include "status.h"
#include "store_reader.h"
#include "text.h"

PG_FUNCTION_INFO_V1(pgraft_kv_get);
PG_FUNCTION_INFO_V1(pgraft_kv_get_bytea);
PG_FUNCTION_INFO_V1(pgraft_kv_get_entry);
PG_FUNCTION_INFO_V1(pgraft_kv_get_entry_bytea);
PG_FUNCTION_INFO_V1(pgraft_kv_exists);
PG_FUNCTION_INFO_V1(pgraft_kv_exists_bytea);
PG_FUNCTION_INFO_V1(pgraft_kv_list_keys);
PG_FUNCTION_INFO_V1(pgraft_kv_list);
PG_FUNCTION_INFO_V1(pgraft_kv_list_bytea);
PG_FUNCTION_INFO_V1(pgraft_kv_revision);
PG_FUNCTION_INFO_V1(pgraft_kv_get_stats);
PG_FUNCTION_INFO_V1(pgraft_kv_hash);

/* Columns of pgraft_kv_get_entry() and pgraft_kv_list(). */
#define ENTRY_COLUMNS	7

static const PgraftBytes no_bytes = {"", 0};

/* The consistency that a call asks for; null stands for the session's setting. */
static PgraftReadConsistency
consistency_argument(FunctionCallInfo fcinfo, int number)
{
	char	   *name;

	if (PG_ARGISNULL(number))
		return pgraft_read_consistency;
	name = text_to_cstring(PG_GETARG_TEXT_PP(number));
	if (strcmp(name, "linearizable") == 0)
		return PGRAFT_READ_LINEARIZABLE;
	if (strcmp(name, "local") == 0)
		return PGRAFT_READ_LOCAL;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("there is no read consistency \"%s\"", name),
			 errhint("Say \"linearizable\" or \"local\", or null for the setting pgraft.read_consistency.")));
}

static Datum
get(FunctionCallInfo fcinfo, PgraftKind kind)
{
	PgraftBytes value;

	if (PG_ARGISNULL(0) ||
		!pgraft_read_value(consistency_argument(fcinfo, 1),
						   pgraft_key_argument(fcinfo, 0, kind), &value))
		PG_RETURN_NULL();
	return pgraft_datum(value, kind, "value");
}

Datum
pgraft_kv_get(PG_FUNCTION_ARGS)
{
	return get(fcinfo, PGRAFT_TEXT);
}

Datum
pgraft_kv_get_bytea(PG_FUNCTION_ARGS)
{
	return get(fcinfo, PGRAFT_BINARY);
}

static Datum
exists(FunctionCallInfo fcinfo, PgraftKind kind)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_BOOL(pgraft_read_value(consistency_argument(fcinfo, 1),
									 pgraft_key_argument(fcinfo, 0, kind), NULL));
}

Datum
pgraft_kv_exists(PG_FUNCTION_ARGS)
{
	return exists(fcinfo, PGRAFT_TEXT);
}

Datum
pgraft_kv_exists_bytea(PG_FUNCTION_ARGS)
{
	return exists(fcinfo, PGRAFT_BINARY);
}

/* Where the rows of a scan go, and in which form. */
typedef struct RowTarget
{
	ReturnSetInfo *result;
	PgraftKind	kind;
	MemoryContext per_row;
} RowTarget;

static RowTarget
row_target(FunctionCallInfo fcinfo, PgraftKind kind)
{
	RowTarget	target;

	target.result = (ReturnSetInfo *) fcinfo->resultinfo;
	target.kind = kind;
	target.per_row = AllocSetContextCreate(CurrentMemoryContext, "pgraft rows",
										   ALLOCSET_DEFAULT_SIZES);
	return target;
}

/* A row of pgraft_kv_get_entry() or pgraft_kv_list(). */
static void
add_entry(void *argument, const PgraftStoreEntry *entry, PgraftBytes key,
		  PgraftBytes value)
{
	RowTarget  *target = argument;
	MemoryContext caller = MemoryContextSwitchTo(target->per_row);
	Datum		values[ENTRY_COLUMNS];
	bool		nulls[ENTRY_COLUMNS] = {0};

	values[0] = pgraft_datum(key, target->kind, "key");
	values[1] = pgraft_datum(value, target->kind, "value");
	values[2] = Int64GetDatum(entry->version);
	values[3] = Int64GetDatum(entry->create_revision);
	values[4] = Int64GetDatum(entry->mod_revision);
	values[5] = TimestampTzGetDatum(pgraft_timestamp(entry->create_time_ms));
	values[6] = TimestampTzGetDatum(pgraft_timestamp(entry->time_ms));
	tuplestore_putvalues(target->result->setResult, target->result->setDesc,
						 values, nulls);
	MemoryContextSwitchTo(caller);
	MemoryContextReset(target->per_row);
}

/* A row of pgraft_kv_list_keys(). */
static void
add_key(void *argument, const PgraftStoreEntry *entry, PgraftBytes key,
		PgraftBytes value)
{
	RowTarget  *target = argument;
	MemoryContext caller = MemoryContextSwitchTo(target->per_row);
	Datum		values[1];
	bool		nulls[1] = {0};

	values[0] = pgraft_datum(key, target->kind, "key");
	tuplestore_putvalues(target->result->setResult, target->result->setDesc,
						 values, nulls);
	MemoryContextSwitchTo(caller);
	MemoryContextReset(target->per_row);
}

static int64
revision_argument(FunctionCallInfo fcinfo, int number)
{
	int64		revision;

	pgraft_not_null(fcinfo, number, "at_revision");
	revision = PG_GETARG_INT64(number);
	if (revision < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("at_revision must not be negative"),
				 errhint("0 stands for the current revision.")));
	return revision;
}

static Datum
get_entry(FunctionCallInfo fcinfo, PgraftKind kind)
{
	PgraftBytes key;
	PgraftBytes value;
	PgraftStoreEntry entry;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		return (Datum) 0;
	key = pgraft_key_argument(fcinfo, 0, kind);
	if (pgraft_read_entry(consistency_argument(fcinfo, 2), key,
						  revision_argument(fcinfo, 1), &entry, &value))
	{
		RowTarget	target = row_target(fcinfo, kind);

		add_entry(&target, &entry, key, value);
	}
	return (Datum) 0;
}

Datum
pgraft_kv_get_entry(PG_FUNCTION_ARGS)
{
	return get_entry(fcinfo, PGRAFT_TEXT);
}

Datum
pgraft_kv_get_entry_bytea(PG_FUNCTION_ARGS)
{
	return get_entry(fcinfo, PGRAFT_BINARY);
}

Datum
pgraft_kv_list_keys(PG_FUNCTION_ARGS)
{
	PgraftRange range = {no_bytes, no_bytes, PG_INT64_MAX, 0, false};
	RowTarget	target;

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	target = row_target(fcinfo, PGRAFT_TEXT);
	pgraft_read_range(consistency_argument(fcinfo, 0), &range, add_key, &target);
	return (Datum) 0;
}

static Datum
list(FunctionCallInfo fcinfo, PgraftKind kind)
{
	PgraftRange range = {no_bytes, no_bytes, PG_INT64_MAX, 0, true};
	PgraftReadConsistency consistency = consistency_argument(fcinfo, 4);
	RowTarget	target;

	range.prefix = pgraft_prefix_argument(fcinfo, 0, kind);
	if (!PG_ARGISNULL(1))
		range.max_rows = PG_GETARG_INT64(1);
	if (range.max_rows < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("max_rows must not be negative"),
				 errhint("Null stands for all rows.")));
	if (!PG_ARGISNULL(2))
	{
		range.start_after = pgraft_from_varlena(PG_GETARG_VARLENA_PP(2), kind,
												"start_after");
		if (range.start_after.len > 0)
			pgraft_check_key(range.start_after);
	}
	range.at_revision = revision_argument(fcinfo, 3);

	InitMaterializedSRF(fcinfo, 0);
	target = row_target(fcinfo, kind);
	pgraft_read_range(consistency, &range, add_entry, &target);
	return (Datum) 0;
}

Datum
pgraft_kv_list(PG_FUNCTION_ARGS)
{
	return list(fcinfo, PGRAFT_TEXT);
}

Datum
pgraft_kv_list_bytea(PG_FUNCTION_ARGS)
{
	return list(fcinfo, PGRAFT_BINARY);
}

Datum
pgraft_kv_revision(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(pgraft_read_revision(consistency_argument(fcinfo, 0)));
}

/* A count in a column that is an integer by the original's documentation. */
static Datum
count_datum(int64 count)
{
	return Int32GetDatum((int32) Min(count, PG_INT32_MAX));
}

Datum
pgraft_kv_get_stats(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	PgraftStoreTotals totals;
	PgraftStatusCopy status;
	Datum		values[13];
	bool		nulls[13] = {0};
	int64		generation;
	int64		gets;
	const char *why = NULL;
	int			rc;

	InitMaterializedSRF(fcinfo, 0);
	rc = pgraft_store_run(pgraft_store_totals, &totals, &generation, &why);
	if (rc != MDB_SUCCESS)
		pgraft_store_refuse(rc, 0, why);
	gets = pgraft_reads_counted();

	values[0] = count_datum(totals.keys);
	values[1] = Int64GetDatum(totals.puts + totals.deletes + gets);
	values[2] = Int64GetDatum(totals.applied_index);
	values[3] = Int64GetDatum(totals.puts);
	values[4] = Int64GetDatum(totals.deletes);
	values[5] = Int64GetDatum(gets);
	values[6] = count_datum(totals.keys);
	values[7] = count_datum(totals.history - totals.keys);
	values[8] = Int64GetDatum(totals.revision);
	values[9] = Int64GetDatum(totals.compacted);
	values[10] = Int64GetDatum(totals.key_bytes);
	if (pgraft_status_read(&status))
	{
		values[11] = Int64GetDatum(status.page.store_size_bytes);
		values[12] = Int64GetDatum(status.page.quota_bytes);
	}
	else
		nulls[11] = nulls[12] = true;
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	return (Datum) 0;
}

Datum
pgraft_kv_hash(PG_FUNCTION_ARGS)
{
	StringInfoData request;
	PgraftResponse response;
	PgraftAccess access;
	TupleDesc	descriptor;
	Datum		values[2];
	bool		nulls[2] = {0};
	int64		revision = PG_GETARG_INT64(0);

	if (get_call_result_type(fcinfo, NULL, &descriptor) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	if (revision < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("revision must not be negative"),
				 errhint("0 stands for the current revision.")));
	pgraft_access_begin(&access, true);
	pgraft_access_need(&access, PGRAFT_RIGHT_READ, no_bytes, true);
	pgraft_access_check(&access);
	pgraft_wire_begin(&request, PGRAFT_OP_HASH);
	pq_sendint64(&request, (uint64) revision);
	response = pgraft_call(&request, 0);
	revision = pgraft_wire_get_i64(&response);
	values[0] = Int64GetDatum(pgraft_wire_get_i64(&response));
	values[1] = Int64GetDatum(revision);
	pgraft_wire_close(&response);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(descriptor),
													  values, nulls)));
}
