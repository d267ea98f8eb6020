/*
 * store_grants.c
 *	  The grants of keys, as the store has them.
 *
 * Whether a user has the privileges of a role is a matter of catalogs, which
 * cannot be asked while an LMDB transaction is live.  So a session reads the
 * grants, judges, and then has the read that it came for look in its own
 * transaction whether the grants are still those of the judgement: every change
 * of them raises their version.
 *
 * As in store_query.c nothing here may raise an error, allocate, or wait.
 *
 * Threads: a backend's only thread.  Locks: none.
 */
#include "prelude.h"

#include "store_grants.h"

/* A record of the table "key_grant": rights, length of the role, role, prefix. */
#define RECORD_ROLE		2

/* Version and switch; a store that never had grants may lack them. */
static int
read_state(PgraftStoreHandle *store, int64 *version, bool *enforced)
{
	int64		number = 0;
	int			rc;

	*version = 0;
	rc = pgraft_store_read_meta(store, "grants_enforced", &number);
	if (rc == PGRAFT_STORE_ABSENT)
		rc = MDB_SUCCESS;
	*enforced = number != 0;
	if (rc == MDB_SUCCESS)
		rc = pgraft_store_read_meta(store, "grants_version", version);
	return rc == PGRAFT_STORE_ABSENT ? MDB_SUCCESS : rc;
}

/*
 * Whether what was judged still counts, in the transaction of the read that
 * depends on it; PGRAFT_STORE_JUDGE: it has to be judged again.
 */
int
pgraft_store_check_authority(PgraftStoreHandle *store,
							 PgraftStoreAuthority *authority)
{
	bool		enforced;
	int			rc;

	rc = read_state(store, &authority->current, &enforced);
	if (rc != MDB_SUCCESS || !enforced)
		return rc;
	return authority->opening == store->opening &&
		authority->version == authority->current ? MDB_SUCCESS : PGRAFT_STORE_JUDGE;
}

/* Takes a record apart; role and prefix are left in the map behind it. */
static int
parse_grant(MDB_val data, PgraftStoreGrant *grant)
{
	const unsigned char *record = data.mv_data;

	if (data.mv_size < RECORD_ROLE)
		return PGRAFT_STORE_CORRUPT;
	grant->rights = record[0];
	grant->role_len = record[1];
	if (grant->rights == 0 || (grant->rights & ~PGRAFT_RIGHTS_ALL) != 0 ||
		grant->role_len == 0 || grant->role_len > PGRAFT_ROLE_MAX ||
		data.mv_size < RECORD_ROLE + grant->role_len ||
		data.mv_size > RECORD_ROLE + grant->role_len + PGRAFT_KEY_MAX)
		return PGRAFT_STORE_CORRUPT;
	grant->prefix_len = (uint32) (data.mv_size - RECORD_ROLE - grant->role_len);
	return MDB_SUCCESS;
}

/* Takes a PgraftStoreGrants. */
int
pgraft_store_grants(PgraftStoreHandle *store, void *request)
{
	PgraftStoreGrants *grants = request;
	MDB_val		key;
	MDB_val		data;
	int			rc;

	grants->used = 0;
	grants->needed = 0;
	grants->opening = store->opening;
	rc = read_state(store, &grants->version, &grants->enforced);
	if (rc != MDB_SUCCESS)
		return rc;
	grants->unchanged = grants->opening == grants->known_opening &&
		grants->version == grants->known_version;
	if (grants->unchanged || grants->version == 0)
		return MDB_SUCCESS;
	if (store->grants == NULL)
		return PGRAFT_STORE_CORRUPT;

	for (rc = mdb_cursor_get(store->grants, &key, &data, MDB_FIRST);
		 rc == MDB_SUCCESS;
		 rc = mdb_cursor_get(store->grants, &key, &data, MDB_NEXT))
	{
		PgraftStoreGrant grant;
		Size		size;
		char	   *row = grants->buffer + grants->used;

		rc = parse_grant(data, &grant);
		if (rc != MDB_SUCCESS)
			return rc;
		size = PGRAFT_STORE_GRANT_SIZE(&grant);
		grants->needed += size;
		if (grants->needed > grants->capacity)
			continue;
		memcpy(row, &grant, sizeof(grant));
		memcpy(row + sizeof(grant), (char *) data.mv_data + RECORD_ROLE,
			   grant.role_len + grant.prefix_len);
		grants->used += size;
	}
	if (rc != MDB_NOTFOUND)
		return rc;
	return grants->needed > grants->capacity ? PGRAFT_STORE_TOO_SMALL : MDB_SUCCESS;
}
