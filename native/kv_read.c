/*
 * kv_read.c
 *	  Reads of the key-value store with the consistency that the caller asks for.
 *
 * Linearizable: the result is the newest that any session anywhere was told of
 * before the read began.
 *  - On the lease holder the store is read where it is; afterwards the lease must
 *	  still run in the same term, or the result is thrown away.
 *  - Elsewhere one value is fetched from the lease holder.  For anything larger
 *	  the holder names its revision, this node applies up to it, and that
 *	  revision is read here.
 * Local: whatever this node has.
 *
 * A revision asked for by number is history and the same everywhere, so it is
 * read here when it is here; unless grants of keys are in use, because who may
 * read it is not history.
 *
 * Threads: a backend's only thread.  Locks: none.
 */
#include "prelude.h"

#include "miscadmin.h"

#include "access.h"
#include "kv_read.h"
#include "lease.h"
#include "shared.h"
#include "slot_client.h"
#include "status.h"
#include "store_reader.h"

/* Bytes of a page of a scan, and of the first try at a value. */
#define PAGE_BYTES			(256 * 1024)
#define VALUE_BYTES			8192

/* Compaction may overtake a read this often before the read gives up. */
#define COMPACTION_RETRIES	5

/* Has the lease holder name its revision, and waits until it is applied here. */
int64
pgraft_barrier(void)
{
	StringInfoData request;
	PgraftResponse response;
	int64		revision;

	pgraft_wire_begin(&request, PGRAFT_OP_BARRIER);
	response = pgraft_call(&request, 0);
	revision = pgraft_wire_get_i64(&response);
	(void) pgraft_wire_get_i64(&response);	/* index */
	pgraft_wire_close(&response);
	pfree(request.data);
	return revision;
}

/* True with a result that counts: read on the holder, under its lease. */
static bool
run_under_lease(PgraftAccess *access, PgraftStoreQuery query, void *request,
				int *result)
{
	PgraftTicket ticket;
	int64		generation;
	const char *why;

	pgraft_require_preload();
	if (!pgraft_lease_begin(&ticket))
		return false;
	*result = pgraft_access_run(access, query, request, &generation, &why);
	return *result != PGRAFT_STORE_UNAVAILABLE &&
		pgraft_lease_end(&ticket, generation);
}

/*
 * Runs the query that decides which revision a read is of.  *at_revision belongs
 * to the request; it is 0 for the current revision, and may be set here.
 */
static int
run_consistently(PgraftReadConsistency consistency, PgraftAccess *access,
				 PgraftStoreQuery query, void *request, int64 *at_revision)
{
	int64		wanted = *at_revision;
	int64		generation;
	const char *why = NULL;
	int			result;

	if (wanted != 0 || consistency == PGRAFT_READ_LOCAL)
	{
		result = pgraft_access_run(access, query, request, &generation, &why);
		if (result == PGRAFT_STORE_UNAVAILABLE ||
			(result == PGRAFT_STORE_FUTURE &&
			 consistency == PGRAFT_READ_LOCAL))
			pgraft_store_refuse(result, wanted, why);
		if (result != PGRAFT_STORE_FUTURE &&
			(consistency == PGRAFT_READ_LOCAL ||
			 !pgraft_access_is_checked(access)))
			return result;
	}
	if (consistency != PGRAFT_READ_LOCAL &&
		run_under_lease(access, query, request, &result) &&
		result != PGRAFT_STORE_FUTURE)
		return result;

	for (int retry = 0;; retry++)
	{
		int64		revision = pgraft_barrier();

		*at_revision = wanted != 0 ? wanted : revision;
		result = pgraft_access_run(access, query, request, &generation, &why);
		if (result == PGRAFT_STORE_UNAVAILABLE)
			pgraft_store_refuse(result, *at_revision, why);
		if (wanted != 0 || result != PGRAFT_STORE_COMPACTED ||
			retry >= COMPACTION_RETRIES)
			return result;
	}
}

