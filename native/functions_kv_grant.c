/*
 * functions_kv_grant.c
 *	  SQL functions about who may read and write which keys.
 *
 * A change of the grants is a write like any other.  What is shown of them is
 * what this node's store has.
 *
 * Threads: a backend's only thread.  Locks: none.
 */
#include "prelude.h"

#include <ctype.h>

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"

#include "access.h"
#include "rows.h"
#include "slot_client.h"
#include "text.h"

PG_FUNCTION_INFO_V1(pgraft_kv_grant);
PG_FUNCTION_INFO_V1(pgraft_kv_revoke);
PG_FUNCTION_INFO_V1(pgraft_kv_enforce_grants);
PG_FUNCTION_INFO_V1(pgraft_kv_grants);
PG_FUNCTION_INFO_V1(pgraft_kv_grants_enforced);
PG_FUNCTION_INFO_V1(pgraft_kv_has_privilege);

/* The rights that a text names: "read", "write", or both with a comma. */
static uint32
rights_argument(FunctionCallInfo fcinfo, int number, const char *name)
{
	char	   *list;
	char	   *word;
	uint32		rights = 0;

	pgraft_not_null(fcinfo, number, name);
	list = text_to_cstring(PG_GETARG_TEXT_PP(number));
	for (char *next = list; next != NULL;)
	{
		char	   *end;

		word = next;
		next = strchr(word, ',');
		if (next != NULL)
			*next++ = '\0';
		while (isspace((unsigned char) *word))
			word++;
		end = word + strlen(word);
		while (end > word && isspace((unsigned char) end[-1]))
			*--end = '\0';
		if (pg_strcasecmp(word, "read") == 0)
			rights |= PGRAFT_RIGHT_READ;
		else if (pg_strcasecmp(word, "write") == 0)
			rights |= PGRAFT_RIGHT_WRITE;
		else
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("there is no right \"%s\" on keys", word),
					 errhint("Say \"read\", \"write\" or \"read, write\".")));
	}
	return rights;
}

static char *
role_argument(FunctionCallInfo fcinfo, int number)
{
	pgraft_not_null(fcinfo, number, "role");
	return NameStr(*PG_GETARG_NAME(number));
}

/* Gives or takes rights; whether that changed anything. */
static bool
change(FunctionCallInfo fcinfo, PgraftOp op, const char *function)
{
	StringInfoData request;
	PgraftResponse response;
	PgraftBytes role;
	PgraftBytes prefix;
	uint32		rights;
	bool		changed;

	role.data = role_argument(fcinfo, 0);
	role.len = (int) strlen(role.data);
	prefix = pgraft_prefix_argument(fcinfo, 1, PGRAFT_TEXT);
	rights = rights_argument(fcinfo, 2, "rights");

	/* What is revoked may be of a role that was dropped since. */
	if (op == PGRAFT_OP_KEY_GRANT && !pgraft_is_public(role.data))
		(void) get_role_oid(role.data, false);
	pgraft_prevent_write(function);

	pgraft_wire_begin(&request, op);
	pgraft_wire_put_bytes(&request, role);
	pgraft_wire_put_bytes(&request, prefix);
	pq_sendbyte(&request, (uint8) rights);
	response = pgraft_call(&request, PGRAFT_CALL_WRITE);
	changed = pgraft_wire_get_u8(&response) != 0;
	pgraft_wire_close(&response);
	return changed;
}

Datum
pgraft_kv_grant(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(change(fcinfo, PGRAFT_OP_KEY_GRANT, "pgraft_kv_grant()"));
}

Datum
pgraft_kv_revoke(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(change(fcinfo, PGRAFT_OP_KEY_REVOKE, "pgraft_kv_revoke()"));
}

Datum
pgraft_kv_enforce_grants(PG_FUNCTION_ARGS)
{
	StringInfoData request;
	PgraftResponse response;
	bool		changed;

	pgraft_not_null(fcinfo, 0, "enforce");
	pgraft_prevent_write("pgraft_kv_enforce_grants()");
	pgraft_wire_begin(&request, PGRAFT_OP_KEY_ENFORCE);
	pgraft_wire_put_bool(&request, PG_GETARG_BOOL(0));
	response = pgraft_call(&request, PGRAFT_CALL_WRITE);
	changed = pgraft_wire_get_u8(&response) != 0;
	pgraft_wire_close(&response);
	PG_RETURN_BOOL(changed);
}

Datum
pgraft_kv_grants(PG_FUNCTION_ARGS)
{
	PgraftRow	row = {.columns = 0};
	const PgraftGrant *grants;
	int			count;
	bool		enforced;

	InitMaterializedSRF(fcinfo, 0);
	grants = pgraft_access_grants(&count, &enforced);
	for (int i = 0; i < count; i++)
	{
		pgraft_row_add(&row, NameGetDatum(&grants[i].role), true);
		pgraft_row_add_text(&row, pgraft_shown(grants[i].prefix), true);
		pgraft_row_add(&row, BoolGetDatum((grants[i].rights & PGRAFT_RIGHT_READ) != 0),
					   true);
		pgraft_row_add(&row, BoolGetDatum((grants[i].rights & PGRAFT_RIGHT_WRITE) != 0),
					   true);
		pgraft_row_emit(fcinfo, &row);
	}
	return (Datum) 0;
}

Datum
pgraft_kv_grants_enforced(PG_FUNCTION_ARGS)
{
	int			count;
	bool		enforced;

	(void) pgraft_access_grants(&count, &enforced);
	PG_RETURN_BOOL(enforced);
}

/* As PostgreSQL's functions of this kind: one of several rights is enough. */
Datum
pgraft_kv_has_privilege(PG_FUNCTION_ARGS)
{
	char	   *role = role_argument(fcinfo, 0);
	PgraftBytes key = pgraft_key_argument(fcinfo, 1, PGRAFT_TEXT);
	uint32		rights = rights_argument(fcinfo, 2, "right");

	for (uint32 right = PGRAFT_RIGHT_READ; right <= PGRAFT_RIGHT_WRITE; right <<= 1)
	{
		PgraftAccess access;

		if ((rights & right) == 0)
			continue;
		pgraft_access_begin(&access, true);
		access.user = pgraft_is_public(role) ? InvalidOid : get_role_oid(role, false);
		access.exempt = OidIsValid(access.user) && superuser_arg(access.user);
		pgraft_access_need(&access, right, key, false);
		if (pgraft_access_covered(&access))
			PG_RETURN_BOOL(true);
	}
	PG_RETURN_BOOL(false);
}
