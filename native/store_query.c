/*
 * store_query.c
 *	  What a session asks of the store: one key, a page of keys, a page of
 *	  changes, the totals.
 *
 * Everything here runs with an LMDB read transaction live, so nothing may raise
 * an error, allocate, or wait: the result goes into memory that the caller made
 * ready.  The file may be damaged; every length is checked before it is trusted,
 * and what cannot be true is PGRAFT_STORE_CORRUPT.
 *
 * Threads: a backend's only thread.  Locks: none.
 */
#include "prelude.h"

#include "port/pg_bswap.h"

#include "store_query.h"

/* A record of the table "rev": this header, the key, the value. */
#define RECORD_KEY_LEN		4
#define RECORD_CREATE		8
#define RECORD_VERSION		16
#define RECORD_LEASE		24
#define RECORD_TIME			48
#define RECORD_CREATE_TIME	56
#define RECORD_HEADER		64

#define RECORD_TOMBSTONE	0x01

/* A revision and the position within it: the key of "rev". */
#define POSITION_SIZE		12

/* A page ends after this many keys or records, so that a scan can be cancelled. */
#define SCAN_KEYS_MAX		8192

static uint64
read_u64(const void *from)
{
	uint64		value;

	memcpy(&value, from, sizeof(value));
	return pg_ntoh64(value);
}

static uint32
read_u32(const void *from)
{
	uint32		value;

	memcpy(&value, from, sizeof(value));
	return pg_ntoh32(value);
}

static void
write_u64(void *to, uint64 value)
{
	value = pg_hton64(value);
	memcpy(to, &value, sizeof(value));
}

static void
write_u32(void *to, uint32 value)
{
	value = pg_hton32(value);
	memcpy(to, &value, sizeof(value));
}

/* Opens the tables in "txn"; the handles are valid once it has been committed. */
int
pgraft_store_open_tables(PgraftStoreHandle *store, MDB_txn *txn)
{
	int			rc;

	rc = mdb_dbi_open(txn, "meta", 0, &store->meta);
	if (rc == MDB_SUCCESS)
		rc = mdb_dbi_open(txn, "key", MDB_DUPSORT | MDB_DUPFIXED, &store->keys);
	if (rc == MDB_SUCCESS)
		rc = mdb_dbi_open(txn, "rev", 0, &store->revisions);
	if (rc != MDB_SUCCESS)
		return rc;
	rc = mdb_dbi_open(txn, "key_grant", 0, &store->grant_table);
	store->has_grant_table = rc == MDB_SUCCESS;
	return rc == MDB_NOTFOUND ? MDB_SUCCESS : rc;
}

/* Reads one of the store's numbers; PGRAFT_STORE_ABSENT: it has none such. */
int
pgraft_store_read_meta(PgraftStoreHandle *store, const char *name, int64 *value)
{
	MDB_val		key = {strlen(name), unconstify(char *, name)};
	MDB_val		data;
	int			rc;

	rc = mdb_get(store->txn, store->meta, &key, &data);
	if (rc == MDB_NOTFOUND)
		return PGRAFT_STORE_ABSENT;
	if (rc != MDB_SUCCESS)
		return rc;
	if (data.mv_size != sizeof(int64))
		return PGRAFT_STORE_CORRUPT;
	*value = (int64) read_u64(data.mv_data);
	return MDB_SUCCESS;
}

/* The same of a number that every store has. */
static int
read_meta(PgraftStoreHandle *store, const char *name, int64 *value)
{
	int			rc = pgraft_store_read_meta(store, name, value);

	return rc == PGRAFT_STORE_ABSENT ? PGRAFT_STORE_CORRUPT : rc;
}

/* Reads the store's revision and turns 0 into it; refuses what is not there. */
static int
settle_revision(PgraftStoreHandle *store, int64 *at_revision, int64 *revision)
{
	int64		compacted;
	int			rc;

	rc = read_meta(store, "revision", revision);
	if (rc == MDB_SUCCESS)
		rc = read_meta(store, "compacted", &compacted);
	if (rc != MDB_SUCCESS)
		return rc;
	if (*at_revision == 0)
		*at_revision = *revision;
	if (*at_revision > *revision)
		return PGRAFT_STORE_FUTURE;
	if (*at_revision < compacted)
		return PGRAFT_STORE_COMPACTED;
	return MDB_SUCCESS;
}

