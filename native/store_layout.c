/*
 * store_layout.c
 *	  How the store lies in LMDB: its tables, its numbers, and the versions of
 *	  keys.
 *
 * A version is found in two steps: the table "key" has the positions of all
 * versions of a key, the table "rev" the record at a position.  Positions are in
 * the order in which the records were written, so "rev" is the history, too.  The
 * writer is org.pgraft.store, where Layout says the same.
 *
 * Everything here runs with an LMDB read transaction live, so nothing may raise
 * an error, allocate, or wait.  The file may be damaged; every length is checked
 * before it is trusted, and what cannot be true is PGRAFT_STORE_CORRUPT.
 *
 * Threads: a backend's only thread.  Locks: none.
 */
#include "prelude.h"

#include "port/pg_bswap.h"

#include "store_layout.h"

/* A record of the table "rev": this header, the key, the value. */
#define RECORD_KEY_LEN		4
#define RECORD_CREATE		8
#define RECORD_VERSION		16
#define RECORD_LEASE		24
#define RECORD_TIME			48
#define RECORD_CREATE_TIME	56
#define RECORD_HEADER		64

#define RECORD_TOMBSTONE	0x01

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
int
pgraft_store_require_meta(PgraftStoreHandle *store, const char *name,
						  int64 *value)
{
	int			rc = pgraft_store_read_meta(store, name, value);

	return rc == PGRAFT_STORE_ABSENT ? PGRAFT_STORE_CORRUPT : rc;
}

/* Reads the store's revision and turns 0 into it; refuses what is not there. */
int
pgraft_store_settle_revision(PgraftStoreHandle *store, int64 *at_revision,
							 int64 *revision)
{
	int64		compacted;
	int			rc;

	rc = pgraft_store_require_meta(store, "revision", revision);
	if (rc == MDB_SUCCESS)
		rc = pgraft_store_require_meta(store, "compacted", &compacted);
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

/* Writes a position as it is in the key of "rev". */
void
pgraft_store_write_position(PgraftStorePosition at, unsigned char *position)
{
	write_u64(position, (uint64) at.revision);
	write_u32(position + 8, at.sub);
}

/* Reads the key of "rev". */
int
pgraft_store_read_position(MDB_val key, PgraftStorePosition *at)
{
	if (key.mv_size != PGRAFT_STORE_POSITION_SIZE)
		return PGRAFT_STORE_CORRUPT;
	at->revision = (int64) read_u64(key.mv_data);
	at->sub = read_u32((char *) key.mv_data + 8);
	return MDB_SUCCESS;
}

/*
 * The position of the newest version of a key at a revision.  The duplicates of
 * a key hold the complement of the revision, so that the newest is the first.
 */
int
pgraft_store_find_version(PgraftStoreHandle *store, MDB_val key,
						  int64 at_revision, unsigned char *position)
{
	unsigned char wanted[PGRAFT_STORE_POSITION_SIZE] = {0};
	MDB_val		data = {PGRAFT_STORE_POSITION_SIZE, wanted};
	uint64		inverse;
	int			rc;

	write_u64(wanted, ~(uint64) at_revision);
	rc = mdb_cursor_get(store->lookup, &key, &data, MDB_GET_BOTH_RANGE);
	if (rc == MDB_NOTFOUND)
		return PGRAFT_STORE_ABSENT;
	if (rc != MDB_SUCCESS)
		return rc;
	if (data.mv_size != PGRAFT_STORE_POSITION_SIZE)
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
int
pgraft_store_parse_record(MDB_val data, int64 revision,
						  PgraftStoreEntry *entry, const char **key,
						  const char **value)
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
int
pgraft_store_read_version(PgraftStoreHandle *store, MDB_val wanted_key,
						  const unsigned char *position,
						  PgraftStoreEntry *entry, const char **value)
{
	MDB_val		key = {PGRAFT_STORE_POSITION_SIZE,
	unconstify(unsigned char *, position)};
	MDB_val		data;
	const char *own_key;
	int			rc;

	rc = mdb_get(store->txn, store->revisions, &key, &data);
	if (rc == MDB_NOTFOUND)
		return PGRAFT_STORE_CORRUPT;
	if (rc == MDB_SUCCESS)
		rc = pgraft_store_parse_record(data, (int64) read_u64(position), entry,
									   &own_key, value);
	if (rc != MDB_SUCCESS)
		return rc;
	if (entry->key_len != wanted_key.mv_size ||
		memcmp(own_key, wanted_key.mv_data, entry->key_len) != 0)
		return PGRAFT_STORE_CORRUPT;
	return PGRAFT_STORE_IS_DELETION(entry) ? PGRAFT_STORE_ABSENT : MDB_SUCCESS;
}
