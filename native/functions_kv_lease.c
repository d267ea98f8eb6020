/*
 * functions_kv_lease.c
 *	  SQL functions about leases of keys.
 *
 * A lease is given by a write; keys are attached to it by their puts.  The node
 * that holds the leadership lease judges when it is over, so that to keep it
 * alive, and to ask how long it still lives, is a question to that node.  Not to
 * be confused with the leadership lease itself (lease.c).
 *
 * Threads: a backend's only thread.  Locks: none.
 */
#include "prelude.h"

#include "funcapi.h"
#include "libpq/pqformat.h"
#include "utils/timestamp.h"

#include "rows.h"
#include "slot_client.h"
#include "text.h"

PG_FUNCTION_INFO_V1(pgraft_lease_grant);
PG_FUNCTION_INFO_V1(pgraft_lease_keep_alive);
PG_FUNCTION_INFO_V1(pgraft_lease_revoke);
PG_FUNCTION_INFO_V1(pgraft_leases);
PG_FUNCTION_INFO_V1(pgraft_lease_keys);

#define US_PER_MS	INT64CONST(1000)

static Datum
interval_of_ms(int64 ms)
{
	Interval   *interval = palloc0(sizeof(*interval));

	interval->time = ms * US_PER_MS;
	return IntervalPGetDatum(interval);
}

/* The time to live that was asked for, in milliseconds. */
static int64
ttl_argument(FunctionCallInfo fcinfo, int number)
{
	Interval   *interval;
	int64		ms;

	pgraft_not_null(fcinfo, number, "ttl");
	interval = PG_GETARG_INTERVAL_P(number);

	/* Months have no length; an infinite interval shows as one of many. */
	if (interval->month != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("ttl must be given in days, hours, minutes and seconds"),
				 errdetail("Months and years are not all equally long, and a lease does not live for ever."),
				 errhint("Say, for example, interval '30 seconds'.")));
	ms = interval->time / US_PER_MS;
	if (interval->day < -PGRAFT_LEASE_DAYS_MAX ||
		interval->day > PGRAFT_LEASE_DAYS_MAX ||
		ms + interval->day * (USECS_PER_DAY / US_PER_MS) < PGRAFT_LEASE_MS_MIN ||
		ms + interval->day * (USECS_PER_DAY / US_PER_MS) >
		PGRAFT_LEASE_DAYS_MAX * (USECS_PER_DAY / US_PER_MS))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("ttl must be from %d second to %d days",
						PGRAFT_LEASE_MS_MIN / 1000, PGRAFT_LEASE_DAYS_MAX),
				 errhint("It has to be longer than a change of the leader takes, or every change would end the lease.")));
	return ms + interval->day * (USECS_PER_DAY / US_PER_MS);
}

static int64
lease_argument(FunctionCallInfo fcinfo, int number)
{
	pgraft_not_null(fcinfo, number, "lease");
	return PG_GETARG_INT64(number);
}

/* Sends a request that is about one number: a lease, or a time to live. */
static PgraftResponse
call_about(PgraftOp op, int64 number, int flags)
{
	StringInfoData request;

	pgraft_wire_begin(&request, op);
	pq_sendint64(&request, (uint64) number);
	return pgraft_call(&request, flags);
}

Datum
pgraft_lease_grant(PG_FUNCTION_ARGS)
{
	PgraftResponse response;
	int64		ttl_ms = ttl_argument(fcinfo, 0);
	int64		lease;

	pgraft_prevent_write("pgraft_lease_grant()");
	response = call_about(PGRAFT_OP_LEASE_GRANT, ttl_ms, PGRAFT_CALL_WRITE);
	lease = pgraft_wire_get_i64(&response);
	pgraft_wire_close(&response);
	PG_RETURN_INT64(lease);
}

Datum
pgraft_lease_keep_alive(PG_FUNCTION_ARGS)
{
	PgraftResponse response;
	int64		lease = lease_argument(fcinfo, 0);
	int64		ttl_ms;

	response = call_about(PGRAFT_OP_LEASE_KEEP_ALIVE, lease, 0);
	ttl_ms = pgraft_wire_get_i64(&response);
	pgraft_wire_close(&response);
	return interval_of_ms(ttl_ms);
}

Datum
pgraft_lease_revoke(PG_FUNCTION_ARGS)
{
	PgraftResponse response;
	int64		lease = lease_argument(fcinfo, 0);
	int64		deleted;

	pgraft_prevent_write("pgraft_lease_revoke()");
	response = call_about(PGRAFT_OP_LEASE_REVOKE, lease, PGRAFT_CALL_WRITE);
	(void) pgraft_wire_get_i64(&response);	/* revision */
	deleted = pgraft_wire_get_i64(&response);
	pgraft_wire_close(&response);
	PG_RETURN_INT64(deleted);
}

Datum
pgraft_leases(PG_FUNCTION_ARGS)
{
	StringInfoData request;
	PgraftResponse response;
	PgraftRow	row = {.columns = 0};
	int32		count;

	InitMaterializedSRF(fcinfo, 0);
	pgraft_wire_begin(&request, PGRAFT_OP_LEASE_LIST);
	response = pgraft_call(&request, PGRAFT_CALL_LARGE);
	count = pgraft_wire_get_i32(&response);
	for (int32 i = 0; i < count; i++)
	{
		pgraft_row_add(&row, Int64GetDatum(pgraft_wire_get_i64(&response)), true);
		pgraft_row_add(&row, interval_of_ms(pgraft_wire_get_i64(&response)), true);
		pgraft_row_add(&row, interval_of_ms(pgraft_wire_get_i64(&response)), true);
		pgraft_row_add_int(&row, pgraft_wire_get_i32(&response), true);
		pgraft_row_add_time(&row, pgraft_wire_get_i64(&response), true);
		pgraft_row_emit(fcinfo, &row);
	}
	pgraft_wire_close(&response);
	return (Datum) 0;
}

Datum
pgraft_lease_keys(PG_FUNCTION_ARGS)
{
	PgraftResponse response;
	PgraftRow	row = {.columns = 0};
	int64		lease = lease_argument(fcinfo, 0);
	int32		count;

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	response = call_about(PGRAFT_OP_LEASE_KEYS, lease, PGRAFT_CALL_LARGE);
	count = pgraft_wire_get_i32(&response);
	for (int32 i = 0; i < count; i++)
	{
		pgraft_row_add_text(&row, pgraft_shown(pgraft_wire_get_bytes(&response)),
							true);
		pgraft_row_emit(fcinfo, &row);
	}
	pgraft_wire_close(&response);
	return (Datum) 0;
}