/*
 * The position of the newest version of a key at a revision.  The duplicates of
 * a key hold the complement of the revision, so that the newest is the first.
 */
static int
find_version(PgraftStoreHandle *store, MDB_val key, int64 at_revision,
			 unsigned char *position)
{
	unsigned char wanted[POSITION_SIZE] = {0};
	MDB_val		data = {POSITION_SIZE, wanted};
	uint64		inverse;
	int			rc;

	write_u64(wanted, ~(uint64) at_revision);
	rc = mdb_cursor_get(store->lookup, &key, &data, MDB_GET_BOTH_RANGE);
	if (rc == MDB_NOTFOUND)
		return PGRAFT_STORE_ABSENT;
	if (rc != MDB_SUCCESS)
		return rc;
	if (data.mv_size != POSITION_SIZE)
		return PGRAFT_STORE_CORRUPT;
	inverse = read_u64(data.mv_data);
	if ((int64) ~inverse > at_revision || (int64) ~inverse <= 0)
		return PGRAFT_STORE_CORRUPT;
	write_u64(position, ~inverse);
	memcpy(position + 8, (unsigned char *) data.mv_data + 8, 4);
	return MDB_SUCCESS;
}

/*
 * Takes a record apart.  Key and value are left in the map, where *key and *value
 * point to them; the version of a deletion is 0, and it has no value.
 */
static int
parse_record(MDB_val data, int64 revision, PgraftStoreEntry *entry,
			 const char **key, const char **value)
{
	const unsigned char *record = data.mv_data;

	if (data.mv_size < RECORD_HEADER ||
		data.mv_size > RECORD_HEADER + PGRAFT_KEY_MAX + PGRAFT_VALUE_MAX)
		return PGRAFT_STORE_CORRUPT;
	entry->key_len = read_u32(record + RECORD_KEY_LEN);
	if (entry->key_len == 0 || entry->key_len > PGRAFT_KEY_MAX ||
		entry->key_len > data.mv_size - RECORD_HEADER)
		return PGRAFT_STORE_CORRUPT;
	*key = (const char *) record + RECORD_HEADER;
	*value = *key + entry->key_len;
	entry->mod_revision = revision;
	entry->time_ms = (int64) read_u64(record + RECORD_TIME);
	if (record[0] & RECORD_TOMBSTONE)
	{
		entry->create_revision = entry->version = entry->lease = 0;
		entry->create_time_ms = entry->time_ms;
		entry->value_len = 0;
		return MDB_SUCCESS;
	}
	entry->value_len = data.mv_size - RECORD_HEADER - entry->key_len;
	entry->create_revision = (int64) read_u64(record + RECORD_CREATE);
	entry->version = (int64) read_u64(record + RECORD_VERSION);
	entry->lease = (int64) read_u64(record + RECORD_LEASE);
	entry->create_time_ms = (int64) read_u64(record + RECORD_CREATE_TIME);
	if (entry->create_revision <= 0 ||
		entry->create_revision > entry->mod_revision || entry->version <= 0)
		return PGRAFT_STORE_CORRUPT;
	return MDB_SUCCESS;
}

/*
 * Reads the record at a position, which must be one of this key.  The value is
 * left in the map, where *value points to it.
 */
