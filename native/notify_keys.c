/*
 * notify_keys.c
 *	  Changes of keys as notifications, by the notifier (notifier.c).
 *
 * It is a watch like that of a session (functions_kv_watch.c): it reads the
 * history of this node's store from a revision on, and is woken by the next
 * change.  How far it got stands in shared memory and is written down when a
 * transaction has committed, so that a notifier that is started again goes on
 * behind that; what was sent at a revision that is only half sent comes twice then.
 *
 * Threads: the notifier's only one.  Locks: PostgreSQL's, as a NOTIFY takes them.
 */
#include "prelude.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "guc.h"
#include "notify_keys.h"
#include "shared.h"
#include "store_reader.h"
#include "text.h"
#include "watch.h"

#define PAGE_BYTES	(256 * 1024)
#define PAGE_ROWS	1000

/* A key has 480 bytes at most, so that the longest one fits, escaped or not. */
#define STATEMENT \
	"SELECT pg_catalog.pg_notify('pgraft_keys', pg_catalog.json_strip_nulls(pg_catalog.json_build_object(" \
	"'revision', $1, 'event', $2, 'key', $3, 'key_base64', pg_catalog.encode($4, 'base64')))::pg_catalog.text)"

#define ARGUMENTS	4

/* The only page, which grows to the longest row that came. */
static PgraftStoreChanges page;

/* History was gone that nobody has been told of; a store made anew may come in between. */
static bool gap = false;

/* What is allocated on the way, until the next look. */
static MemoryContext look;

static PgraftBytes
prefix(void)
{
	PgraftBytes bytes = {pgraft_notify_keys, (int) strlen(pgraft_notify_keys)};

	if (strcmp(pgraft_notify_keys, "*") == 0)
		bytes.len = 0;
	return bytes;
}

/* Sends one change; entry is NULL for history that is gone. */
static void
send_change(int64 revision, const PgraftStoreEntry *entry)
{
	static Oid	types[ARGUMENTS] = {INT8OID, TEXTOID, TEXTOID, BYTEAOID};
	char		nulls[ARGUMENTS + 1] = "  nn";
	Datum		values[ARGUMENTS] = {0};
	int			result;

	values[0] = Int64GetDatum(revision);
	if (entry == NULL)
		values[1] = CStringGetTextDatum("gap");
	else
	{
		PgraftBytes key = {(const char *) (entry + 1), (int) entry->key_len};
		char	   *text = pgraft_text_or_null(key);
		int			place = text != NULL ? 2 : 3;

		values[1] = CStringGetTextDatum(PGRAFT_STORE_IS_DELETION(entry) ? "delete" : "put");
		values[place] = text != NULL ? CStringGetTextDatum(text) :
			pgraft_datum(key, PGRAFT_BINARY, "key");
		nulls[place] = ' ';
	}
	result = SPI_execute_with_args(STATEMENT, ARGUMENTS, types, values, nulls,
								   false, 0);
	if (result != SPI_OK_SELECT)
		elog(ERROR, "a change could not be sent: %s", SPI_result_code_string(result));
}

/* Sends the gap and what is in the page, in one transaction. */
static void
send_page(void)
{
	Size		at = 0;

	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	PushActiveSnapshot(GetTransactionSnapshot());
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "a change could not be sent: no connection to SPI");
	if (gap)
		send_change(page.from.revision - 1, NULL);
	while (at < page.used)
	{
		const PgraftStoreEntry *entry = (const PgraftStoreEntry *) (page.buffer + at);

		send_change(entry->mod_revision, entry);
		at += PGRAFT_STORE_ROW_SIZE(entry);
	}
	SPI_finish();
	PopActiveSnapshot();
	CommitTransactionCommand();
	gap = false;
}

/*
 * Reads a page; false when there is nothing to read now.  History that is gone
 * is passed over: then page.from is behind the present revision, and there is a gap.
 */
static bool
read_page(void)
{
	for (;;)
	{
		int64		generation;
		const char *why;
		int			rc = pgraft_store_run(pgraft_store_changes, &page, &generation, &why);

		switch (rc)
		{
			case MDB_SUCCESS:
				return true;
			case PGRAFT_STORE_TOO_SMALL:
				pfree(page.buffer);
				page.capacity = page.needed;
				page.buffer = MemoryContextAlloc(TopMemoryContext, page.capacity);
				break;
			case PGRAFT_STORE_COMPACTED:
				page.from.revision = 0;
				page.from.sub = 0;
				gap = true;
				break;
			case PGRAFT_STORE_UNAVAILABLE:
			case PGRAFT_STORE_FUTURE:
				/* The store is being made anew, and will get there. */
				return false;
			default:
				pgraft_store_refuse(rc, page.from.revision, why);
		}
	}
}

/* Called once, by a notifier that begins. */
void
pgraft_notify_keys_begin(void)
{
	look = AllocSetContextCreate(TopMemoryContext, "pgraft changes",
								 ALLOCSET_SMALL_SIZES);
	page.prefix = prefix();
	page.max_rows = PAGE_ROWS;
	page.capacity = PAGE_BYTES;
	page.buffer = MemoryContextAlloc(TopMemoryContext, page.capacity);
	page.from.revision = (int64) pg_atomic_read_u64(&pgraft_events_area()->notified_revision);
	page.from.sub = 0;
}

/*
 * Sends what changed since the last time; false: nothing did, and from here on the
 * next change wakes this process.
 */
bool
pgraft_notify_keys_send(void)
{
	bool		sent = false;
	MemoryContext caller = MemoryContextSwitchTo(look);

	pgraft_watch_arm();
	while (read_page())
	{
		if (gap)
			page.from = page.next;
		if (page.rows > 0 || gap)
		{
			send_page();
			sent = true;
		}
		page.from = page.next;
		pg_atomic_write_u64(&pgraft_events_area()->notified_revision,
							(uint64) page.from.revision);
		CHECK_FOR_INTERRUPTS();
		/* A transaction that is over leaves another context behind. */
		MemoryContextSwitchTo(look);
		if (page.done)
			break;
	}
	MemoryContextSwitchTo(caller);
	MemoryContextReset(look);
	return sent;
}
