/*
 * access.c
 *	  Which keys this session's user may read and write.
 *
 * While grants are enforced, a user who is no superuser needs a grant to "public"
 * or to a role whose privileges he has, on a prefix with which the key, or the
 * prefix that is asked for, begins.
 *
 * A session judges by the grants that its node's store has, which it keeps in
 * memory as long as their version stays.  So that a judgement is never older than
 * what it allows,
 *  - a read of the store looks for the version again in its own transaction;
 *  - a request to the engine carries the version, and whoever carries it out, at
 *	  its place in the log or under the lease, refuses it when the version is
 *	  another; then it is judged once more and sent again;
 *  - nothing is denied before this node knows as much as the lease holder did,
 *	  unless the read is a local one.
 * What comes without a version is refused as well while grants are enforced.
 * That is how a session learns of it that did not look: a superuser's.
 *
 * Threads: a backend's only thread.  Locks: none.
 */
#include "prelude.h"

#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/memutils.h"

#include "access.h"
#include "kv_read.h"
#include "text.h"

/* So often the grants may change under a request before it gives up. */
#define TRIES_MAX			10

#define FIRST_BUFFER		8192
#define FIRST_NEEDS			16

/* The grants that this session knows; all of it is in "context". */
static struct
{
	MemoryContext context;		/* NULL: there was never one */
	PgraftGrant *grants;
	int			count;
	uint64		opening;		/* of the store; 0: nothing is known */
	int64		version;
	bool		enforced;
}			known;

/* A superuser's requests have to say that they are a superuser's. */
static bool say_exempt = false;

/* ---------- the grants ---------- */

bool
pgraft_is_public(const char *role)
{
	return strcmp(role, "public") == 0;
}

/* Takes the rows of a query over, in a context that lives as long as they do. */
static void
remember(const PgraftStoreGrants *query, MemoryContext context)
{
	Size		at = 0;
	int			count = 0;
	PgraftGrant *grants;

	for (; at < query->used; count++)
		at += PGRAFT_STORE_GRANT_SIZE((PgraftStoreGrant *) (query->buffer + at));
	grants = MemoryContextAllocZero(context,
									Max(count, 1) * sizeof(PgraftGrant));
	at = 0;
	for (int i = 0; i < count; i++)
	{
		const PgraftStoreGrant *row =
			(const PgraftStoreGrant *) (query->buffer + at);
		const char *role = (const char *) (row + 1);

		grants[i].rights = row->rights;
		memcpy(NameStr(grants[i].role), role,
			   Min(row->role_len, NAMEDATALEN - 1));
		grants[i].prefix.data = role + row->role_len;
		grants[i].prefix.len = (int) row->prefix_len;
		at += PGRAFT_STORE_GRANT_SIZE(row);
	}

	if (known.context != NULL)
		MemoryContextDelete(known.context);
	MemoryContextSetParent(context, TopMemoryContext);
	known.context = context;
	known.grants = grants;
	known.count = count;
	known.opening = query->opening;
	known.version = query->version;
	known.enforced = query->enforced;
}

/* Makes "known" what this node's store has; false, with *why: it is unavailable. */
static bool
look(const char **why)
{
	PgraftStoreGrants query = {.known_opening = known.opening,
	.known_version = known.version};
	MemoryContext context = NULL;
	int64		generation;
	int			rc;

	while ((rc = pgraft_store_run(pgraft_store_grants, &query, &generation,
								  why)) == PGRAFT_STORE_TOO_SMALL)
	{
		if (context == NULL)
			context = AllocSetContextCreate(CurrentMemoryContext, "pgraft grants",
											ALLOCSET_SMALL_SIZES);
		if (query.buffer != NULL)
			pfree(query.buffer);
		query.capacity = Max(query.needed, FIRST_BUFFER);
		query.buffer = MemoryContextAlloc(context, query.capacity);
	}
	if (rc == PGRAFT_STORE_UNAVAILABLE)
		return false;
	if (rc != MDB_SUCCESS)
		pgraft_store_refuse(rc, 0, *why);
	if (!query.unchanged)
	{
		if (context == NULL)
			context = AllocSetContextCreate(CurrentMemoryContext, "pgraft grants",
											ALLOCSET_SMALL_SIZES);
		remember(&query, context);
	}
	return true;
}