static int
read_version(PgraftStoreHandle *store, MDB_val wanted_key,
			 const unsigned char *position, PgraftStoreEntry *entry,
			 const char **value)
{
	MDB_val		key = {POSITION_SIZE, unconstify(unsigned char *, position)};
	MDB_val		data;
	const char *own_key;
	int			rc;

	rc = mdb_get(store->txn, store->revisions, &key, &data);
	if (rc == MDB_NOTFOUND)
		return PGRAFT_STORE_CORRUPT;
	if (rc == MDB_SUCCESS)
		rc = parse_record(data, (int64) read_u64(position), entry, &own_key, value);
	if (rc != MDB_SUCCESS)
		return rc;
	if (entry->key_len != wanted_key.mv_size ||
		memcmp(own_key, wanted_key.mv_data, entry->key_len) != 0)
		return PGRAFT_STORE_CORRUPT;
	return PGRAFT_STORE_IS_DELETION(entry) ? PGRAFT_STORE_ABSENT : MDB_SUCCESS;
}

/* Takes a PgraftStoreGet. */
int
pgraft_store_get(PgraftStoreHandle *store, void *request)
{
	PgraftStoreGet *get = request;
	MDB_val		key = {get->key.len, unconstify(char *, get->key.data)};
	unsigned char position[POSITION_SIZE];
	const char *value;
	int64		at_revision = get->at_revision;
	int			rc;

	rc = settle_revision(store, &at_revision, &get->revision);
	if (rc == MDB_SUCCESS)
		rc = find_version(store, key, at_revision, position);
	if (rc == MDB_SUCCESS)
		rc = read_version(store, key, position, &get->entry, &value);
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

/* Whether a key comes before all keys with the prefix, in the order of LMDB. */
static bool
before_prefix(PgraftBytes key, PgraftBytes prefix)
{
	int			order = memcmp(key.data, prefix.data, Min(key.len, prefix.len));

	return order != 0 ? order < 0 : key.len < prefix.len;
}

/* Puts the scan's cursor on the first key of the page. */
static int
scan_begin(PgraftStoreHandle *store, PgraftStoreScan *scan, MDB_val *key)
{
	MDB_val		data;
	int			rc;

	if (scan->after.len > 0 && !before_prefix(scan->after, scan->prefix))
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
	rc = settle_revision(store, &scan->at_revision, &scan->revision);
	if (rc != MDB_SUCCESS)
		return rc;

	for (rc = scan_begin(store, scan, &key);;
		 rc = mdb_cursor_get(store->scan, &key, &(MDB_val) {0}, MDB_NEXT_NODUP))
	{
		unsigned char position[POSITION_SIZE];
		PgraftStoreEntry entry;
		const char *value;

		if (rc == MDB_NOTFOUND)
			break;
		if (rc != MDB_SUCCESS)
			return rc;
		if (key.mv_size == 0 || key.mv_size > PGRAFT_KEY_MAX)
			return PGRAFT_STORE_CORRUPT;
		if (key.mv_size < (size_t) scan->prefix.len ||
			memcmp(key.mv_data, scan->prefix.data, scan->prefix.len) != 0)
			break;
		if (scan->rows >= scan->max_rows || looked_at++ >= SCAN_KEYS_MAX)
			return MDB_SUCCESS;

		rc = find_version(store, key, scan->at_revision, position);
		if (rc == MDB_SUCCESS)
			rc = read_version(store, key, position, &entry, &value);
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
	unsigned char position[POSITION_SIZE];

	write_u64(position, (uint64) from.revision);
	write_u32(position + 8, from.sub);
	key->mv_size = POSITION_SIZE;
	key->mv_data = position;
	return mdb_cursor_get(store->history, key, data, MDB_SET_RANGE);
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
	rc = read_meta(store, "revision", &newest);
	if (rc == MDB_SUCCESS)
		rc = read_meta(store, "compacted", &compacted);
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
		if (key.mv_size != POSITION_SIZE)
			return PGRAFT_STORE_CORRUPT;
		at.revision = (int64) read_u64(key.mv_data);
		at.sub = read_u32((char *) key.mv_data + 8);
		if (at.revision < changes->next.revision || at.revision > newest)
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

		rc = parse_record(data, at.revision, &entry, &entry_key, &value);
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
		rc = read_meta(store, fields[i].name, fields[i].value);
		if (rc != MDB_SUCCESS)
			return rc;
	}
	rc = mdb_stat(store->txn, store->revisions, &statistics);
	totals->history = (int64) statistics.ms_entries;
	return rc;
}
