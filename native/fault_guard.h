/*
 * fault_guard.h
 *	  Turns a memory fault inside one call into an answer.
 *
 * Threads and locks: see fault_guard.c.
 */
#ifndef PGRAFT_FAULT_GUARD_H
#define PGRAFT_FAULT_GUARD_H

/* What happened instead of a result. */
typedef struct PgraftFault
{
	const void *address;		/* what could not be read, NULL: unknown */
	char		text[256];
} PgraftFault;

typedef int (*PgraftGuarded) (void *argument);

extern bool pgraft_guarded(PgraftGuarded body, void *argument, int *result,
						   PgraftFault *fault);
extern void pgraft_guard_assertion(const char *message);

#endif							/* PGRAFT_FAULT_GUARD_H */
