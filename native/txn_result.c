/*
 * txn_result.c
 *	  The result of a transaction of the store as jsonb.
 *
 * The result is built after the transaction was carried out, so nothing in a
 * stored value may make it fail: what is not text in the database's encoding
 * comes as base64.
 *
 * Threads: a backend's only thread.  Locks: none.
 */
#include "prelude.h"

#include "common/base64.h"
#include "utils/numeric.h"

#include "text.h"
#include "txn_json.h"

static void
add_key(JsonbParseState **state, const char *name)
{
	JsonbValue	value;

	value.type = jbvString;
	value.val.string.val = unconstify(char *, name);
	value.val.string.len = strlen(name);
	pushJsonbValue(state, WJB_KEY, &value);
}

static void
add_string(JsonbParseState **state, const char *name, const char *text)
{
	JsonbValue	value;

	add_key(state, name);
	value.type = jbvString;
	value.val.string.val = unconstify(char *, text);
	value.val.string.len = strlen(text);
	pushJsonbValue(state, WJB_VALUE, &value);
}

static void
add_bool(JsonbParseState **state, const char *name, bool flag)
{
	JsonbValue	value;

	add_key(state, name);
	value.type = jbvBool;
	value.val.boolean = flag;
	pushJsonbValue(state, WJB_VALUE, &value);
}

static void
add_null(JsonbParseState **state, const char *name)
{
	JsonbValue	value;

	add_key(state, name);
	value.type = jbvNull;
	pushJsonbValue(state, WJB_VALUE, &value);
}

static void
add_number(JsonbParseState **state, const char *name, int64 number)
{
	JsonbValue	value;

	add_key(state, name);
	value.type = jbvNumeric;
	value.val.numeric = int64_to_numeric(number);
	pushJsonbValue(state, WJB_VALUE, &value);
}

/* Adds octets as text under "name", or as base64 under "name_base64". */
static void
add_bytes(JsonbParseState **state, const char *name, PgraftBytes bytes)
{
	char	   *text = pgraft_text_or_null(bytes);
	const void *octets = bytes.data;
	int			size;
	int			len;

	if (text != NULL)
	{
		add_string(state, name, text);
		return;
	}
	size = pg_b64_enc_len(bytes.len) + 1;
	text = palloc(size);
	len = pg_b64_encode(octets, bytes.len, text, size - 1);
	text[Max(len, 0)] = '\0';
	add_string(state, psprintf("%s_base64", name), text);
}

static void
add_entry_fields(JsonbParseState **state, const PgraftWireEntry *entry)
{
	add_bytes(state, "key", entry->key);
	add_bytes(state, "value", entry->value);
	add_number(state, "version", entry->version);
	add_number(state, "create_revision", entry->create_revision);
	add_number(state, "mod_revision", entry->mod_revision);
}

/* The result of one "range" of the wire form. */
static void
decode_range(JsonbParseState **state, PgraftResponse *response,
			 PgraftJsonOp op)
{
	int64		count = pgraft_wire_get_i64(response);
	bool		more = pgraft_wire_get_u8(response) != 0;
	int32		rows = pgraft_wire_get_i32(response);
	PgraftWireEntry entry;

	if (op == PGRAFT_JSON_GET && rows == 0)
	{
		add_null(state, "entry");
		return;
	}
	if (op == PGRAFT_JSON_GET_PREFIX)
	{
		add_number(state, "count", count);
		add_bool(state, "more", more);
		add_key(state, "entries");
		pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
	}
	else
		add_key(state, "entry");
	for (int32 i = 0; i < rows; i++)
	{
		pgraft_wire_get_entry(response, &entry);
		pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
		add_entry_fields(state, &entry);
		pushJsonbValue(state, WJB_END_OBJECT, NULL);
		if (op == PGRAFT_JSON_GET)
			break;
	}
	if (op == PGRAFT_JSON_GET_PREFIX)
		pushJsonbValue(state, WJB_END_ARRAY, NULL);
}

/* Turns the response to a transaction of this shape into jsonb. */
Jsonb *
pgraft_txn_decode(PgraftResponse *response, const PgraftTxnShape *shape)
{
	static const char *const names[] = {"put", "get", "get_prefix", "delete",
	"delete_prefix"};
	JsonbParseState *state = NULL;
	const PgraftTxnBranch *branch;
	bool		succeeded;
	int			count;

	succeeded = pgraft_wire_get_u8(response) != 0;
	branch = succeeded ? &shape->success : &shape->failure;
	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	add_bool(&state, "succeeded", succeeded);
	add_number(&state, "revision", pgraft_wire_get_i64(response));
	add_key(&state, "results");
	pushJsonbValue(&state, WJB_BEGIN_ARRAY, NULL);
	count = pgraft_wire_get_u16(response);
	for (int i = 0; i < count && i < branch->count; i++)
	{
		uint8		kind = pgraft_wire_get_u8(response);

		pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
		add_string(&state, "op", names[branch->ops[i]]);
		if (kind == PGRAFT_TXN_RANGE)
			decode_range(&state, response, branch->ops[i]);
		else if (kind == PGRAFT_TXN_DELETE)
			add_number(&state, "deleted", pgraft_wire_get_i64(response));
		pushJsonbValue(&state, WJB_END_OBJECT, NULL);
	}
	pushJsonbValue(&state, WJB_END_ARRAY, NULL);
	pgraft_wire_close(response);
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}
