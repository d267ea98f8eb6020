/*
 * buffer_guard.c
 *	  Keeps the worker's process away from PostgreSQL's buffers.
 *
 * The worker has no business with the buffer pool.  Once its process may not touch
 * it, a stray write of a broken JVM cannot reach anybody's data, which is why the
 * JVM's death need not restart the server.
 *
 * Threads: the worker's main thread, once.  Locks: none.
 */
#include "prelude.h"

#include <sys/mman.h>
#include <unistd.h>

#include "storage/bufmgr.h"

#include "buffer_guard.h"

/* Huge pages can only be protected whole. */
#define HUGE_PAGE	((uintptr_t) 2 * 1024 * 1024)

static bool
forbid(uintptr_t from, uintptr_t to, uintptr_t page)
{
	uintptr_t	first = (from + page - 1) / page * page;
	uintptr_t	last = to / page * page;

	return first >= last ||
		mprotect((void *) first, last - first, PROT_NONE) == 0;
}

/* Makes the buffer pool inaccessible to this process. */
void
pgraft_forbid_buffers(void)
{
	uintptr_t	from = (uintptr_t) BufferBlocks;
	uintptr_t	to = from + (uintptr_t) NBuffers * BLCKSZ;

	if (!forbid(from, to, (uintptr_t) sysconf(_SC_PAGESIZE)) &&
		!forbid(from, to, HUGE_PAGE))
		ereport(LOG,
				(errmsg("pgraft could not protect the buffer pool from its worker: %m")));
}
