/*
 * store_layout.h
 *	  How the store lies in LMDB: its tables, its numbers, and the versions of
 *	  keys.
 *
 * The functions return LMDB's codes or those below, and are for use within a
 * query, see store_query.h: they never raise an error.
 *
 * Threads: a backend's only thread.  Locks: none, LMDB's readers take none.
 */
#ifndef PGRAFT_STORE_LAYOUT_H
#define PGRAFT_STORE_LAYOUT_H

#include <lmdb.h>

#include "wire.h"

/* Results of a query beside LMDB's own codes, in a range LMDB does not use. */
#define PGRAFT_STORE_ABSENT			1000001 /* the key did not exist then */
#define PGRAFT_STORE_TOO_SMALL		1000002 /* "needed" bytes are */
#define PGRAFT_STORE_COMPACTED		1000003 /* that history is gone */
#define PGRAFT_STORE_FUTURE			1000004 /* that revision is not here yet */
#define PGRAFT_STORE_CORRUPT		1000005 /* the file contradicts itself */
#define PGRAFT_STORE_JUDGE			1000007 /* find out who may do it, first */

/* An environment opened read-only, with what a query needs of it. */
typedef struct PgraftStoreHandle
{
	MDB_env    *env;
	MDB_txn    *txn;
	MDB_dbi		meta;
	MDB_dbi		keys;
	MDB_dbi		revisions;
	MDB_dbi		grant_table;
	bool		has_grant_table;	/* a store of version 1.0 may have none */
	uint64		opening;		/* a number that no other opening has */
	MDB_cursor *scan;			/* walks over keys */
	MDB_cursor *lookup;			/* finds the revision of one key */
	MDB_cursor *history;		/* walks over revisions */
	MDB_cursor *grants;			/* walks over grants of keys; may be NULL */
} PgraftStoreHandle;

/* What the store knows of one version of a key. */
typedef struct PgraftStoreEntry
{
	int64		create_revision;
	int64		mod_revision;
	int64		version;
	int64		lease;
	int64		create_time_ms;
	int64		time_ms;
	uint32		key_len;
	uint32		value_len;
} PgraftStoreEntry;

/* Of a version: the key was deleted by it. */
#define PGRAFT_STORE_IS_DELETION(entry)		((entry)->version == 0)

/* Where the record of a version is: the key of the table "rev". */
typedef struct PgraftStorePosition
{
	int64		revision;
	uint32		sub;			/* number of the record within the revision */
} PgraftStorePosition;

/* The same as bytes. */
#define PGRAFT_STORE_POSITION_SIZE	12

extern int	pgraft_store_open_tables(PgraftStoreHandle *store, MDB_txn *txn);
extern int	pgraft_store_read_meta(PgraftStoreHandle *store, const char *name,
								   int64 *value);
extern int	pgraft_store_require_meta(PgraftStoreHandle *store, const char *name,
									  int64 *value);
extern int	pgraft_store_settle_revision(PgraftStoreHandle *store,
										 int64 *at_revision, int64 *revision);
extern void pgraft_store_write_position(PgraftStorePosition at,
										unsigned char *position);
extern int	pgraft_store_read_position(MDB_val key, PgraftStorePosition *at);
extern int	pgraft_store_find_version(PgraftStoreHandle *store, MDB_val key,
									  int64 at_revision, unsigned char *position);
extern int	pgraft_store_parse_record(MDB_val data, int64 revision,
									  PgraftStoreEntry *entry, const char **key,
									  const char **value);
extern int	pgraft_store_read_version(PgraftStoreHandle *store, MDB_val wanted_key,
									  const unsigned char *position,
									  PgraftStoreEntry *entry, const char **value);

#endif							/* PGRAFT_STORE_LAYOUT_H */
