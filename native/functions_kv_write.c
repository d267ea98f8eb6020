/*
 * functions_kv_write.c
 *	  SQL functions that change the key-value store.
 *
 * Each sends one request through a slot and returns when a majority has it on
 * disk and it is applied.  They are not part of PostgreSQL's transaction.
 *
 * Threads: a backend's only thread.  Locks: none.
 */
#include "prelude.h"

#include "catalog/pg_type.h"
#include "libpq/pqformat.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "access.h"
#include "slot_client.h"
#include "text.h"

PG_FUNCTION_INFO_V1(pgraft_kv_put);
PG_FUNCTION_INFO_V1(pgraft_kv_put_bytea);
PG_FUNCTION_INFO_V1(pgraft_kv_put_lease);
PG_FUNCTION_INFO_V1(pgraft_kv_put_lease_bytea);
PG_FUNCTION_INFO_V1(pgraft_kv_put_revision);
PG_FUNCTION_INFO_V1(pgraft_kv_put_revision_bytea);
PG_FUNCTION_INFO_V1(pgraft_kv_put_many);
PG_FUNCTION_INFO_V1(pgraft_kv_delete);
PG_FUNCTION_INFO_V1(pgraft_kv_delete_bytea);
PG_FUNCTION_INFO_V1(pgraft_kv_delete_prefix);
PG_FUNCTION_INFO_V1(pgraft_kv_delete_prefix_bytea);
PG_FUNCTION_INFO_V1(pgraft_kv_compare_and_set);
PG_FUNCTION_INFO_V1(pgraft_kv_compare_and_set_bytea);
PG_FUNCTION_INFO_V1(pgraft_kv_compare_and_set_revision);
PG_FUNCTION_INFO_V1(pgraft_kv_compare_and_set_revision_bytea);
PG_FUNCTION_INFO_V1(pgraft_kv_compact);
PG_FUNCTION_INFO_V1(pgraft_kv_reset);

static const PgraftBytes no_bytes = {"", 0};

/* Begins the access of a write. */
static void
begin_writing(PgraftAccess *access, PgraftBytes what, bool is_prefix)
{
	pgraft_access_begin(access, false);
	pgraft_access_need(access, PGRAFT_RIGHT_WRITE, what, is_prefix);
}

/* Stores a value, attached to a lease or not; returns its revision. */
static int64
put(FunctionCallInfo fcinfo, PgraftKind kind, int64 lease, const char *function)
{
	StringInfoData request;
	PgraftResponse response;
	PgraftAccess access;
	PgraftBytes key;
	PgraftBytes value;
	int64		revision;

	key = pgraft_key_argument(fcinfo, 0, kind);
	value = pgraft_value_argument(fcinfo, 1, kind, "value");
	pgraft_prevent_write(function);

	pgraft_wire_begin(&request, PGRAFT_OP_PUT);
	pgraft_wire_put_put(&request, key, value, lease);
	begin_writing(&access, key, false);
	response = pgraft_access_call(&access, &request, PGRAFT_CALL_WRITE);
	revision = pgraft_wire_get_i64(&response);
	pgraft_wire_close(&response);
	return revision;
}

Datum
pgraft_kv_put(PG_FUNCTION_ARGS)
{
	put(fcinfo, PGRAFT_TEXT, PGRAFT_NO_LEASE, "pgraft_kv_put()");
	PG_RETURN_BOOL(true);
}

Datum
pgraft_kv_put_bytea(PG_FUNCTION_ARGS)
{
	put(fcinfo, PGRAFT_BINARY, PGRAFT_NO_LEASE, "pgraft_kv_put()");
	PG_RETURN_BOOL(true);
}

static int64
put_with_lease(FunctionCallInfo fcinfo, PgraftKind kind)
{
	int64		lease = PGRAFT_NO_LEASE;

	if (!PG_ARGISNULL(2))
	{
		lease = PG_GETARG_INT64(2);
		if (lease <= 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("lease must be positive"),
					 errhint("Null stands for no lease.")));
	}
	return put(fcinfo, kind, lease, "pgraft_kv_put()");
}

Datum
pgraft_kv_put_lease(PG_FUNCTION_ARGS)
{
	put_with_lease(fcinfo, PGRAFT_TEXT);
	PG_RETURN_BOOL(true);
}

Datum
pgraft_kv_put_lease_bytea(PG_FUNCTION_ARGS)
{
	put_with_lease(fcinfo, PGRAFT_BINARY);
	PG_RETURN_BOOL(true);
}

Datum
pgraft_kv_put_revision(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(put(fcinfo, PGRAFT_TEXT, PGRAFT_NO_LEASE, "pgraft_kv_put_revision()"));
}

Datum
pgraft_kv_put_revision_bytea(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(put(fcinfo, PGRAFT_BINARY, PGRAFT_NO_LEASE, "pgraft_kv_put_revision()"));
}

