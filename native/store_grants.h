/*
 * store_grants.h
 *	  The grants of keys, as the store has them.
 *
 * Threads: a backend's only thread.  Locks: none.
 */
#ifndef PGRAFT_STORE_GRANTS_H
#define PGRAFT_STORE_GRANTS_H

#include "store_query.h"

/* Rights, as bits. */
#define PGRAFT_RIGHT_READ		0x01
#define PGRAFT_RIGHT_WRITE		0x02
#define PGRAFT_RIGHTS_ALL		(PGRAFT_RIGHT_READ | PGRAFT_RIGHT_WRITE)

/* The longest name of a role, in bytes. */
#define PGRAFT_ROLE_MAX			63

/* By which grants somebody was found to have a right. */
struct PgraftStoreAuthority
{
	uint64		opening;		/* of the store; 0: none yet */
	int64		version;		/* of the grants */
	int64		current;		/* what the last look found in the store */
};

/* A grant in the buffer of pgraft_store_grants: this, the role, the prefix. */
typedef struct PgraftStoreGrant
{
	uint32		rights;
	uint32		role_len;
	uint32		prefix_len;
} PgraftStoreGrant;

#define PGRAFT_STORE_GRANT_SIZE(grant) \
	MAXALIGN(sizeof(PgraftStoreGrant) + (grant)->role_len + (grant)->prefix_len)

/* pgraft_store_grants: all grants, unless they are those that are known. */
typedef struct PgraftStoreGrants
{
	/* request */
	uint64		known_opening;
	int64		known_version;
	char	   *buffer;			/* MAXALIGNed */
	Size		capacity;
	/* answer */
	uint64		opening;
	int64		version;
	bool		enforced;
	bool		unchanged;		/* nothing was returned */
	Size		used;
	Size		needed;			/* the size of all when they did not fit */
} PgraftStoreGrants;

extern int	pgraft_store_grants(PgraftStoreHandle *store, void *request);
extern int	pgraft_store_check_authority(PgraftStoreHandle *store,
										 PgraftStoreAuthority *authority);

#endif							/* PGRAFT_STORE_GRANTS_H */