static void
require_look(void)
{
	const char *why;

	if (!look(&why))
		pgraft_store_refuse(PGRAFT_STORE_UNAVAILABLE, 0, why);
}

/* All grants of this node's store; valid until the next look. */
const PgraftGrant *
pgraft_access_grants(int *count, bool *enforced)
{
	require_look();
	*count = known.count;
	*enforced = known.enforced;
	return known.grants;
}

/* ---------- judging ---------- */

void
pgraft_access_begin(PgraftAccess *access, bool local)
{
	access->user = GetUserId();
	access->exempt = superuser();
	access->local = local;
	access->needs = &access->one;
	access->count = 0;
	access->capacity = 1;
	memset(&access->authority, 0, sizeof(access->authority));
}

/* Adds a need; the octets must live as long as the access. */
void
pgraft_access_need(PgraftAccess *access, uint32 rights, PgraftBytes what,
				   bool is_prefix)
{
	PgraftNeed *need;

	if (access->exempt)
		return;
	if (access->count == access->capacity)
	{
		PgraftNeed *needs = access->needs;

		access->capacity = Max(access->capacity * 2, FIRST_NEEDS);
		if (needs != &access->one)
			access->needs = repalloc(needs, access->capacity * sizeof(*needs));
		else
		{
			access->needs = palloc(access->capacity * sizeof(*needs));
			access->needs[0] = access->one;
		}
	}
	need = &access->needs[access->count++];
	need->what = what;
	need->is_prefix = is_prefix;
	need->rights = rights;
}

/* Whether a user has what is granted to a role; the role may not exist here. */
static bool
has_role(Oid user, const PgraftGrant *grant)
{
	Oid			role;

	if (pgraft_is_public(NameStr(grant->role)))
		return true;
	if (!OidIsValid(user))
		return false;
	role = get_role_oid(NameStr(grant->role), true);
	return OidIsValid(role) && has_privs_of_role(user, role);
}

/* The first need that the known grants do not meet; NULL: they meet all. */
static const PgraftNeed *
first_unmet(const PgraftAccess *access)
{
	/* Of each grant: 0 nobody asked yet, 1 the user has the role, 2 has not. */
	char	   *roles = palloc0(known.count + 1);
	const PgraftNeed *unmet = NULL;

	for (int i = 0; i < access->count && unmet == NULL; i++)
	{
		const PgraftNeed *need = &access->needs[i];
		uint32		missing = need->rights;

		CHECK_FOR_INTERRUPTS();
		for (int j = 0; j < known.count && missing != 0; j++)
		{
			const PgraftGrant *grant = &known.grants[j];

			if ((grant->rights & missing) == 0 ||
				grant->prefix.len > need->what.len ||
				memcmp(grant->prefix.data, need->what.data, grant->prefix.len) != 0)
				continue;
			if (roles[j] == 0)
				roles[j] = has_role(access->user, grant) ? 1 : 2;
			if (roles[j] == 1)
				missing &= ~grant->rights;
		}
		if (missing != 0)
			unmet = need;
	}
	pfree(roles);
	return unmet;
}

/* The known grants meet all needs. */
static void
trust_known(PgraftAccess *access)
{
	access->authority.opening = known.opening;
	access->authority.version = known.version;
}

/* Whether this node's grants meet all needs, enforced or not. */
bool
pgraft_access_covered(const PgraftAccess *access)
{
	if (access->exempt)
		return true;
	require_look();
	return first_unmet(access) == NULL;
}

/* The same is said whether there are such keys or not. */
PGRAFT_NORETURN static void
deny(const PgraftNeed *need)
{
	const char *needed = need->rights == PGRAFT_RIGHTS_ALL ? "read and write" :
		need->rights == PGRAFT_RIGHT_READ ? "read" : "write";
	const char *message;

	if (!need->is_prefix)
		message = psprintf("permission denied for key \"%s\"",
						   pgraft_shown(need->what));
	else if (need->what.len > 0)
		message = psprintf("permission denied for keys that begin with \"%s\"",
						   pgraft_shown(need->what));
	else
		message = "permission denied for all keys together";
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg_internal("%s", message),
			 errdetail("It takes the right to %s %s.", needed,
					   need->is_prefix ? "every one of them" : "it"),
			 errhint("A superuser can give it with pgraft_kv_grant().")));
}

