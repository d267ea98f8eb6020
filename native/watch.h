/*
 * watch.h
 *	  Sessions that wait: for changes of the store, and for events.
 *
 * Threads: see watch.c.  Locks: none.
 */
#ifndef PGRAFT_WATCH_H
#define PGRAFT_WATCH_H

#include "port/atomics.h"

extern void pgraft_watchers_add(pg_atomic_uint64 *watchers);
extern void pgraft_watchers_wake(pg_atomic_uint64 *watchers);

extern void pgraft_watch_arm(void);
extern void pgraft_watch_ring(void);

#endif							/* PGRAFT_WATCH_H */