/* The elements of a one-dimensional text array. */
static Datum *
elements(FunctionCallInfo fcinfo, int number, const char *name, int *count)
{
	ArrayType  *array;
	Datum	   *values;
	bool	   *nulls;

	pgraft_not_null(fcinfo, number, name);
	array = PG_GETARG_ARRAYTYPE_P(number);
	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("%s must be a one-dimensional array", name)));
	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT,
					  &values, &nulls, count);
	for (int i = 0; i < *count; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("%s must not contain nulls", name),
					 errdetail("Element %d is null.", i + 1)));
	}
	return values;
}

Datum
pgraft_kv_put_many(PG_FUNCTION_ARGS)
{
	StringInfoData request;
	PgraftResponse response;
	PgraftAccess access;
	Datum	   *keys;
	Datum	   *values;
	int			nkeys;
	int			nvalues;
	int64		revision;

	keys = elements(fcinfo, 0, "keys", &nkeys);
	values = elements(fcinfo, 1, "values", &nvalues);
	if (nkeys != nvalues)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("keys and values must have the same number of elements"),
				 errdetail("There are %d keys and %d values.", nkeys, nvalues)));
	if (nkeys > PGRAFT_PUT_MANY_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many keys in one call"),
				 errdetail("There are %d keys; one call takes at most %d.",
						   nkeys, PGRAFT_PUT_MANY_MAX)));
	pgraft_prevent_write("pgraft_kv_put_many()");

	pgraft_access_begin(&access, false);
	pgraft_wire_begin(&request, PGRAFT_OP_TXN);
	pq_sendint16(&request, 0);	/* no comparison */
	pq_sendint16(&request, (uint16) nkeys);
	for (int i = 0; i < nkeys; i++)
	{
		PgraftBytes key;
		PgraftBytes value;

		key = pgraft_from_varlena((struct varlena *) PG_DETOAST_DATUM_PACKED(keys[i]),
								  PGRAFT_TEXT, "key");
		pgraft_check_key(key);
		pgraft_access_need(&access, PGRAFT_RIGHT_WRITE, key, false);
		value = pgraft_from_varlena((struct varlena *) PG_DETOAST_DATUM_PACKED(values[i]),
									PGRAFT_TEXT, "value");
		pgraft_check_value(value);
		pq_sendbyte(&request, PGRAFT_TXN_PUT);
		pgraft_wire_put_put(&request, key, value, PGRAFT_NO_LEASE);
		if (request.len > PGRAFT_REQUEST_MAX)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("keys and values are too large for one call"),
					 errdetail("The first %d of %d keys need %d bytes; one call takes %d.",
							   i + 1, nkeys, request.len, PGRAFT_REQUEST_MAX),
					 errhint("Store them in several calls.")));
	}
	pq_sendint16(&request, 0);	/* nothing when a comparison fails */

	/* One byte of the response for each put has room where the puts had. */
	response = pgraft_access_call(&access, &request, PGRAFT_CALL_WRITE);
	(void) pgraft_wire_get_u8(&response);	/* succeeded */
	revision = pgraft_wire_get_i64(&response);
	PG_RETURN_INT64(revision);
}

/* Deletes a key, or those that begin with it up to range_end; returns how many there were. */
static int64
delete_range(PgraftBytes key, PgraftBytes range_end, const char *function)
{
	StringInfoData request;
	PgraftResponse response;
	PgraftAccess access;
	int64		deleted;

	pgraft_prevent_write(function);
	pgraft_wire_begin(&request, PGRAFT_OP_DELETE);
	pgraft_wire_put_delete(&request, key, range_end);
	begin_writing(&access, key, range_end.len > 0);
	response = pgraft_access_call(&access, &request, PGRAFT_CALL_WRITE);
	(void) pgraft_wire_get_i64(&response);	/* revision */
	deleted = pgraft_wire_get_i64(&response);
	pgraft_wire_close(&response);
	return deleted;
}

Datum
pgraft_kv_delete(PG_FUNCTION_ARGS)
{
	PgraftBytes key = pgraft_key_argument(fcinfo, 0, PGRAFT_TEXT);

	PG_RETURN_BOOL(delete_range(key, no_bytes, "pgraft_kv_delete()") > 0);
}

Datum
pgraft_kv_delete_bytea(PG_FUNCTION_ARGS)
{
	PgraftBytes key = pgraft_key_argument(fcinfo, 0, PGRAFT_BINARY);

	PG_RETURN_BOOL(delete_range(key, no_bytes, "pgraft_kv_delete()") > 0);
}

static int64
delete_prefix(FunctionCallInfo fcinfo, PgraftKind kind)
{
	PgraftBytes prefix = pgraft_prefix_argument(fcinfo, 0, kind);

	if (prefix.len == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("prefix must not be empty"),
				 errhint("To delete every key, use pgraft_kv_reset().")));
	return delete_range(prefix, pgraft_prefix_end(prefix),
						"pgraft_kv_delete_prefix()");
}

Datum
pgraft_kv_delete_prefix(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(delete_prefix(fcinfo, PGRAFT_TEXT));
}

