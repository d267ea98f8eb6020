/*
 * worker_slots.h
 *	  What the worker does with request slots without an engine.
 *
 * Threads and locks: see worker_slots.c.
 */
#ifndef PGRAFT_WORKER_SLOTS_H
#define PGRAFT_WORKER_SLOTS_H

extern void pgraft_slots_take_over(void);
extern void pgraft_slots_refuse(const char *reason);
extern void pgraft_slots_wake_all(void);

#endif							/* PGRAFT_WORKER_SLOTS_H */
