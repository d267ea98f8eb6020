/*
 * functions_log.c
 *	  SQL functions about the Raft log.
 *
 * Threads: a backend's only thread.  Locks: none.
 */
#include "prelude.h"

#include "funcapi.h"
#include "libpq/pqformat.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/timestamp.h"

#include "rows.h"
#include "slot_client.h"
#include "status.h"
#include "text.h"

PG_FUNCTION_INFO_V1(pgraft_log_append);
PG_FUNCTION_INFO_V1(pgraft_replicate_entry);
PG_FUNCTION_INFO_V1(pgraft_log_commit);
PG_FUNCTION_INFO_V1(pgraft_log_apply);
PG_FUNCTION_INFO_V1(pgraft_log_sync_with_leader);
PG_FUNCTION_INFO_V1(pgraft_log_get_entry);
PG_FUNCTION_INFO_V1(pgraft_log_list);

/* Entries asked for at a time; their data has to fit into one response. */
#define LIST_PAGE	256

/* Appends data as an entry of its own; returns its index. */
static int64
append(int64 term, PgraftBytes data)
{
	StringInfoData request;
	PgraftResponse response;
	int64		index;

	pgraft_wire_begin(&request, PGRAFT_OP_LOG_APPEND);
	pq_sendint64(&request, (uint64) term);
	pgraft_wire_put_bytes(&request, data);
	response = pgraft_call(&request, PGRAFT_CALL_WRITE);
	index = pgraft_wire_get_i64(&response);
	pgraft_wire_close(&response);
	return index;
}

Datum
pgraft_log_append(PG_FUNCTION_ARGS)
{
	PgraftBytes data;
	int64		term;

	pgraft_not_null(fcinfo, 0, "term");
	term = PG_GETARG_INT64(0);
	if (term < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("term must be at least 1"),
				 errhint("The current term is the result of pgraft_get_term().")));
	data = pgraft_value_argument(fcinfo, 1, PGRAFT_TEXT, "data");
	pgraft_prevent_write("pgraft_log_append()");
	PG_RETURN_INT64(append(term, data));
}

Datum
pgraft_replicate_entry(PG_FUNCTION_ARGS)
{
	PgraftBytes data = pgraft_value_argument(fcinfo, 0, PGRAFT_TEXT,
											 "entry_data");

	pgraft_prevent_write("pgraft_replicate_entry()");
	/* Term 0 is any term. */
	(void) append(0, data);
	PG_RETURN_BOOL(true);
}

