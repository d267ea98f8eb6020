/*
 * store_query.c
 *	  What a session asks of the store: one key, a page of keys, a page of
 *	  changes, the totals.
 *
 * Everything here runs with an LMDB read transaction live, so nothing may raise
 * an error, allocate, or wait: the result goes into memory that the caller made
 * ready.  How the store lies in LMDB is known to store_layout.c.
 *
 * Threads: a backend's only thread.  Locks: none.
 */
#include "prelude.h"

#include "store_query.h"

/* A page ends after this many keys or records, so that a scan can be cancelled. */
#define SCAN_KEYS_MAX		8192

/* Takes a PgraftStoreGet. */
int
pgraft_store_get(PgraftStoreHandle *store, void *request)
{
	PgraftStoreGet *get = request;
	MDB_val		key = {get->key.len, unconstify(char *, get->key.data)};
	unsigned char position[PGRAFT_STORE_POSITION_SIZE];
	const char *value;
	int64		at_revision = get->at_revision;
	int			rc;

	rc = pgraft_store_settle_revision(store, &at_revision, &get->revision);
	if (rc == MDB_SUCCESS)
		rc = pgraft_store_find_version(store, key, at_revision, position);
	if (rc == MDB_SUCCESS)
		rc = pgraft_store_read_version(store, key, position, &get->entry,
									   &value);
	if (rc != MDB_SUCCESS || get->buffer == NULL)
		return rc;
	if (get->entry.value_len > get->capacity)
	{
		get->needed = get->entry.value_len;
		return PGRAFT_STORE_TOO_SMALL;
	}
	memcpy(get->buffer, value, get->entry.value_len);
	return MDB_SUCCESS;
}

/* Whether a key comes before another one, or before all keys with a prefix, in the order of LMDB. */
static bool
before(PgraftBytes key, PgraftBytes other)
{
	int			order = memcmp(key.data, other.data, Min(key.len, other.len));

	return order != 0 ? order < 0 : key.len < other.len;
}

/*
 * Whether the cursor went on, to a key with the prefix or behind.  In a damaged
 * file it may not have, and a scan that trusts it ends early or never.
 */
static bool
scan_in_order(const PgraftStoreScan *scan, MDB_val key)
{
	PgraftBytes here = {key.mv_data, (int) key.mv_size};
	PgraftBytes last = {scan->last, scan->last_len};

	if (before(here, scan->prefix))
		return false;
	if (last.len > 0)
		return before(last, here);
	return scan->after.len == 0 || before(scan->after, here);
}

/* Puts the scan's cursor on the first key of the page. */
static int
scan_begin(PgraftStoreHandle *store, PgraftStoreScan *scan, MDB_val *key)
{
	MDB_val		data;
	int			rc;

	if (scan->after.len > 0 && !before(scan->after, scan->prefix))
	{
		key->mv_size = scan->after.len;
		key->mv_data = unconstify(char *, scan->after.data);
		rc = mdb_cursor_get(store->scan, key, &data, MDB_SET_RANGE);
		if (rc == MDB_SUCCESS && key->mv_size == (size_t) scan->after.len &&
			memcmp(key->mv_data, scan->after.data, scan->after.len) == 0)
			rc = mdb_cursor_get(store->scan, key, &data, MDB_NEXT_NODUP);
		return rc;
	}
	if (scan->prefix.len > 0)
	{
		key->mv_size = scan->prefix.len;
		key->mv_data = unconstify(char *, scan->prefix.data);
		return mdb_cursor_get(store->scan, key, &data, MDB_SET_RANGE);
	}
	return mdb_cursor_get(store->scan, key, &data, MDB_FIRST);
}

