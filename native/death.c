/*
 * death.c
 *	  How the worker leaves when its JVM dies.
 *
 * PostgreSQL restarts every session when a process that shares its memory dies
 * in an unknown way.  The death of the JVM is known: it writes no memory of
 * PostgreSQL's but pgraft's own area and the latches (the buffer pool is out of
 * its reach, see buffer_guard.c), and no lock is held while it runs.  So the worker
 * then leaves in PostgreSQL's way, proc_exit(1), and is started again alone, while
 * sessions go on.  With pgraft.on_jvm_crash = crash_restart, an abort stays one.
 *
 * Ways to die, and who sees them:
 *	  - the JVM crashes or gives up: its "abort" hook, on any thread
 *	  - System.exit() and the like: its "exit" hook
 *	  - abort() in a C library: a handler of SIGABRT
 *	  - a round of the worker that does not return: the watchdog, after
 *		pgraft.hang_timeout; a start, after a longer time; or a few seconds after a
 *		request to stop
 *	  - the postmaster is gone: the watchdog, within 0.2 s
 *
 * The main thread leaves by itself when it can.  When it is stuck inside the JVM,
 * the thread that saw the death runs proc_exit() in its place; the main thread can
 * then do nothing any more, because it stops in pgraft_death_leave().
 *
 * No destructor of the JVM's libraries runs at the exit, since its threads do.
 *
 * Threads: as said.  Locks: none; one atomic decides who carries the exit out.
 */
#include "prelude.h"

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "port/atomics.h"
#include "storage/pmsignal.h"

#include "death.h"
#include "guc.h"
#include "lease.h"
#include "log_ring.h"
#include "shared.h"
#include "suspect.h"

#define WATCH_INTERVAL_MS	200
#define STOP_LIMIT_NS		(INT64CONST(4) * 1000 * 1000 * 1000)
#define STUCK_NS			(INT64CONST(500) * 1000 * 1000)

/* How long the JVM and the engine may take to start, if hang_timeout is shorter. */
#define START_LIMIT_MS		60000

/* How long proc_exit() may take on a thread that stands in for the main one. */
#define EXIT_LIMIT_S		3

static pthread_t main_thread;

/*
 * Where the main thread is: OUTSIDE the JVM, or inside since that time (BOOTTIME),
 * or SEIZED, when another thread has found it inside and leaves in its place.
 */
static pg_atomic_uint64 entered_at;

#define OUTSIDE		UINT64CONST(0)
#define SEIZED		PG_UINT64_MAX

/* The main thread's own note of what it put there. */
static uint64 entered_last = OUTSIDE;

/* When the worker was asked to stop; 0: it was not. */
static pg_atomic_uint64 stopping_since;

/* 1: the engine has started, so pgraft.hang_timeout counts. */
static pg_atomic_uint32 started;

/* 1: the JVM is dead, and the main thread has to leave. */
static pg_atomic_uint32 dead;

/* 1: somebody runs proc_exit(). */
static pg_atomic_uint32 leaving;

/* Wakes the thread that watches over it. */
static sem_t exit_begun;

static const char *volatile death_reason = NULL;

static bool
on_main_thread(void)
{
	return pthread_equal(pthread_self(), main_thread);
}

static void
sleep_ms(long ms)
{
	struct timespec time = {ms / 1000, (ms % 1000) * 1000000};

	(void) nanosleep(&time, NULL);
}

PGRAFT_NORETURN static void
stay(void)
{
	for (;;)
		pause();
}

/* before_shmem_exit: the status page says why, until an engine runs again. */
static void
keep_reason(int code, Datum argument)
{
	PgraftStatus *status = pgraft_status();

	if (death_reason != NULL)
		strlcpy(status->message, death_reason, sizeof(status->message));
}

