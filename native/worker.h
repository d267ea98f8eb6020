/*
 * worker.h
 *	  The background worker that hosts the engine.
 */
#ifndef PGRAFT_WORKER_H
#define PGRAFT_WORKER_H

extern void pgraft_worker_register(void);

/* Entry point, found by name; see worker.c. */
PGRAFT_NORETURN extern PGDLLEXPORT void pgraft_worker_main(Datum argument);

#endif							/* PGRAFT_WORKER_H */