/* Writes a row, if there is room for it; 0: there is not. */
static Size
write_row(char *row, Size room, const PgraftStoreEntry *entry, const char *key,
		  const char *value)
{
	Size		size = PGRAFT_STORE_ROW_SIZE(entry);

	if (size > room)
		return 0;
	memcpy(row, entry, sizeof(*entry));
	memcpy(row + sizeof(*entry), key, entry->key_len);
	memcpy(row + sizeof(*entry) + entry->key_len, value, entry->value_len);
	return size;
}

/* Adds a row to the page; PGRAFT_STORE_TOO_SMALL when it has no room. */
static int
scan_add(PgraftStoreScan *scan, PgraftStoreEntry *entry, MDB_val key,
		 const char *value)
{
	Size		size;

	if (!scan->with_values)
		entry->value_len = 0;
	size = write_row(scan->buffer + scan->used, scan->capacity - scan->used,
					 entry, key.mv_data, value);
	if (size == 0)
	{
		scan->needed = PGRAFT_STORE_ROW_SIZE(entry);
		return PGRAFT_STORE_TOO_SMALL;
	}
	scan->used += size;
	scan->rows++;
	return MDB_SUCCESS;
}

/* Takes a PgraftStoreScan. */
int
pgraft_store_scan(PgraftStoreHandle *store, void *request)
{
	PgraftStoreScan *scan = request;
	MDB_val		key;
	int			looked_at = 0;
	int			rc;

	scan->used = 0;
	scan->rows = 0;
	scan->done = false;
	scan->last_len = 0;
	scan->needed = 0;
	rc = pgraft_store_settle_revision(store, &scan->at_revision, &scan->revision);
	if (rc != MDB_SUCCESS)
		return rc;

	for (rc = scan_begin(store, scan, &key);;
		 rc = mdb_cursor_get(store->scan, &key, &(MDB_val) {0}, MDB_NEXT_NODUP))
	{
		unsigned char position[PGRAFT_STORE_POSITION_SIZE];
		PgraftStoreEntry entry;
		const char *value;

		if (rc == MDB_NOTFOUND)
			break;
		if (rc != MDB_SUCCESS)
			return rc;
		if (key.mv_size == 0 || key.mv_size > PGRAFT_KEY_MAX ||
			!scan_in_order(scan, key))
			return PGRAFT_STORE_CORRUPT;
		if (key.mv_size < (size_t) scan->prefix.len ||
			memcmp(key.mv_data, scan->prefix.data, scan->prefix.len) != 0)
			break;
		if (scan->rows >= scan->max_rows || looked_at++ >= SCAN_KEYS_MAX)
			return MDB_SUCCESS;

		rc = pgraft_store_find_version(store, key, scan->at_revision, position);
		if (rc == MDB_SUCCESS)
			rc = pgraft_store_read_version(store, key, position, &entry, &value);
		if (rc == MDB_SUCCESS)
			rc = scan_add(scan, &entry, key, value);
		if (rc == PGRAFT_STORE_TOO_SMALL && scan->rows > 0)
			return MDB_SUCCESS; /* the next page begins with this row */
		if (rc != MDB_SUCCESS && rc != PGRAFT_STORE_ABSENT)
			return rc;
		memcpy(scan->last, key.mv_data, key.mv_size);
		scan->last_len = key.mv_size;
	}
	scan->done = true;
	return MDB_SUCCESS;
}

/* Puts the cursor on the first record at a position or behind. */
static int
changes_begin(PgraftStoreHandle *store, PgraftStorePosition from, MDB_val *key,
			  MDB_val *data)
{
	unsigned char position[PGRAFT_STORE_POSITION_SIZE];

	pgraft_store_write_position(from, position);
	key->mv_size = PGRAFT_STORE_POSITION_SIZE;
	key->mv_data = position;
	return mdb_cursor_get(store->history, key, data, MDB_SET_RANGE);
}

/* Whether a position comes before another one. */
static bool
position_before(PgraftStorePosition at, PgraftStorePosition other)
{
	return at.revision != other.revision ? at.revision < other.revision :
		at.sub < other.sub;
}

