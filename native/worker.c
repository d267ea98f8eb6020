/*
 * worker.c
 *	  The background worker that hosts the engine.
 *
 * It starts with the postmaster, on primaries and standbys alike, and is connected
 * to no database.  It creates the JVM and then goes round a loop: let the engine
 * work for a moment, hand its messages to the log, sleep.  It wakes every 100 ms,
 * and at once when a session or the engine sets its latch.
 *
 * A worker without an engine (the JVM cannot be created, or died several times in
 * a row) stays up, says why on the status page, refuses requests, and tries again
 * after a pause.
 *
 * Threads: this is the worker's main thread, the only one that may call PostgreSQL.
 * Locks: none while Java runs.
 */
#include "prelude.h"

#include <malloc.h>
#include <unistd.h>

#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/ps_status.h"
#include "utils/wait_event.h"

#include "boot_guard.h"
#include "buffer_guard.h"
#include "data_directory.h"
#include "death.h"
#include "events.h"
#include "guc.h"
#include "jvm.h"
#include "lease.h"
#include "log_ring.h"
#include "shared.h"
#include "suspect.h"
#include "watch.h"
#include "worker.h"
#include "worker_slots.h"

#define TICK_MS				100
#define RESTART_SECONDS		1

/* The usual reason to leave. */
#define ASKED				"it was asked to stop"

/* When memory is given back: when the start is over, and then now and then. */
#define FIRST_TRIM_NS		(INT64CONST(10) * 1000 * 1000 * 1000)
#define TRIM_INTERVAL_NS	(INT64CONST(300) * 1000 * 1000 * 1000)

/* A start that lasted so long counts as one that succeeded. */
#define LASTED_NS			(INT64CONST(60) * 1000 * 1000 * 1000)

/* ---------- the status page ---------- */

static void
set_state(PgraftWorkerState state)
{
	pgraft_status()->worker_state = state;
}

static void
set_error(const char *reason)
{
	PgraftStatus *status = pgraft_status();

	strlcpy(status->message, reason, sizeof(status->message));
	set_state(PGRAFT_WORKER_ERROR);
	ereport(WARNING, (errmsg("pgraft has no engine: %s", reason)));
}

static void
heartbeat(void)
{
	pgraft_status()->heartbeat_ns = pgraft_boottime();
}

/* ---------- its events ---------- */

/* Why the worker leaves although it is not dead: it was to; NULL: it was not. */
static const char *leaves_because = NULL;

/* An event has said already why there is no engine, and so no worker. */
static bool failure_told = false;

static void
tell_end(void)
{
	PgraftStatus *status = pgraft_status();
	const char *reason = pgraft_death_reason();

	if (reason == NULL && leaves_because != NULL)
		pgraft_event_tell(PGRAFT_EVENT_WORKER_STOPPED, "%s", leaves_because);
	else if (reason != NULL)
		pgraft_event_tell(PGRAFT_EVENT_WORKER_DIED, "%s", reason);
	else if (failure_told)
		return;
	else if (status->worker_state == PGRAFT_WORKER_ERROR)
		pgraft_event_tell(PGRAFT_EVENT_WORKER_DIED, "%s", status->message);
	else
		pgraft_event_tell(PGRAFT_EVENT_WORKER_DIED, "its process ended");
}

/* ---------- its begin and its end ---------- */

/* before_shmem_exit: from here on there is no worker. */
static void
worker_ends(int code, Datum argument)
{
	PgraftStatus *status = pgraft_status();
	bool		held = pgraft_lease_valid() != 0;

	status->lease_expiry_ns = 0;
	status->store_generation = 0;
	pg_atomic_write_u32(&pgraft_shared->worker_procno, PG_UINT32_MAX);
	/*
	 * An engine that could not start has said why: that stays to be read.  What
	 * one that ran has said, such as of a reload, is not why it ended; a death has
	 * its reason written after this, see keep_reason().
	 */
	if (status->worker_state != PGRAFT_WORKER_ERROR)
	{
		status->message[0] = '\0';
		set_state(PGRAFT_WORKER_STOPPED);
	}
	status->worker_pid = 0;
	pg_memory_barrier();
	pgraft_slots_wake_all();
	pgraft_events_drain_last();
	/* An engine that does not run any more says nothing of its lease's end. */
	if (pgraft_event_lease_told())
		pgraft_event_tell(PGRAFT_EVENT_LEASE_LOST, held ?
						  "it ended with the worker" : "it ran out before the worker ended");
	tell_end();
}