static int64
index_argument(FunctionCallInfo fcinfo, int number, const char *name)
{
	int64		index;

	pgraft_not_null(fcinfo, number, name);
	index = PG_GETARG_INT64(number);
	if (index < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must not be negative", name)));
	return index;
}

static bool
wait_for_index(int64 index, uint8 mode)
{
	StringInfoData request;
	PgraftResponse response;
	bool		reached;

	pgraft_wire_begin(&request, PGRAFT_OP_LOG_WAIT);
	pq_sendbyte(&request, mode);
	pq_sendint64(&request, (uint64) index);
	response = pgraft_call(&request, 0);
	reached = pgraft_wire_get_u8(&response) != 0;
	pgraft_wire_close(&response);
	return reached;
}

Datum
pgraft_log_commit(PG_FUNCTION_ARGS)
{
	int64		index = index_argument(fcinfo, 0, "index");

	PG_RETURN_BOOL(wait_for_index(index, PGRAFT_WAIT_COMMITTED));
}

Datum
pgraft_log_apply(PG_FUNCTION_ARGS)
{
	int64		index = index_argument(fcinfo, 0, "index");

	PG_RETURN_BOOL(wait_for_index(index, PGRAFT_WAIT_APPLIED));
}

Datum
pgraft_log_sync_with_leader(PG_FUNCTION_ARGS)
{
	StringInfoData request;
	PgraftResponse response;

	pgraft_wire_begin(&request, PGRAFT_OP_BARRIER);
	response = pgraft_call(&request, 0);
	(void) pgraft_wire_get_i64(&response);	/* revision */
	(void) pgraft_wire_get_i64(&response);	/* index */
	pgraft_wire_close(&response);
	PG_RETURN_BOOL(true);
}

/* Kinds of entries, in the order of the wire form. */
static const char *
kind_name(int kind)
{
	static const char *const names[] = {"metadata", "batch", "configuration"};

	return kind < (int) lengthof(names) ? names[kind] : "unknown";
}

Datum
pgraft_log_get_entry(PG_FUNCTION_ARGS)
{
	StringInfoData request;
	PgraftResponse response;
	PgraftWireLogEntry entry;
	StringInfoData json;
	char	   *data;
	int64		index = index_argument(fcinfo, 0, "index");

	pgraft_wire_begin(&request, PGRAFT_OP_LOG_GET);
	pq_sendint64(&request, (uint64) index);
	response = pgraft_call(&request, PGRAFT_CALL_LARGE);
	pgraft_wire_get_log_entry(&response, &entry);
	pgraft_wire_close(&response);

	initStringInfo(&json);
	appendStringInfo(&json,
					 "{\"index\": %lld, \"term\": %lld, \"kind\": \"%s\", \"type\": ",
					 (long long) entry.index, (long long) entry.term,
					 kind_name(entry.kind));
	escape_json(&json, pgraft_cstring(entry.type, "log entry"));
	appendStringInfoString(&json, ", \"data\": ");
	data = pgraft_text_or_null(entry.data);
	if (data != NULL)
		escape_json(&json, data);
	else
		appendStringInfoString(&json, "null");
	if (entry.time_ms > 0)
		appendStringInfo(&json, ", \"timestamp\": \"%s\"",
						 timestamptz_to_str(pgraft_timestamp(entry.time_ms)));
	appendStringInfo(&json, ", \"committed\": %s, \"applied\": %s}",
					 entry.committed ? "true" : "false",
					 entry.applied ? "true" : "false");
	PG_RETURN_TEXT_P(cstring_to_text_with_len(json.data, json.len));
}

/* Emits up to "limit" entries from "from" on; returns how many there were. */
static int
list_page(FunctionCallInfo fcinfo, int64 from, int limit, int64 *last)
{
	StringInfoData request;
	PgraftResponse response;
	PgraftWireLogEntry entry;
	int			count;

	pgraft_wire_begin(&request, PGRAFT_OP_LOG_LIST);
	pq_sendint64(&request, (uint64) from);
	pq_sendint32(&request, (uint32) limit);
	response = pgraft_call(&request, PGRAFT_CALL_LARGE);
	count = pgraft_wire_get_u16(&response);
	for (int i = 0; i < count; i++)
	{
		PgraftRow	row = {.columns = 0};
		char	   *data;

		pgraft_wire_get_log_entry(&response, &entry);
		data = pgraft_text_or_null(entry.data);
		pgraft_row_add(&row, Int64GetDatum(entry.index), true);
		pgraft_row_add(&row, Int64GetDatum(entry.term), true);
		pgraft_row_add_int(&row, entry.kind, true);
		pgraft_row_add_text(&row, pgraft_cstring(entry.type, "log entry"), true);
		pgraft_row_add_text(&row, data, data != NULL);
		pgraft_row_add_time(&row, entry.time_ms, entry.time_ms > 0);
		pgraft_row_add(&row, BoolGetDatum(entry.committed), true);
		pgraft_row_add(&row, BoolGetDatum(entry.applied), true);
		pgraft_row_emit(fcinfo, &row);
		*last = entry.index;
	}
	pgraft_wire_close(&response);
	return count;
}

Datum
pgraft_log_list(PG_FUNCTION_ARGS)
{
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext per_page;
	int64		from = index_argument(fcinfo, 0, "from_index");
	int32		left;

	pgraft_not_null(fcinfo, 1, "max_rows");
	left = PG_GETARG_INT32(1);
	if (left < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("max_rows must not be negative")));
	InitMaterializedSRF(fcinfo, 0);
	per_page = AllocSetContextCreate(caller, "pgraft log", ALLOCSET_DEFAULT_SIZES);
	while (left > 0)
	{
		int64		last = from;
		int			count;

		MemoryContextSwitchTo(per_page);
		count = list_page(fcinfo, from, Min(left, LIST_PAGE), &last);
		MemoryContextSwitchTo(caller);
		MemoryContextReset(per_page);
		if (count == 0)
			break;
		left -= count;
		from = last + 1;
	}
	MemoryContextDelete(per_page);
	return (Datum) 0;
}
