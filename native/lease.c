/*
 * lease.c
 *	  Whether this node holds the leadership lease.
 *
 * The lease is two words of the status page: a term, and the instant on
 * CLOCK_BOOTTIME at which it runs out.  The engine writes them in the order
 * "expiry to 0, term, expiry", so a reader that sees the same term before and
 * after the expiry has a pair that was in force.  Nothing else counts: not who
 * was elected, not what the worker says of itself.  A worker that dies or hangs
 * leaves an expiry that passes.
 *
 * Threads: any; nothing here but atomic reads.  Locks: none.
 */
#include "prelude.h"

#include <time.h>

#include "guc.h"
#include "lease.h"
#include "shared.h"

/* Nanoseconds on the clock that leases and heartbeats are told on. */
int64
pgraft_boottime(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (int64) now.tv_sec * INT64CONST(1000000000) + now.tv_nsec;
}

/* The term and the expiry that belong together; false when there is no lease. */
static bool
read_lease(int64 *term, int64 *expiry)
{
	PgraftStatus *status = pgraft_status();
	int64		again;

	*term = status->lease_term;
	pg_read_barrier();
	*expiry = status->lease_expiry_ns;
	pg_read_barrier();
	again = status->lease_term;
	return *term != 0 && *term == again && *expiry != 0;
}

/* The term in which this node holds the lease at this instant, 0: it does not. */
int64
pgraft_lease_valid(void)
{
	int64		term;
	int64		expiry;

	if (!read_lease(&term, &expiry))
		return 0;
	return pgraft_boottime() < expiry ? term : 0;
}

/* How long the lease still runs, in nanoseconds; 0: this node does not hold it. */
int64
pgraft_lease_remaining(void)
{
	int64		term;
	int64		expiry;

	if (!read_lease(&term, &expiry))
		return 0;
	return Max(expiry - pgraft_boottime(), 0);
}

/*
 * Begins a read that is to be linearizable; false: this node does not hold the
 * lease.  What is read after this and before a pgraft_lease_end() that returns
 * true contains everything that was acknowledged before this call.
 */
bool
pgraft_lease_begin(PgraftTicket *ticket)
{
	ticket->epoch = pgraft_worker_epoch();
	ticket->term = pgraft_lease_valid();
	return ticket->term != 0;
}

/* Whether a read of a generation of the store was under the lease throughout. */
bool
pgraft_lease_end(const PgraftTicket *ticket, int64 generation)
{
	/* What was read, was read before the lease is looked at. */
	pg_memory_barrier();
	return pgraft_lease_valid() == ticket->term &&
		pgraft_store_generation() == generation &&
		pgraft_worker_epoch() == ticket->epoch;
}