/* The first acts of a worker: whatever the one before it claimed is over. */
static void
worker_begins(int starts)
{
	PgraftStatus *status = pgraft_status();

	status->lease_expiry_ns = 0;
	pg_memory_barrier();
	status->lease_term = 0;
	status->store_generation = 0;
	/* Who sees the new epoch sees no generation of an earlier worker. */
	pg_memory_barrier();
	status->worker_epoch++;
	pg_atomic_write_u64(&pgraft_shared->damaged_generation, 0);
	status->revision = -1;
	status->sequence += status->sequence & 1;
	/* What the one before it ended for is to be read until an engine runs. */
	if (starts == 0 || status->worker_state != PGRAFT_WORKER_ERROR)
		set_state(PGRAFT_WORKER_INITIALIZING);
	heartbeat();
	status->worker_pid = MyProcPid;
	pg_atomic_write_u32(&pgraft_shared->worker_procno,
						(uint32) pgraft_my_procno());
	before_shmem_exit(worker_ends, (Datum) 0);
	pgraft_slots_take_over();
}

/* ---------- the loop ---------- */

static void
sleep_until_needed(long ms)
{
	(void) WaitLatch(MyLatch,
					 WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, ms,
					 PG_WAIT_EXTENSION);
	ResetLatch(MyLatch);
}

/* Waits without an engine; ends the worker when it is asked to stop. */
static void
pause_without_engine(int64 ms)
{
	int64		until = pgraft_boottime() + ms * INT64CONST(1000000);

	while (pgraft_boottime() < until)
	{
		heartbeat();
		pgraft_slots_refuse("The pgraft worker has no engine.");
		if (ShutdownRequestPending)
			leaves_because = ASKED;
		if (ShutdownRequestPending || pgraft_death_is_due())
			pgraft_death_exit();
		sleep_until_needed(TICK_MS);
	}
}

/* There is no engine: says so and leaves, to be started again after a pause. */
PGRAFT_NORETURN static void
fail(const char *reason, int starts)
{
	set_error(reason);
	if (!pgraft_event_is_last(PGRAFT_EVENT_ENGINE_FAILED, reason))
		pgraft_event_tell(PGRAFT_EVENT_ENGINE_FAILED, "%s", reason);
	failure_told = true;
	pause_without_engine(Max(pgraft_boot_pause_ms(starts + 1), 1000));
	pgraft_death_exit();
}

static void
reload(void)
{
	ConfigReloadPending = false;
	ProcessConfigFile(PGC_SIGHUP);
	pgraft_jvm_reload(pgraft_settings_lines());
}

/*
 * Gives the kernel what the JVM has freed: its compiler and its start leave the C
 * library with tens of megabytes that it would keep.
 */
static void
trim_memory(int64 *due)
{
	int64		now = pgraft_boottime();

	if (now < *due)
		return;
	*due = now + TRIM_INTERVAL_NS;
	(void) malloc_trim(0);
}