static void
tell_reason(void)
{
	if (on_main_thread())
	{
		ereport(WARNING,
				(errmsg("pgraft: %s; its worker starts again, sessions go on",
						death_reason)));
		pgraft_log_drain();
	}
	else
		write_stderr("pgraft: %s; its worker starts again, sessions go on\n",
					 death_reason);
}

/*
 * on_proc_exit: PostgreSQL has cleaned up, so the postmaster takes any end of this
 * process with status 1 for one of the worker alone.  Only now the log is written:
 * when nobody takes what it gets, watch_exit() ends the wait, and sessions live on.
 *
 * The end of the process must not run what the JVM's libraries have registered for
 * it, and whatever status somebody meant to leave with, it is 1.
 */
static void
leave_process(int code, Datum argument)
{
	if (death_reason != NULL)
		tell_reason();
	_exit(1);
}

/* Leaves in PostgreSQL's way, on whichever thread; the first one does it. */
PGRAFT_NORETURN static void
leave(void)
{
	uint32		nobody = 0;

	if (!pg_atomic_compare_exchange_u32(&leaving, &nobody, 1))
		stay();
	(void) sem_post(&exit_begun);
	proc_exit(1);
}

const char *
pgraft_death_reason(void)
{
	return death_reason;
}

/* The main thread leaves, from outside the JVM. */
void
pgraft_death_exit(void)
{
	leave();
}

/* ---------- seeing a death ---------- */

/* The main thread leaves as soon as it is outside; it does not go in again. */
static void
tell_main_thread(void)
{
	pg_atomic_write_u32(&dead, 1);
	SetLatch(MyLatch);
}

/* The main thread was found inside since then: takes its place, if it still is. */
static bool
seize(uint64 entered)
{
	return entered != OUTSIDE &&
		pg_atomic_compare_exchange_u64(&entered_at, &entered, SEIZED);
}

static void
die(const char *reason)
{
	/* It may have been a page of the store. */
	pgraft_suspect_note();
	if (pgraft_on_jvm_crash == PGRAFT_CRASH_RESTART_SERVER)
		return;
	if (death_reason == NULL)
		death_reason = reason;
	if (on_main_thread())
		leave();

	/* The main thread leaves when it is outside, else the watchdog does. */
	tell_main_thread();
	stay();
}

void
pgraft_death_abort_hook(void)
{
	die("the Java virtual machine crashed");
}

/* The JVM is at a safepoint, so the main thread may wait inside for ever. */
void
pgraft_death_exit_hook(int code)
{
	if (death_reason == NULL)
		death_reason = "the Java virtual machine exited";
	if (on_main_thread() || seize(pg_atomic_read_u64(&entered_at)))
		leave();
	tell_main_thread();
	stay();
}

static void
abort_handler(int signal_number)
{
	die("a library of the worker aborted");
	/* Not reached unless the server is to restart: the handler was reset. */
	raise(SIGABRT);
}

/* ---------- the watchdog ---------- */

/* Whether the postmaster has asked for an end that the main thread cannot see. */
static bool
signal_waits(int signal_number)
{
	sigset_t	waiting;

	return sigpending(&waiting) == 0 && sigismember(&waiting, signal_number) == 1;
}

/* Why the process has to end now although its main thread does not; or NULL. */
static const char *
overdue(int64 now, int64 entered)
{
	int64		stopping = (int64) pg_atomic_read_u64(&stopping_since);
	int64		limit_ms = pgraft_hang_timeout;

	if (pg_atomic_read_u32(&started) == 0)
		limit_ms = Max(limit_ms, START_LIMIT_MS);
	if (stopping != 0 && now - stopping > STOP_LIMIT_NS)
		return "the engine did not stop in time";
	if (entered == 0)
		return NULL;
	if (pg_atomic_read_u32(&dead) && now - entered > STUCK_NS)
		return death_reason;
	if (now - entered > limit_ms * INT64CONST(1000000))
		return "the engine hangs";
	return NULL;
}

