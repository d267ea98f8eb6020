/*
 * functions_kv_watch.c
 *	  SQL functions that wait for changes of the key-value store.
 *
 * The store keeps its history by revisions, so a watch is a read of that history
 * from a revision on, which waits when there is nothing yet.  It sees this node's
 * store: every change, once, in the order of revisions, as soon as it is applied
 * here; and it ends when this node learns that its user may read those keys no
 * more.  Whoever goes on behind the last revision that he got misses nothing,
 * also on another node.
 *
 * Threads: a backend's only thread.  Locks: none.
 */
#include "prelude.h"

#include "funcapi.h"
#include "miscadmin.h"
#include "storage/latch.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

#include "access.h"
#include "guc.h"
#include "lease.h"
#include "shared.h"
#include "status.h"
#include "text.h"
#include "watch.h"

PG_FUNCTION_INFO_V1(pgraft_kv_watch);
PG_FUNCTION_INFO_V1(pgraft_kv_watch_bytea);

#define WATCH_COLUMNS	7
#define PAGE_BYTES		(256 * 1024)
#define TIMEOUT_MS_MAX	3600000
#define NS_PER_MS		INT64CONST(1000000)

/* A session looks by itself so often, should nobody be there to wake it. */
#define LOOK_MS			1000

/* A call that waits. */
typedef struct Watch
{
	PgraftAccess access;
	PgraftStoreChanges page;
	int64		deadline_ns;	/* BOOTTIME */
	int64		rows;			/* of all pages */
	int64		max_rows;
	int64		revision;		/* of the row that is being made */
	ReturnSetInfo *result;
	PgraftKind	kind;
	MemoryContext per_row;
} Watch;

/* Sleeps until there may be something new; false when the time is over. */
static bool
wait_for_change(int64 deadline_ns)
{
	int64		left_ms = (deadline_ns - pgraft_boottime() + NS_PER_MS - 1) / NS_PER_MS;

	if (left_ms <= 0)
		return false;
	(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
					 (long) Min(left_ms, LOOK_MS), PG_WAIT_EXTENSION);
	ResetLatch(MyLatch);
	CHECK_FOR_INTERRUPTS();
	return true;
}

/* Reads the next page; waits for a store that is closed, until the deadline. */
static void
read_page(Watch *watch)
{
	PgraftStoreChanges *page = &watch->page;

	page->max_rows = watch->max_rows - watch->rows;
	for (;;)
	{
		int64		generation;
		const char *why;
		int			rc;

		pgraft_watch_arm();
		rc = pgraft_access_run(&watch->access, pgraft_store_changes, page,
							   &generation, &why);
		if (rc == MDB_SUCCESS)
			break;
		if (rc == PGRAFT_STORE_UNAVAILABLE && wait_for_change(watch->deadline_ns))
			continue;
		if (rc != PGRAFT_STORE_TOO_SMALL)
			pgraft_store_refuse(rc, page->from.revision, why);
		pfree(page->buffer);
		page->capacity = page->needed;
		page->buffer = palloc(page->capacity);
	}
	page->from = page->next;
	watch->rows += page->rows;
	CHECK_FOR_INTERRUPTS();
}

/* A row of the result; entry is NULL for progress. */
static void
add_row(Watch *watch, const char *event, const PgraftStoreEntry *entry)
{
	MemoryContext caller = MemoryContextSwitchTo(watch->per_row);
	Datum		values[WATCH_COLUMNS] = {0};
	bool		nulls[WATCH_COLUMNS] = {0};

	values[0] = Int64GetDatum(watch->revision);
	values[1] = CStringGetTextDatum(event);
	for (int i = 2; i < WATCH_COLUMNS; i++)
		nulls[i] = entry == NULL;
	if (entry != NULL)
	{
		PgraftBytes key = {(const char *) (entry + 1), (int) entry->key_len};
		PgraftBytes value = {key.data + key.len, (int) entry->value_len};

		values[2] = pgraft_datum(key, watch->kind, "key");
		values[6] = TimestampTzGetDatum(pgraft_timestamp(entry->time_ms));
		if (PGRAFT_STORE_IS_DELETION(entry))
			nulls[3] = nulls[4] = nulls[5] = true;
		else
		{
			values[3] = pgraft_datum(value, watch->kind, "value");
			values[4] = Int64GetDatum(entry->version);
			values[5] = Int64GetDatum(entry->create_revision);
		}
	}
	tuplestore_putvalues(watch->result->setResult, watch->result->setDesc, values,
						 nulls);
	MemoryContextSwitchTo(caller);
	MemoryContextReset(watch->per_row);
}

