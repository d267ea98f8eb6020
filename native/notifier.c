/*
 * notifier.c
 *	  The background worker that sends events, and changes of keys, as notifications.
 *
 * It is there when pgraft.notify_database is set, has no JVM, and is connected to
 * that database.  PostgreSQL knows notifications on primaries only, so it starts
 * when recovery is over, also that of a standby which is promoted.  It sleeps on
 * its latch, which whoever writes an event sets (events.c).
 *
 * How far it got stands in shared memory, and is written down when a transaction
 * has committed: when it fails and is started again, it goes on behind that.  When
 * it starts for the first time, it begins with what happens from then on.
 *
 * What fails here ends the process with status 1, and the postmaster starts it
 * again after a while; nobody else notices.
 *
 * Threads: its only one.  Locks: PostgreSQL's, as a NOTIFY takes them.
 */
#include "prelude.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/sinval.h"
#include "tcop/tcopprot.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

#include "events.h"
#include "guc.h"
#include "notifier.h"
#include "notify_keys.h"
#include "shared.h"
#include "status.h"

#define RESTART_SECONDS		5

/* It looks for changes of keys by itself so often, should nobody be there to wake it. */
#define LOOK_MS				1000

/* A detail of one character repeated is six times as long as JSON: it fits. */
#define STATEMENT \
	"SELECT pg_catalog.pg_notify('pgraft_events', pg_catalog.json_build_object(" \
	"'node', $1, 'run', $2, 'id', $3, 'happened_at', $4, 'kind', $5, 'detail', $6)::pg_catalog.text)"

#define ARGUMENTS	6

/* ---------- sending ---------- */

static void
send_event(const PgraftEventCopy *event)
{
	static Oid	types[ARGUMENTS] = {INT8OID, TIMESTAMPTZOID, INT8OID,
	TIMESTAMPTZOID, TEXTOID, TEXTOID};
	int64		node = pgraft_status()->node_id;
	char		nulls[ARGUMENTS + 1] = "      ";
	Datum		values[ARGUMENTS];
	int			result;

	values[0] = Int64GetDatum(node);
	/* The engine has not said yet who it is. */
	if (node == 0)
		nulls[0] = 'n';
	values[1] = TimestampTzGetDatum(pgraft_shared->made_at);
	values[2] = Int64GetDatum(event->id);
	values[3] = TimestampTzGetDatum(pgraft_timestamp(event->time_ms));
	values[4] = CStringGetTextDatum(pgraft_event_kind_name(event->kind));
	values[5] = CStringGetTextDatum(pgraft_status_text(event->detail,
													   sizeof(event->detail)));
	result = SPI_execute_with_args(STATEMENT, ARGUMENTS, types, values, nulls,
								   false, 0);
	if (result != SPI_OK_SELECT)
		elog(ERROR, "an event could not be sent: %s", SPI_result_code_string(result));
}

/* Sends what happened since the last time, in one transaction; false: nothing did. */
static bool
send_new(void)
{
	pg_atomic_uint64 *notified = &pgraft_events_area()->notified;
	int64		since = (int64) pg_atomic_read_u64(notified);
	int64		last = pgraft_events_last();
	PgraftEventCopy event;

	if (since == last)
		return false;
	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	PushActiveSnapshot(GetTransactionSnapshot());
	pgstat_report_activity(STATE_RUNNING, "sending events");
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "an event could not be sent: no connection to SPI");
	for (int64 at = since; (at = pgraft_events_next(at, last, &event)) != 0;)
		send_event(&event);
	SPI_finish();
	PopActiveSnapshot();
	CommitTransactionCommand();
	/* No interrupt is served in between, so nothing is sent twice. */
	pg_atomic_write_u64(notified, (uint64) last);
	(void) pgstat_report_stat(true);
	pgstat_report_activity(STATE_IDLE, NULL);
	return true;
}

/* ---------- the process ---------- */

/* Says how to help when the database cannot be entered. */
static void
add_hint(void *argument)
{
	int			code = geterrcode();
	int			class = ERRCODE_TO_CATEGORY(code);

	/* Warnings have hints of their own, and end nothing. */
	if (code != ERRCODE_ADMIN_SHUTDOWN && class != ERRCODE_SUCCESSFUL_COMPLETION &&
		class != ERRCODE_WARNING)
		errhint("Events are not sent as notifications. Create the database that pgraft.notify_database names, or let it be connected to, or change the setting and restart the server. The next try is in %d s.",
				RESTART_SECONDS);
}

static void
connect_database(void)
{
	ErrorContextCallback context = {.previous = error_context_stack,
	.callback = add_hint};

	error_context_stack = &context;
	BackgroundWorkerInitializeConnection(pgraft_notify_database, NULL, 0);
	error_context_stack = context.previous;
}

/* before_shmem_exit: nobody is to be woken any more. */
static void
notifier_ends(int code, Datum argument)
{
	pg_atomic_write_u32(&pgraft_shared->notifier_procno, PG_UINT32_MAX);
}

/* From now on an event wakes this process. */
static void
begin(void)
{
	uint64		never = PG_UINT64_MAX;

	before_shmem_exit(notifier_ends, (Datum) 0);
	pg_atomic_write_u32(&pgraft_shared->notifier_procno,
						(uint32) pgraft_my_procno());
	pg_memory_barrier();
	(void) pg_atomic_compare_exchange_u64(&pgraft_events_area()->notified, &never,
										  (uint64) pgraft_events_last());
}

void
pgraft_notifier_main(Datum argument)
{
	pqsignal(SIGTERM, die);
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	BackgroundWorkerUnblockSignals();
	connect_database();
	/* A standby that does not answer must not keep events from being sent. */
	SetConfigOption("synchronous_commit", "off", PGC_USERSET, PGC_S_SESSION);
	begin();
	pgraft_notify_keys_begin();
	for (;;)
	{
		bool		sent;

		CHECK_FOR_INTERRUPTS();
		if (ConfigReloadPending)
		{
			ConfigReloadPending = false;
			ProcessConfigFile(PGC_SIGHUP);
		}
		/* Else what other processes have to say to all would pile up. */
		if (catchupInterruptPending)
			ProcessCatchupInterrupt();
		sent = send_new();
		if (pgraft_notify_keys[0] != '\0' && pgraft_notify_keys_send())
			sent = true;

		/*
		 * A transaction that waits for a lock resets the latch, whoever set it; so
		 * after one there is a look at everything again.
		 */
		if (sent)
			continue;
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_EXIT_ON_PM_DEATH |
						 (pgraft_notify_keys[0] != '\0' ? WL_TIMEOUT : 0), LOOK_MS,
						 PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
	}
}

/* Called while the library is preloaded. */
void
pgraft_notifier_register(void)
{
	BackgroundWorker worker;

	if (pgraft_notify_database[0] == '\0')
		return;
	memset(&worker, 0, sizeof(worker));
	worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker.bgw_restart_time = RESTART_SECONDS;
	strlcpy(worker.bgw_name, "pgraft notifier", sizeof(worker.bgw_name));
	strlcpy(worker.bgw_type, "pgraft notifier", sizeof(worker.bgw_type));
	strlcpy(worker.bgw_library_name, "pgraft", sizeof(worker.bgw_library_name));
	strlcpy(worker.bgw_function_name, "pgraft_notifier_main",
			sizeof(worker.bgw_function_name));
	RegisterBackgroundWorker(&worker);
}
