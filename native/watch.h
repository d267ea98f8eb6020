/*
 * watch.h
 *	  Sessions that wait for changes of the store.
 *
 * Threads: see watch.c.  Locks: none.
 */
#ifndef PGRAFT_WATCH_H
#define PGRAFT_WATCH_H

extern void pgraft_watch_arm(void);
extern void pgraft_watch_ring(void);

#endif							/* PGRAFT_WATCH_H */
