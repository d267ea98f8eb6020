/*
 * bridge.c
 *	  What the engine calls in C, found by name through JNA.
 *
 * Threads: any of the JVM's.  Locks: the mutexes of log_ring.c and events.c.
 */
#include "prelude.h"

#include "bridge.h"
#include "events.h"
#include "lease.h"
#include "log_ring.h"
#include "shared.h"

void
pgraft_wake_worker(void)
{
	SetLatch(MyLatch);
}

void
pgraft_wake_backend(int procno)
{
	pgraft_set_latch_of(procno);
}

int
pgraft_log_enqueue(int level, const char *text, int len)
{
	return pgraft_log_put(level, text, len) ? 1 : 0;
}

int
pgraft_event_enqueue(int kind, const char *text, int len)
{
	bool		fits = pgraft_event_put(kind, text, len);

	SetLatch(MyLatch);
	return fits ? 1 : 0;
}

int64
pgraft_boottime_ns(void)
{
	return pgraft_boottime();
}
