/*
 * kv_read.h
 *	  Reads of the key-value store with the consistency that the caller asks for.
 *
 * Threads: a backend's only thread.  Locks: none.
 */
#ifndef PGRAFT_KV_READ_H
#define PGRAFT_KV_READ_H

#include "guc.h"
#include "store_query.h"

/* Receives the rows of a scan; key and value are valid during the call. */
typedef void (*PgraftRowSink) (void *argument, const PgraftStoreEntry *entry,
							   PgraftBytes key, PgraftBytes value);

/* Which keys a scan returns, and of which revision. */
typedef struct PgraftRange
{
	PgraftBytes prefix;
	PgraftBytes start_after;	/* empty: from the first key on */
	int64		max_rows;
	int64		at_revision;	/* 0: the current one */
	bool		with_values;
} PgraftRange;

extern bool pgraft_read_value(PgraftReadConsistency consistency, PgraftBytes key,
							  PgraftBytes *value);
extern bool pgraft_read_entry(PgraftReadConsistency consistency, PgraftBytes key,
							  int64 at_revision, PgraftStoreEntry *entry,
							  PgraftBytes *value);
extern void pgraft_read_range(PgraftReadConsistency consistency,
							  const PgraftRange *range, PgraftRowSink sink,
							  void *argument);
extern int64 pgraft_barrier(void);
extern int64 pgraft_read_revision(PgraftReadConsistency consistency);

#endif							/* PGRAFT_KV_READ_H */
