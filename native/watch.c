/*
 * watch.c
 *	  Sessions that wait: for changes of the store, and for events.
 *
 * A session that wants to know of the next change sets a bit of its own and the
 * word "watched", looks at the store once more, and sleeps.  The engine, after
 * each entry that it has applied, looks at "watched"; only when it is set does it
 * set "rung" and wake the worker, which wakes every session whose bit is set and
 * clears both.  So nobody is missed: either the session sees the change when it
 * looks, or the engine sees the word.  And where nobody waits, an entry costs one
 * read of a word.
 *
 * For events (events.c) there are bits of their own and no words: who writes an
 * event looks at the bits, because events are few.
 *
 * A bit may be left behind by a session that waits no more; then its process is
 * woken once without a reason.
 *
 * Threads: a session's only thread arms, the worker's main thread rings, and its
 * thread that writes an event wakes.  Locks: none.
 */
#include "prelude.h"

#include "port/pg_bitutils.h"

#include "shared.h"
#include "watch.h"

/* Sets this session's bit; a full barrier. */
void
pgraft_watchers_add(pg_atomic_uint64 *watchers)
{
	uint32		me = (uint32) pgraft_my_procno();

	if (me / 64 < pgraft_shared->nwatch)
		pg_atomic_fetch_or_u64(watchers + me / 64,
							   UINT64CONST(1) << (me % 64));
}

/* Clears every bit and wakes whose it was. */
void
pgraft_watchers_wake(pg_atomic_uint64 *watchers)
{
	for (uint32 i = 0; i < pgraft_shared->nwatch; i++)
	{
		uint64		waiting = pg_atomic_exchange_u64(watchers + i, 0);

		while (waiting != 0)
		{
			pgraft_set_latch_of((int32) (i * 64) + pg_rightmost_one_pos64(waiting));
			waiting &= waiting - 1;
		}
	}
}

/* From here on this session is woken by the next change. */
void
pgraft_watch_arm(void)
{
	pgraft_watchers_add(pgraft_watchers());
	pg_atomic_write_u64(&pgraft_shared->watched, 1);
	pg_memory_barrier();
}

/* Wakes those who wait, if the engine has rung. */
void
pgraft_watch_ring(void)
{
	if (pg_atomic_read_u64(&pgraft_shared->rung) == 0)
		return;
	pg_atomic_write_u64(&pgraft_shared->rung, 0);
	pg_atomic_write_u64(&pgraft_shared->watched, 0);
	/* Who arms from here on sets the word again; who did before is woken. */
	pg_memory_barrier();
	pgraft_watchers_wake(pgraft_watchers());
}
