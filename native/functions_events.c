/*
 * functions_events.c
 *	  SQL functions about what happened on this node.
 *
 * They read shared memory only, and work on standbys and without an engine.
 *
 * Threads: a backend's only thread.  Locks: none.
 */
#include "prelude.h"

#include "funcapi.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

#include "events.h"
#include "guc.h"
#include "lease.h"
#include "rows.h"
#include "status.h"
#include "text.h"

PG_FUNCTION_INFO_V1(pgraft_events);
PG_FUNCTION_INFO_V1(pgraft_wait_event);

#define NS_PER_MS			INT64CONST(1000000)
#define TIMEOUT_US_MAX		USECS_PER_HOUR

/* The id behind which a reader goes on. */
static int64
since_argument(FunctionCallInfo fcinfo, int number)
{
	int64		since;
	int64		last = pgraft_events_last();

	pgraft_not_null(fcinfo, number, "since");
	since = PG_GETARG_INT64(number);
	if (since < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("since must not be negative"),
				 errhint("0 stands for all events that are kept.")));
	if (since > last)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there was no event %lld yet", (long long) since),
				 errdetail("The last one of this run of the server is %lld.",
						   (long long) last),
				 errhint("Ids begin anew when the server's shared memory is made anew, as after a restart. Begin again at 0.")));
	return since;
}

/* How long a call waits, in ns: its argument, or as long as other calls. */
static int64
timeout_argument(FunctionCallInfo fcinfo, int number)
{
	Interval   *timeout;

	if (PG_ARGISNULL(number))
		return pgraft_command_timeout * NS_PER_MS;
	timeout = PG_GETARG_INTERVAL_P(number);
	/* Days and months are too long, also those that hours are taken off from. */
	if (timeout->month != 0 || timeout->day != 0 ||
		timeout->time < 0 || timeout->time > TIMEOUT_US_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("timeout must be from 0 to 1 hour"),
				 errhint("Null stands for pgraft.command_timeout. To wait for longer, call again.")));
	return timeout->time * INT64CONST(1000);
}

static void
add_row(FunctionCallInfo fcinfo, const PgraftEventCopy *event)
{
	PgraftRow	row = {.columns = 0};

	pgraft_row_add(&row, Int64GetDatum(event->id), true);
	pgraft_row_add_time(&row, event->time_ms, true);
	pgraft_row_add_text(&row, pgraft_event_kind_name(event->kind), true);
	pgraft_row_add_text(&row, pgraft_status_text(event->detail,
												 sizeof(event->detail)), true);
	pgraft_row_add(&row, TimestampTzGetDatum(pgraft_shared->made_at), true);
	pgraft_row_emit(fcinfo, &row);
}

/* Adds the events after "since" and up to "last"; returns whether there are any. */
static bool
add_rows(FunctionCallInfo fcinfo, int64 since, int64 last)
{
	PgraftEventCopy event;
	bool		any = false;

	while ((since = pgraft_events_next(since, last, &event)) != 0)
	{
		add_row(fcinfo, &event);
		any = true;
	}
	return any;
}

Datum
pgraft_events(PG_FUNCTION_ARGS)
{
	int64		since;

	pgraft_require_preload();
	since = since_argument(fcinfo, 0);
	InitMaterializedSRF(fcinfo, 0);
	(void) add_rows(fcinfo, since, pgraft_events_last());
	return (Datum) 0;
}

/* Sleeps until there may be something new; false when the time is over. */
static bool
wait_for_event(int64 deadline_ns)
{
	int64		left_ms = (deadline_ns - pgraft_boottime() + NS_PER_MS - 1) / NS_PER_MS;

	if (left_ms <= 0)
		return false;
	(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
					 (long) left_ms, PG_WAIT_EXTENSION);
	ResetLatch(MyLatch);
	CHECK_FOR_INTERRUPTS();
	return true;
}

Datum
pgraft_wait_event(PG_FUNCTION_ARGS)
{
	int64		deadline_ns;
	int64		since;

	pgraft_require_preload();
	since = since_argument(fcinfo, 0);
	deadline_ns = pgraft_boottime() + timeout_argument(fcinfo, 1);
	InitMaterializedSRF(fcinfo, 0);
	for (;;)
	{
		int64		last;

		pgraft_events_arm();
		last = pgraft_events_last();
		if (add_rows(fcinfo, since, last))
			break;
		/* What is not there any more will not come. */
		since = last;
		if (!wait_for_event(deadline_ns))
			break;
	}
	return (Datum) 0;
}
