/*
 * store_reader.h
 *	  A session's own view of the store: LMDB, mapped read-only.
 *
 * Threads: a backend's only thread.  Locks: see store_reader.c.
 */
#ifndef PGRAFT_STORE_READER_H
#define PGRAFT_STORE_READER_H

#include "store_query.h"

/*
 * Runs a query on the store of the generation in use.  Returns its result, an
 * LMDB code or one of PGRAFT_STORE_*; or PGRAFT_STORE_UNAVAILABLE when this
 * session cannot read the store at present, and then *why says why.  Damage of
 * the store is an error raised here.  With an authority that is not NULL the query
 * runs only if that counts at the same moment, else the result is
 * PGRAFT_STORE_JUDGE.
 */
#define PGRAFT_STORE_UNAVAILABLE	1000006

extern int	pgraft_store_run(PgraftStoreQuery query, void *request,
							 int64 *generation, const char **why);
extern int	pgraft_store_run_with(PgraftStoreAuthority *authority,
								  PgraftStoreQuery query, void *request,
								  int64 *generation, const char **why);
PGRAFT_NORETURN extern void pgraft_store_refuse(int result, int64 at_revision,
												const char *why);

#endif							/* PGRAFT_STORE_READER_H */