static void
add_page(Watch *watch)
{
	Size		at = 0;

	while (at < watch->page.used)
	{
		const PgraftStoreEntry *entry =
			(const PgraftStoreEntry *) (watch->page.buffer + at);

		watch->revision = entry->mod_revision;
		add_row(watch, PGRAFT_STORE_IS_DELETION(entry) ? "delete" : "put", entry);
		at += PGRAFT_STORE_ROW_SIZE(entry);
	}
}

/* Whoever cannot read a row can go on behind it. */
static void
tell_revision(void *argument)
{
	errcontext("change of a key at revision %lld",
			   (long long) ((Watch *) argument)->revision);
}

/* How long a call waits: its argument, or as long as other calls. */
static int
timeout_argument(FunctionCallInfo fcinfo, int number)
{
	int			timeout;

	if (PG_ARGISNULL(number))
		return pgraft_command_timeout;
	timeout = PG_GETARG_INT32(number);
	if (timeout < 0 || timeout > TIMEOUT_MS_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("timeout_ms must be from 0 to %d", TIMEOUT_MS_MAX),
				 errhint("Null stands for pgraft.command_timeout. To wait for longer, call again.")));
	return timeout;
}

/* Takes the arguments in. */
static void
begin(Watch *watch, FunctionCallInfo fcinfo)
{
	watch->page.prefix = pgraft_prefix_argument(fcinfo, 0, watch->kind);
	pgraft_access_begin(&watch->access, true);
	pgraft_access_need(&watch->access, PGRAFT_RIGHT_READ, watch->page.prefix, true);
	pgraft_not_null(fcinfo, 1, "from_revision");
	watch->page.from.revision = PG_GETARG_INT64(1);
	if (watch->page.from.revision < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("from_revision must not be negative"),
				 errhint("0 stands for the revision after the current one.")));
	watch->deadline_ns = pgraft_boottime() +
		timeout_argument(fcinfo, 2) * NS_PER_MS;
	pgraft_not_null(fcinfo, 3, "max_events");
	watch->max_rows = PG_GETARG_INT32(3);
	if (watch->max_rows <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("max_events must be positive")));

	InitMaterializedSRF(fcinfo, 0);
	watch->result = (ReturnSetInfo *) fcinfo->resultinfo;
	watch->per_row = AllocSetContextCreate(CurrentMemoryContext, "pgraft changes",
										   ALLOCSET_DEFAULT_SIZES);
	watch->page.capacity = PAGE_BYTES;
	watch->page.buffer = palloc(watch->page.capacity);
}

static Datum
kv_watch(FunctionCallInfo fcinfo, PgraftKind kind)
{
	Watch		watch = {.kind = kind};
	ErrorContextCallback context = {.previous = error_context_stack,
		.callback = tell_revision,
	.arg = &watch};

	pgraft_require_preload();
	begin(&watch, fcinfo);
	do
	{
		read_page(&watch);
		error_context_stack = &context;
		add_page(&watch);
		error_context_stack = context.previous;
		if (watch.rows == 0 && watch.page.done && !wait_for_change(watch.deadline_ns))
			break;
	} while (watch.rows == 0 || !(watch.page.done || watch.page.enough));

	if (watch.rows == 0)
	{
		watch.revision = watch.page.from.revision - 1;
		add_row(&watch, "progress", NULL);
	}
	pgraft_count_read();
	return (Datum) 0;
}

Datum
pgraft_kv_watch(PG_FUNCTION_ARGS)
{
	return kv_watch(fcinfo, PGRAFT_TEXT);
}

Datum
pgraft_kv_watch_bytea(PG_FUNCTION_ARGS)
{
	return kv_watch(fcinfo, PGRAFT_BINARY);
}