Datum
pgraft_kv_delete_prefix_bytea(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(delete_prefix(fcinfo, PGRAFT_BINARY));
}

/* One comparison and one put; whether the comparison held. */
static bool
put_if(PgraftBytes key, PgraftBytes value, PgraftCompareTarget target,
	   int64 number, PgraftBytes expected, const char *function)
{
	StringInfoData request;
	PgraftResponse response;
	PgraftAccess access;

	pgraft_prevent_write(function);
	pgraft_wire_begin(&request, PGRAFT_OP_TXN);
	pq_sendint16(&request, 1);
	pgraft_wire_put_compare(&request, target, PGRAFT_COMPARE_EQUAL, key, number,
							expected);
	pq_sendint16(&request, 1);
	pq_sendbyte(&request, PGRAFT_TXN_PUT);
	pgraft_wire_put_put(&request, key, value, PGRAFT_NO_LEASE);
	pq_sendint16(&request, 0);
	if (request.len > PGRAFT_REQUEST_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("expected value and new value are too long together"),
				 errdetail("They need %d bytes; one call takes %d.",
						   request.len, PGRAFT_REQUEST_MAX),
				 errhint("Use pgraft_kv_compare_and_set_revision().")));

	/* Whether the comparison held tells something of the key. */
	pgraft_access_begin(&access, false);
	pgraft_access_need(&access, PGRAFT_RIGHTS_ALL, key, false);
	response = pgraft_access_call(&access, &request, PGRAFT_CALL_WRITE);
	return pgraft_wire_get_u8(&response) != 0;
}

static bool
compare_and_set(FunctionCallInfo fcinfo, PgraftKind kind)
{
	static const char *const function = "pgraft_kv_compare_and_set()";
	PgraftBytes key = pgraft_key_argument(fcinfo, 0, kind);
	PgraftBytes value = pgraft_value_argument(fcinfo, 2, kind, "value");

	/* A version of 0 is a key that does not exist. */
	if (PG_ARGISNULL(1))
		return put_if(key, value, PGRAFT_TARGET_VERSION, 0, no_bytes, function);
	return put_if(key, value, PGRAFT_TARGET_VALUE, 0,
				  pgraft_value_argument(fcinfo, 1, kind, "expected"), function);
}

Datum
pgraft_kv_compare_and_set(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_and_set(fcinfo, PGRAFT_TEXT));
}

Datum
pgraft_kv_compare_and_set_bytea(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_and_set(fcinfo, PGRAFT_BINARY));
}

static bool
compare_and_set_revision(FunctionCallInfo fcinfo, PgraftKind kind)
{
	PgraftBytes key = pgraft_key_argument(fcinfo, 0, kind);
	PgraftBytes value = pgraft_value_argument(fcinfo, 2, kind, "value");
	int64		revision;

	pgraft_not_null(fcinfo, 1, "expected_mod_revision");
	revision = PG_GETARG_INT64(1);
	if (revision < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("expected_mod_revision must not be negative"),
				 errhint("0 stands for a key that does not exist.")));
	return put_if(key, value, PGRAFT_TARGET_MOD, revision, no_bytes,
				  "pgraft_kv_compare_and_set_revision()");
}

Datum
pgraft_kv_compare_and_set_revision(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_and_set_revision(fcinfo, PGRAFT_TEXT));
}

Datum
pgraft_kv_compare_and_set_revision_bytea(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_and_set_revision(fcinfo, PGRAFT_BINARY));
}

Datum
pgraft_kv_compact(PG_FUNCTION_ARGS)
{
	StringInfoData request;
	PgraftResponse response;
	int64		revision;

	pgraft_not_null(fcinfo, 0, "revision");
	revision = PG_GETARG_INT64(0);
	if (revision < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("revision must not be negative"),
				 errhint("0 stands for the current revision.")));
	pgraft_prevent_write("pgraft_kv_compact()");
	pgraft_wire_begin(&request, PGRAFT_OP_COMPACT);
	pq_sendint64(&request, (uint64) revision);
	response = pgraft_call(&request, PGRAFT_CALL_WRITE);
	(void) pgraft_wire_get_i64(&response);	/* what is compacted now */
	pgraft_wire_close(&response);
	PG_RETURN_BOOL(true);
}

Datum
pgraft_kv_reset(PG_FUNCTION_ARGS)
{
	StringInfoData request;
	PgraftResponse response;
	PgraftAccess access;

	pgraft_prevent_write("pgraft_kv_reset()");
	pgraft_wire_begin(&request, PGRAFT_OP_RESET);
	begin_writing(&access, no_bytes, true);
	response = pgraft_access_call(&access, &request, PGRAFT_CALL_WRITE);
	(void) pgraft_wire_get_i64(&response);	/* deleted keys */
	(void) pgraft_wire_get_i64(&response);	/* revision */
	pgraft_wire_close(&response);
	PG_RETURN_BOOL(true);
}