static void *
watch(void *argument)
{
	for (;;)
	{
		const char *reason;
		uint64		entered;
		int64		now;

		sleep_ms(WATCH_INTERVAL_MS);
		entered = pg_atomic_read_u64(&entered_at);
		now = pgraft_boottime();
		if (getppid() != PostmasterPid)
			_exit(1);
		if (pg_atomic_read_u64(&stopping_since) == 0 && signal_waits(SIGTERM))
			pg_atomic_write_u64(&stopping_since, now);
		/* An immediate shutdown ends every process without any cleaning up. */
		if (signal_waits(SIGQUIT))
			_exit(2);
		reason = overdue(now, (int64) entered);
		if (reason == NULL)
			continue;
		if (death_reason == NULL)
			death_reason = reason;
		if (seize(entered))
			leave();
		tell_main_thread();
	}
	return NULL;
}

/* If the exit itself gets stuck, PostgreSQL restarts everything: that is safe. */
static void *
watch_exit(void *argument)
{
	while (sem_wait(&exit_begun) != 0)
		;						/* a signal */
	sleep_ms(EXIT_LIMIT_S * 1000);
	_exit(1);
	return NULL;
}

static void
start_thread(void *(*body) (void *))
{
	pthread_t	thread;
	pthread_attr_t attributes;
	sigset_t	all;
	sigset_t	before;
	int			error;

	sigfillset(&all);
	sigdelset(&all, SIGSEGV);
	sigdelset(&all, SIGBUS);
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 512 * 1024);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&thread, &attributes, body, NULL);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	if (error != 0)
		ereport(FATAL,
				(errcode(ERRCODE_SYSTEM_ERROR),
				 errmsg("pgraft could not start the thread that watches its worker: %s",
						strerror(error))));
}

/* ---------- for the main thread ---------- */

/* Called once, before the JVM is created. */
void
pgraft_death_prepare(void)
{
	main_thread = pthread_self();
	pgraft_suspect_prepare();
	pg_atomic_init_u64(&entered_at, OUTSIDE);
	pg_atomic_init_u64(&stopping_since, 0);
	pg_atomic_init_u32(&started, 0);
	pg_atomic_init_u32(&dead, 0);
	pg_atomic_init_u32(&leaving, 0);
	(void) sem_init(&exit_begun, 0, 0);
	on_proc_exit(leave_process, (Datum) 0);
	before_shmem_exit(keep_reason, (Datum) 0);
}

/* Called when the JVM is about to be created: it keeps the handler of SIGABRT. */
void
pgraft_death_watch(void)
{
	struct sigaction action;

	memset(&action, 0, sizeof(action));
	action.sa_handler = abort_handler;
	action.sa_flags = SA_RESETHAND | SA_NODEFER;
	sigemptyset(&action.sa_mask);
	sigaction(SIGABRT, &action, NULL);
	start_thread(watch);
	start_thread(watch_exit);
}

/* Does not return when the JVM is dead: nothing may call into it any more. */
void
pgraft_death_enter(void)
{
	if (pg_atomic_read_u32(&dead))
		leave();
	entered_last = (uint64) pgraft_boottime();
	pg_atomic_write_u64(&entered_at, entered_last);
}

/* Does not return when the JVM died meanwhile. */
void
pgraft_death_leave(void)
{
	if (!pg_atomic_compare_exchange_u64(&entered_at, &entered_last, OUTSIDE))
		stay();
	if (pg_atomic_read_u32(&dead))
		leave();
}

/* Whether the JVM died while the main thread was outside. */
bool
pgraft_death_is_due(void)
{
	return pg_atomic_read_u32(&dead) != 0;
}

void
pgraft_death_started(void)
{
	pg_atomic_write_u32(&started, 1);
}

void
pgraft_death_stopping(void)
{
	if (pg_atomic_read_u64(&stopping_since) == 0)
		pg_atomic_write_u64(&stopping_since, (uint64) pgraft_boottime());
}