/* Finds out whether the known grants allow it; whether they do, is in the authority. */
static void
judge(PgraftAccess *access)
{
	const PgraftNeed *unmet = first_unmet(access);

	if (unmet != NULL && !access->local)
	{
		/* It may have been granted elsewhere, and not have come here yet. */
		(void) pgraft_barrier();
		require_look();
		unmet = known.enforced ? first_unmet(access) : NULL;
	}
	if (unmet != NULL)
		deny(unmet);
	trust_known(access);
}

PGRAFT_NORETURN static void
give_up(void)
{
	ereport(ERROR,
			(errcode(PGRAFT_ERRCODE_NOT_ACCEPTED),
			 errmsg("pgraft request was not accepted: the grants of keys change all the time"),
			 errdetail("Nothing was changed. It was judged %d times.", TRIES_MAX),
			 errhint("It is safe to try again.")));
}

/* ---------- what is allowed ---------- */

/*
 * Runs a query if it is allowed by the grants of the same moment; the results are
 * those of pgraft_store_run().
 */
int
pgraft_access_run(PgraftAccess *access, PgraftStoreQuery query, void *request,
				  int64 *generation, const char **why)
{
	if (access == NULL || access->exempt)
		return pgraft_store_run(query, request, generation, why);

	/* Most often the grants are still those that this session knows. */
	if (access->authority.opening == 0 && known.opening != 0 &&
		known.enforced && first_unmet(access) == NULL)
		trust_known(access);
	for (int i = 0; i < TRIES_MAX; i++)
	{
		int			rc = pgraft_store_run_with(&access->authority, query, request,
											   generation, why);

		if (rc != PGRAFT_STORE_JUDGE)
		{
			/* They are no more, and nobody needs to know what they are now. */
			if (access->authority.current != known.version)
				known.opening = 0;
			return rc;
		}
		require_look();
		if (known.enforced)
			judge(access);
	}
	give_up();
}

/* Whether grants may matter to a query that has run. */
bool
pgraft_access_is_checked(const PgraftAccess *access)
{
	return access != NULL && !access->exempt && access->authority.current > 0;
}

/* Judges what is not a query of the store and not a request with authority. */
void
pgraft_access_check(PgraftAccess *access)
{
	if (access->exempt)
		return;
	require_look();
	if (known.enforced)
		judge(access);
}

/* Whether a request has to say with which authority it comes, and with which. */
static bool
settle(PgraftAccess *access, int64 *authority)
{
	const char *why;

	*authority = PGRAFT_AUTHORITY_EXEMPT;
	if (access->exempt)
	{
		/* Once, so that the first request need not be refused. */
		if (!say_exempt && known.opening == 0 && look(&why))
			say_exempt = known.version > 0;
		return say_exempt;
	}

	/* Without the store nothing is known; where it is applied, it is. */
	if (!look(&why))
		return false;
	if (known.enforced)
		judge(access);

	/* A cluster that never had grants may have members that know none. */
	*authority = known.version;
	return known.version > 0;
}

/* pgraft_call_raw() of a request that needs authority. */
PgraftResponse
pgraft_access_call_raw(PgraftAccess *access, StringInfo request, int flags)
{
	for (int i = 0; i < TRIES_MAX; i++)
	{
		StringInfoData authorized;
		PgraftResponse response;
		int64		authority;

		if (settle(access, &authority))
		{
			pgraft_wire_authorize(&authorized, request, authority);
			response = pgraft_call_raw(&authorized, flags);
			pfree(authorized.data);
		}
		else
			response = pgraft_call_raw(request, flags);
		if (!pgraft_wire_failed(&response, PGRAFT_ERRCODE_GRANTS))
			return response;
		if (access->exempt)
			say_exempt = true;
		else
		{
			/* Whoever cannot read them now would be refused again. */
			(void) pgraft_barrier();
			require_look();
		}
	}
	give_up();
}

/* pgraft_call() of a request that needs authority. */
PgraftResponse
pgraft_access_call(PgraftAccess *access, StringInfo request, int flags)
{
	PgraftResponse response = pgraft_access_call_raw(access, request, flags);

	pgraft_wire_open(&response);
	return response;
}