/* Begins the access of a read. */
static void
begin_reading(PgraftAccess *access, PgraftReadConsistency consistency,
			  PgraftBytes what, bool is_prefix)
{
	pgraft_access_begin(access, consistency == PGRAFT_READ_LOCAL);
	pgraft_access_need(access, PGRAFT_RIGHT_READ, what, is_prefix);
}

/* A value as the lease holder has it; false when the key does not exist. */
static bool
fetch_value(PgraftAccess *access, PgraftBytes key, PgraftBytes *value)
{
	static const PgraftBytes no_range_end = {"", 0};
	StringInfoData request;
	PgraftResponse response;
	PgraftWireEntry entry;
	int64		count;
	int32		rows;

	pgraft_wire_begin(&request, PGRAFT_OP_RANGE);
	pgraft_wire_put_range(&request, key, no_range_end, 1, 0,
						  value == NULL ? PGRAFT_RANGE_COUNT_ONLY : 0);
	response = pgraft_access_call_raw(access, &request, 0);
	if (pgraft_wire_failed(&response, ERRCODE_PROGRAM_LIMIT_EXCEEDED))
		response = pgraft_access_call_raw(access, &request, PGRAFT_CALL_LARGE);
	pfree(request.data);

	pgraft_wire_open(&response);
	(void) pgraft_wire_get_i64(&response);	/* the holder's revision */
	count = pgraft_wire_get_i64(&response);
	(void) pgraft_wire_get_u8(&response);	/* more */
	rows = pgraft_wire_get_i32(&response);
	if (value == NULL || rows == 0)
		return count > 0;
	pgraft_wire_get_entry(&response, &entry);
	*value = entry.value;
	return true;
}

/* Reads a value into memory of the current context; NULL: it is not wanted. */
bool
pgraft_read_value(PgraftReadConsistency consistency, PgraftBytes key,
				  PgraftBytes *value)
{
	PgraftStoreGet get = {.key = key};
	PgraftAccess access;
	int64		generation;
	const char *why;
	int			result;

	begin_reading(&access, consistency, key, false);
	if (value != NULL)
	{
		get.capacity = VALUE_BYTES;
		get.buffer = palloc(get.capacity);
	}
	for (;;)
	{
		if (consistency == PGRAFT_READ_LOCAL)
		{
			result = pgraft_access_run(&access, pgraft_store_get, &get,
									   &generation, &why);
			if (result == PGRAFT_STORE_UNAVAILABLE)
				pgraft_store_refuse(result, 0, why);
		}
		else if (!run_under_lease(&access, pgraft_store_get, &get, &result))
			return fetch_value(&access, key, value);

		if (result != PGRAFT_STORE_TOO_SMALL)
			break;
		get.capacity = get.needed;
		get.buffer = repalloc(get.buffer, get.capacity);
	}
	pgraft_count_read();
	if (result == PGRAFT_STORE_ABSENT)
		return false;
	if (result != MDB_SUCCESS)
		pgraft_store_refuse(result, 0, NULL);
	if (value != NULL)
	{
		value->data = get.buffer;
		value->len = get.entry.value_len;
	}
	return true;
}

/* Reads a key with its revisions and times; false when it did not exist. */
bool
pgraft_read_entry(PgraftReadConsistency consistency, PgraftBytes key,
				  int64 at_revision, PgraftStoreEntry *entry,
				  PgraftBytes *value)
{
	PgraftStoreGet get = {.key = key, .at_revision = at_revision};
	PgraftAccess access;
	int			result;

	begin_reading(&access, consistency, key, false);
	get.capacity = VALUE_BYTES;
	get.buffer = palloc(get.capacity);
	for (;;)
	{
		get.at_revision = at_revision;
		result = run_consistently(consistency, &access, pgraft_store_get,
								  &get, &get.at_revision);
		if (result != PGRAFT_STORE_TOO_SMALL)
			break;
		get.capacity = get.needed;
		get.buffer = repalloc(get.buffer, get.capacity);
	}
	pgraft_count_read();
	if (result == PGRAFT_STORE_ABSENT)
		return false;
	if (result != MDB_SUCCESS)
		pgraft_store_refuse(result, get.at_revision, NULL);
	*entry = get.entry;
	value->data = get.buffer;
	value->len = get.entry.value_len;
	return true;
}