/* Takes a PgraftStoreChanges. */
int
pgraft_store_changes(PgraftStoreHandle *store, void *request)
{
	PgraftStoreChanges *changes = request;
	MDB_val		key;
	MDB_val		data;
	int64		newest;
	int64		compacted;
	int			looked_at = 0;
	int			rc;

	changes->used = 0;
	changes->rows = 0;
	changes->done = false;
	changes->enough = false;
	changes->needed = 0;
	rc = pgraft_store_require_meta(store, "revision", &newest);
	if (rc == MDB_SUCCESS)
		rc = pgraft_store_require_meta(store, "compacted", &compacted);
	if (rc != MDB_SUCCESS)
		return rc;
	if (changes->from.revision == 0)
		changes->from.revision = newest + 1;
	changes->next = changes->from;
	if (changes->from.revision <= compacted)
		return PGRAFT_STORE_COMPACTED;

	for (rc = changes_begin(store, changes->from, &key, &data);;
		 rc = mdb_cursor_get(store->history, &key, &data, MDB_NEXT))
	{
		PgraftStorePosition at;
		PgraftStoreEntry entry;
		const char *entry_key;
		const char *value;
		Size		size;

		if (rc == MDB_NOTFOUND)
			break;
		if (rc != MDB_SUCCESS)
			return rc;
		rc = pgraft_store_read_position(key, &at);
		if (rc != MDB_SUCCESS)
			return rc;
		/* The first one may be where the page begins, each other one is behind the one before. */
		if (at.revision > newest || position_before(at, changes->next) ||
			(looked_at > 0 && !position_before(changes->next, at)))
			return PGRAFT_STORE_CORRUPT;
		if ((at.sub == 0 || at.revision != changes->next.revision) &&
			changes->rows >= changes->max_rows)
		{
			changes->next.revision = at.revision;
			changes->next.sub = 0;
			changes->enough = true;
			return MDB_SUCCESS;
		}
		changes->next = at;
		if (looked_at++ >= SCAN_KEYS_MAX)
			return MDB_SUCCESS;

		rc = pgraft_store_parse_record(data, at.revision, &entry, &entry_key,
									   &value);
		if (rc != MDB_SUCCESS)
			return rc;
		if (entry.key_len < (uint32) changes->prefix.len ||
			memcmp(entry_key, changes->prefix.data, changes->prefix.len) != 0)
			continue;
		size = write_row(changes->buffer + changes->used,
						 changes->capacity - changes->used, &entry, entry_key, value);
		if (size == 0)
		{
			changes->needed = PGRAFT_STORE_ROW_SIZE(&entry);
			return changes->rows > 0 ? MDB_SUCCESS : PGRAFT_STORE_TOO_SMALL;
		}
		changes->used += size;
		changes->rows++;
	}
	changes->next.revision = Max(newest + 1, changes->from.revision);
	changes->next.sub = 0;
	changes->done = true;
	return MDB_SUCCESS;
}

/* Takes a PgraftStoreTotals. */
int
pgraft_store_totals(PgraftStoreHandle *store, void *request)
{
	PgraftStoreTotals *totals = request;
	const struct
	{
		const char *name;
		int64	   *value;
	}			fields[] =
	{
		{"revision", &totals->revision},
		{"compacted", &totals->compacted},
		{"applied_index", &totals->applied_index},
		{"applied_term", &totals->applied_term},
		{"keys", &totals->keys},
		{"key_bytes", &totals->key_bytes},
		{"puts", &totals->puts},
		{"deletes", &totals->deletes},
	};
	MDB_stat	statistics;
	int			rc;

	for (int i = 0; i < (int) lengthof(fields); i++)
	{
		rc = pgraft_store_require_meta(store, fields[i].name, fields[i].value);
		if (rc != MDB_SUCCESS)
			return rc;
	}
	rc = mdb_stat(store->txn, store->revisions, &statistics);
	totals->history = (int64) statistics.ms_entries;
	return rc;
}
