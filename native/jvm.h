/*
 * jvm.h
 *	  The Java virtual machine of the worker, and the calls into it.
 *
 * Threads and locks: see jvm.c.
 */
#ifndef PGRAFT_JVM_H
#define PGRAFT_JVM_H

#include "nodes/pg_list.h"

/* What a round of the engine wants of the worker. */
typedef enum PgraftTick
{
	PGRAFT_TICK_GO_ON = 0,
	PGRAFT_TICK_SICK = 1,		/* start the worker again */
	PGRAFT_TICK_STOPPED = 2
} PgraftTick;

extern const char *pgraft_jvm_create(bool archive);
extern const char *pgraft_jvm_boot(List *settings);
extern PgraftTick pgraft_jvm_tick(void);
extern void pgraft_jvm_reload(List *settings);
extern void pgraft_jvm_shutdown(void);

#endif							/* PGRAFT_JVM_H */