/* Hands the rows of a page to their receiver. */
static void
emit_page(const PgraftStoreScan *scan, PgraftRowSink sink, void *argument)
{
	Size		at = 0;

	while (at < scan->used)
	{
		const PgraftStoreEntry *entry =
			(const PgraftStoreEntry *) (scan->buffer + at);
		PgraftBytes key;
		PgraftBytes value;

		key.data = scan->buffer + at + sizeof(*entry);
		key.len = entry->key_len;
		value.data = key.data + key.len;
		value.len = entry->value_len;
		sink(argument, entry, key, value);
		at += PGRAFT_STORE_ROW_SIZE(entry);
	}
}

/*
 * Hands the rows of a range to "sink", all of one revision, however many pages
 * they take.
 */
void
pgraft_read_range(PgraftReadConsistency consistency, const PgraftRange *range,
				  PgraftRowSink sink, void *argument)
{
	PgraftStoreScan scan = {.prefix = range->prefix,
		.at_revision = range->at_revision,
	.with_values = range->with_values};
	char		after[PGRAFT_KEY_MAX];
	int64		left = range->max_rows;
	bool		first = true;
	PgraftAccess access;

	begin_reading(&access, consistency, range->prefix, true);
	scan.capacity = PAGE_BYTES;
	scan.buffer = palloc(scan.capacity);
	scan.after = range->start_after;

	while (left > 0 && !scan.done)
	{
		int			result;

		scan.max_rows = left;
		if (first)
			result = run_consistently(consistency, &access, pgraft_store_scan,
									  &scan, &scan.at_revision);
		else
		{
			int64		generation;
			const char *why;

			result = pgraft_access_run(&access, pgraft_store_scan, &scan,
									   &generation, &why);
			if (result == PGRAFT_STORE_UNAVAILABLE)
				pgraft_store_refuse(result, scan.at_revision, why);
		}
		if (result == PGRAFT_STORE_TOO_SMALL)
		{
			/* Nothing was returned, so the same page is read again. */
			pfree(scan.buffer);
			scan.capacity = scan.needed;
			scan.buffer = palloc(scan.capacity);
			if (first)
				scan.at_revision = range->at_revision;
			continue;
		}
		if (result != MDB_SUCCESS)
			pgraft_store_refuse(result, scan.at_revision, NULL);
		first = false;
		emit_page(&scan, sink, argument);
		left -= scan.rows;
		if (scan.last_len > 0)
		{
			memcpy(after, scan.last, scan.last_len);
			scan.after.data = after;
			scan.after.len = scan.last_len;
		}
		CHECK_FOR_INTERRUPTS();
	}
	pfree(scan.buffer);
	pgraft_count_read();
}

/* The store's revision. */
int64
pgraft_read_revision(PgraftReadConsistency consistency)
{
	PgraftStoreTotals totals;
	int64		generation;
	const char *why;
	int			result;

	if (consistency == PGRAFT_READ_LOCAL)
	{
		result = pgraft_store_run(pgraft_store_totals, &totals, &generation,
								  &why);
		if (result != MDB_SUCCESS)
			pgraft_store_refuse(result, 0, why);
		return totals.revision;
	}
	if (run_under_lease(NULL, pgraft_store_totals, &totals, &result))
	{
		if (result != MDB_SUCCESS)
			pgraft_store_refuse(result, 0, NULL);
		return totals.revision;
	}
	return pgraft_barrier();
}
