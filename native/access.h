/*
 * access.h
 *	  Which keys this session's user may read and write.
 *
 * Threads: a backend's only thread.  Locks: none.
 */
#ifndef PGRAFT_ACCESS_H
#define PGRAFT_ACCESS_H

#include "slot_client.h"
#include "store_grants.h"
#include "store_reader.h"

/* A key, or all keys that begin with a prefix, and what is done with it. */
typedef struct PgraftNeed
{
	PgraftBytes what;
	bool		is_prefix;
	uint32		rights;
} PgraftNeed;

/* What an operation needs, and by which grants it has it. */
typedef struct PgraftAccess
{
	bool		exempt;			/* a superuser */
	bool		local;			/* a denial by this node's state is final */
	Oid			user;			/* InvalidOid: nobody but "public" */
	PgraftNeed	one;			/* as "needs" while there is one */
	PgraftNeed *needs;
	int			count;
	int			capacity;
	PgraftStoreAuthority authority;
} PgraftAccess;

extern void pgraft_access_begin(PgraftAccess *access, bool local);
extern void pgraft_access_need(PgraftAccess *access, uint32 rights,
							   PgraftBytes what, bool is_prefix);
extern int	pgraft_access_run(PgraftAccess *access, PgraftStoreQuery query,
							  void *request, int64 *generation,
							  const char **why);
extern bool pgraft_access_is_checked(const PgraftAccess *access);
extern void pgraft_access_check(PgraftAccess *access);
extern PgraftResponse pgraft_access_call(PgraftAccess *access,
										 StringInfo request, int flags);
extern PgraftResponse pgraft_access_call_raw(PgraftAccess *access,
											 StringInfo request, int flags);

/* A grant as this session knows it. */
typedef struct PgraftGrant
{
	NameData	role;
	PgraftBytes prefix;
	uint32		rights;
} PgraftGrant;

extern const PgraftGrant *pgraft_access_grants(int *count, bool *enforced);
extern bool pgraft_access_covered(const PgraftAccess *access);
extern bool pgraft_is_public(const char *role);

#endif							/* PGRAFT_ACCESS_H */
