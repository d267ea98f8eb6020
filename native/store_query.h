/*
 * store_query.h
 *	  What a session asks of the store: one key, a page of keys, a page of
 *	  changes, the totals.
 *
 * A query runs while an LMDB read transaction is live, see store_reader.h: it
 * may use LMDB and memory it was given, and nothing of PostgreSQL that can raise
 * an error.
 *
 * Threads: a backend's only thread.  Locks: none, LMDB's readers take none.
 */
#ifndef PGRAFT_STORE_QUERY_H
#define PGRAFT_STORE_QUERY_H

#include "store_layout.h"

/* See store_grants.h. */
typedef struct PgraftStoreAuthority PgraftStoreAuthority;

typedef int (*PgraftStoreQuery) (PgraftStoreHandle *store, void *request);

/* pgraft_store_get: the newest version of a key at a revision. */
typedef struct PgraftStoreGet
{
	/* request */
	PgraftBytes key;
	int64		at_revision;	/* 0: the current one */
	char	   *buffer;			/* receives the value; NULL: not wanted */
	Size		capacity;
	/* answer */
	PgraftStoreEntry entry;
	Size		needed;			/* the value's size when it did not fit */
	int64		revision;		/* the store's revision */
} PgraftStoreGet;

/*
 * pgraft_store_scan: a page of the keys that begin with a prefix, in key order.
 * The page ends when the buffer or max_rows is full or many keys were looked at;
 * the next one begins behind "last".
 */
typedef struct PgraftStoreScan
{
	/* request; at_revision is fixed by the first page */
	PgraftBytes prefix;
	PgraftBytes after;			/* begin behind this key, unless it is empty */
	int64		at_revision;	/* 0: the current one */
	int64		max_rows;
	bool		with_values;
	char	   *buffer;			/* MAXALIGNed */
	Size		capacity;
	/* answer */
	Size		used;
	int64		rows;
	bool		done;			/* no further key */
	char		last[PGRAFT_KEY_MAX];	/* the last key looked at */
	int			last_len;		/* 0: none was */
	Size		needed;			/* the first row's size when it did not fit */
	int64		revision;		/* the store's revision */
} PgraftStoreScan;

/*
 * pgraft_store_changes: what was written to the keys with a prefix, from a
 * revision on, in the order of revisions.  The page ends when the buffer is full
 * or many records were looked at, or, but only before the first record of a
 * revision, when there are max_rows; the next one begins at next.
 */
typedef struct PgraftStoreChanges
{
	/* request */
	PgraftBytes prefix;
	PgraftStorePosition from;	/* revision 0: the one after the current */
	int64		max_rows;
	char	   *buffer;			/* MAXALIGNed */
	Size		capacity;
	/* answer: rows as those of a scan */
	Size		used;
	int64		rows;
	PgraftStorePosition next;	/* what is before it was looked at */
	bool		done;			/* nothing further is there now */
	bool		enough;			/* there are max_rows */
	Size		needed;			/* the first row's size when it did not fit */
} PgraftStoreChanges;

/* pgraft_store_totals: the counters of the store. */
typedef struct PgraftStoreTotals
{
	int64		revision;
	int64		compacted;
	int64		applied_index;
	int64		applied_term;
	int64		keys;
	int64		key_bytes;
	int64		puts;
	int64		deletes;
	int64		history;		/* versions and tombstones kept, live ones too */
} PgraftStoreTotals;

/* A row in the buffer of a scan: this, the key, the value, padding. */
#define PGRAFT_STORE_ROW_SIZE(entry) \
	MAXALIGN(sizeof(PgraftStoreEntry) + (Size) (entry)->key_len + (entry)->value_len)

extern int	pgraft_store_get(PgraftStoreHandle *store, void *request);
extern int	pgraft_store_scan(PgraftStoreHandle *store, void *request);
extern int	pgraft_store_changes(PgraftStoreHandle *store, void *request);
extern int	pgraft_store_totals(PgraftStoreHandle *store, void *request);

#endif							/* PGRAFT_STORE_QUERY_H */