/* Goes round until the engine has stopped or the worker has to leave. */
static void
serve(void)
{
	int64		started = pgraft_boottime();
	int64		trim_due = started + FIRST_TRIM_NS;
	bool		lasted = false;
	bool		stopping = false;

	for (;;)
	{
		PgraftTick	tick;

		heartbeat();
		if (ConfigReloadPending)
			reload();
		if (pgraft_suspect_reported())
		{
			pgraft_suspect_note();
			set_error(psprintf("a session found the store in \"%s/store/%lld\" damaged; it is made anew from a snapshot and the log",
							   pgraft_data_directory(),
							   (long long) pgraft_store_generation()));
			return;
		}
		if (ShutdownRequestPending && !stopping)
		{
			stopping = true;
			pgraft_death_stopping();
			pgraft_jvm_shutdown();
		}
		pgraft_watch_ring();
		tick = pgraft_jvm_tick();
		pgraft_events_drain();
		pgraft_log_drain();
		if (tick == PGRAFT_TICK_SICK)
			return;
		if (tick == PGRAFT_TICK_STOPPED)
		{
			leaves_because = stopping ? ASKED : "it starts again with other settings";
			pgraft_boot_lasted();
			return;
		}
		if (!lasted && pgraft_boottime() - started > LASTED_NS &&
			pgraft_status()->worker_state != PGRAFT_WORKER_ERROR)
		{
			lasted = true;
			pgraft_boot_lasted();
		}
		trim_memory(&trim_due);
		MemoryContextReset(CurrentMemoryContext);
		sleep_until_needed(TICK_MS);
	}
}

void
pgraft_worker_main(Datum argument)
{
	const char *reason;
	int			starts;
	int			pause;

	pqsignal(SIGTERM, SignalHandlerForShutdownRequest);
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	BackgroundWorkerUnblockSignals();
	CurrentMemoryContext = AllocSetContextCreate(TopMemoryContext, "pgraft worker",
												 ALLOCSET_DEFAULT_SIZES);

	pgraft_death_prepare();
	reason = pgraft_data_directory_prepare();
	starts = reason == NULL ? pgraft_boot_begin() : 0;
	worker_begins(starts);
	if (reason != NULL)
		fail(reason, starts);

	pause = pgraft_boot_pause_ms(starts);
	if (pause > 0)
	{
		ereport(WARNING,
				(errmsg("pgraft's engine ended %d times in a row; the next start is in %d s",
						starts, pause / 1000)));
		set_state(PGRAFT_WORKER_ERROR);
		if (pgraft_status()->message[0] == '\0')
			snprintf(pgraft_status()->message, sizeof(pgraft_status()->message),
					 "the engine ended %d times in a row; look into the server's log",
					 starts);
		pgraft_event_tell(PGRAFT_EVENT_ENGINE_FAILED,
						  "the engine ended %d times in a row; the next start is in %d s",
						  starts, pause / 1000);
		pause_without_engine(pause);
	}

	pgraft_event_tell(PGRAFT_EVENT_WORKER_STARTED,
					  "process %d, start %lld of this server", MyProcPid,
					  (long long) pgraft_status()->worker_epoch);
	pgraft_forbid_buffers();
	pgraft_death_watch();
	reason = pgraft_jvm_create(starts == 0);
	if (reason == NULL)
		reason = pgraft_jvm_boot(pgraft_settings_lines());
	if (reason != NULL)
	{
		pgraft_log_drain();
		fail(reason, starts);
	}
	pgraft_death_started();
	serve();
	pgraft_death_exit();
}

/* ---------- registration ---------- */

/* Called while the library is preloaded. */
void
pgraft_worker_register(void)
{
	BackgroundWorker worker;

	memset(&worker, 0, sizeof(worker));
	worker.bgw_flags = BGWORKER_SHMEM_ACCESS;
	worker.bgw_start_time = BgWorkerStart_PostmasterStart;
	worker.bgw_restart_time = RESTART_SECONDS;
	strlcpy(worker.bgw_name, "pgraft", sizeof(worker.bgw_name));
	strlcpy(worker.bgw_type, "pgraft", sizeof(worker.bgw_type));
	strlcpy(worker.bgw_library_name, "pgraft", sizeof(worker.bgw_library_name));
	strlcpy(worker.bgw_function_name, "pgraft_worker_main",
			sizeof(worker.bgw_function_name));
	RegisterBackgroundWorker(&worker);
}
