/*
 * txn_json.c
 *	  pgraft_kv_txn(): a transaction of the store, given as jsonb.
 *
 * The form is documented in docs/sql-reference.md.  It is checked strictly,
 * because a field that is misspelt and therefore ignored would change what a
 * transaction does.
 *
 * Threads: a backend's only thread.  Locks: none.
 */
#include "prelude.h"

#include "libpq/pqformat.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#include "access.h"
#include "slot_client.h"
#include "text.h"
#include "txn_json.h"

PG_FUNCTION_INFO_V1(pgraft_kv_txn);

/* An element of one of the three lists, for messages. */
typedef struct Element
{
	const char *list;
	int			index;
	JsonbContainer *object;
} Element;

static const PgraftBytes no_bytes = {"", 0};
static const PgraftBytes every_key = {"\0", 1};

PGRAFT_NORETURN static void
invalid(const Element *element, const char *problem, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid transaction: %s", problem),
			 errdetail("This is about %s[%d].", element->list, element->index),
			 errhint("%s", hint)));
}

/* The elements of a list; each must be an object. */
static int
element_count(Jsonb *list, const char *name, int limit)
{
	int			length;

	if (!JB_ROOT_IS_ARRAY(list) || JB_ROOT_IS_SCALAR(list))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid transaction: %s must be a JSON array", name),
				 errhint("An empty list is [].")));
	length = JB_ROOT_COUNT(list);
	if (length > limit)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("invalid transaction: %s has too many elements", name),
				 errdetail("It has %d; a transaction takes %d.", length, limit)));
	return length;
}

static Element
element_at(Jsonb *list, const char *name, int index)
{
	Element		element = {name, index, NULL};
	JsonbValue *value = getIthJsonbValueFromContainer(&list->root, index);

	if (value == NULL || value->type != jbvBinary ||
		!JsonContainerIsObject(value->val.binary.data))
		invalid(&element, "an element is not a JSON object",
				"Every comparison and every operation is an object.");
	element.object = value->val.binary.data;
	return element;
}

/* Refuses fields that the element does not have; "known" ends with NULL. */
static void
check_fields(const Element *element, const char *const *known)
{
	JsonbIterator *iterator = JsonbIteratorInit(element->object);
	JsonbIteratorToken token;
	JsonbValue	field;

	(void) JsonbIteratorNext(&iterator, &field, true);
	while ((token = JsonbIteratorNext(&iterator, &field, true)) != WJB_DONE)
	{
		const char *const *name = known;

		if (token != WJB_KEY)
			continue;
		while (*name != NULL &&
			   (strlen(*name) != (size_t) field.val.string.len ||
				memcmp(*name, field.val.string.val, field.val.string.len) != 0))
			name++;
		if (*name == NULL)
			invalid(element,
					psprintf("unknown field \"%s\"",
							 pnstrdup(field.val.string.val, field.val.string.len)),
					"Remove the field, or correct its name.");
	}
}

static JsonbValue *
field_of(const Element *element, const char *name)
{
	return getKeyJsonValueFromContainer(element->object, name, strlen(name),
										NULL);
}

static PgraftBytes
string_field(const Element *element, const char *name)
{
	JsonbValue *value = field_of(element, name);

	if (value == NULL || value->type != jbvString)
		invalid(element,
				psprintf("field \"%s\" %s", name,
						 value == NULL ? "is missing" : "is not a string"),
				psprintf("Give \"%s\" as a JSON string.", name));
	return pgraft_utf8(value->val.string.val, value->val.string.len, name);
}

static int64
number_field(const Element *element, const char *name)
{
	JsonbValue *value = field_of(element, name);
	char	   *text;
	char	   *end;
	int64		number;

	if (value == NULL || value->type != jbvNumeric)
		invalid(element,
				psprintf("field \"%s\" %s", name,
						 value == NULL ? "is missing" : "is not a number"),
				psprintf("Give \"%s\" as a JSON number.", name));
	text = DatumGetCString(DirectFunctionCall1(numeric_out,
											   NumericGetDatum(value->val.numeric)));
	errno = 0;
	number = strtoll(text, &end, 10);
	if (*end != '\0' || errno != 0 || number < 0)
		invalid(element,
				psprintf("field \"%s\" is out of range", name),
				psprintf("Give \"%s\" as a whole number from 0 to %lld.", name,
						 (long long) PG_INT64_MAX));
	return number;
}

/* The position of a string field's value in "words", which ends with NULL. */
static int
word_field(const Element *element, const char *name, const char *const *words,
		   const char *hint)
{
	PgraftBytes value = string_field(element, name);

	for (int i = 0; words[i] != NULL; i++)
	{
		if (strlen(words[i]) == (size_t) value.len &&
			memcmp(words[i], value.data, value.len) == 0)
			return i;
	}
	invalid(element, psprintf("field \"%s\" has an unknown value", name), hint);
}

static PgraftBytes
key_field(const Element *element)
{
	PgraftBytes key = string_field(element, "key");

	if (key.len == 0 || key.len > PGRAFT_KEY_MAX)
		invalid(element, "a key has a wrong length",
				psprintf("A key has 1 to %d bytes in UTF-8.", PGRAFT_KEY_MAX));
	return key;
}

static PgraftBytes
prefix_field(const Element *element)
{
	PgraftBytes prefix = string_field(element, "prefix");

	if (prefix.len > PGRAFT_KEY_MAX)
		invalid(element, "a prefix is too long",
				psprintf("A prefix has at most %d bytes in UTF-8.",
						 PGRAFT_KEY_MAX));
	return prefix;
}

static PgraftBytes
value_field(const Element *element)
{
	PgraftBytes value = string_field(element, "value");

	if (value.len > PGRAFT_VALUE_MAX)
		invalid(element, "a value is too long",
				psprintf("A value has at most %d bytes in UTF-8.",
						 PGRAFT_VALUE_MAX));
	return value;
}

static void
encode_compare(StringInfo request, PgraftAccess *access,
			   const Element *element)
{
	/* In the order of PgraftCompareTarget and PgraftCompareOp. */
	static const char *const targets[] = {"version", "create", "mod", "value",
	"lease", NULL};
	static const char *const ops[] = {"=", ">", "<", "!=", NULL};
	static const char *const fields[] = {"key", "target", "op", "value", NULL};
	PgraftCompareTarget target;
	PgraftCompareOp op;
	PgraftBytes key;

	check_fields(element, fields);
	key = key_field(element);
	pgraft_access_need(access, PGRAFT_RIGHT_READ, key, false);
	target = word_field(element, "target", targets,
						"Targets are version, create, mod, value and lease.");
	op = word_field(element, "op", ops, "Comparisons are =, >, < and !=.");
	if (target == PGRAFT_TARGET_VALUE)
		pgraft_wire_put_compare(request, target, op, key, 0,
								value_field(element));
	else
		pgraft_wire_put_compare(request, target, op, key,
								number_field(element, "value"), no_bytes);
}

static PgraftJsonOp
encode_op(StringInfo request, PgraftAccess *access, const Element *element)
{
	/* In the order of PgraftJsonOp. */
	static const char *const ops[] = {"put", "get", "get_prefix", "delete",
	"delete_prefix", NULL};
	static const char *const fields[][5] = {
		{"op", "key", "value", "lease", NULL},
		{"op", "key", NULL},
		{"op", "prefix", "limit", NULL},
		{"op", "key", NULL},
		{"op", "prefix", NULL},
	};
	PgraftJsonOp op;
	PgraftBytes key;
	PgraftBytes prefix;
	int64		limit = 0;
	int64		lease = PGRAFT_NO_LEASE;

	op = word_field(element, "op", ops,
					"Operations are put, get, get_prefix, delete and delete_prefix.");
	check_fields(element, fields[op]);
	switch (op)
	{
		case PGRAFT_JSON_PUT:
			pq_sendbyte(request, PGRAFT_TXN_PUT);
			if (field_of(element, "lease") != NULL)
				lease = number_field(element, "lease");
			key = key_field(element);
			pgraft_access_need(access, PGRAFT_RIGHT_WRITE, key, false);
			pgraft_wire_put_put(request, key, value_field(element), lease);
			break;
		case PGRAFT_JSON_GET:
			pq_sendbyte(request, PGRAFT_TXN_RANGE);
			key = key_field(element);
			pgraft_access_need(access, PGRAFT_RIGHT_READ, key, false);
			pgraft_wire_put_range(request, key, no_bytes, 0, 0, 0);
			break;
		case PGRAFT_JSON_GET_PREFIX:
			prefix = prefix_field(element);
			if (field_of(element, "limit") != NULL)
				limit = number_field(element, "limit");
			pgraft_access_need(access, PGRAFT_RIGHT_READ, prefix, true);
			pq_sendbyte(request, PGRAFT_TXN_RANGE);
			pgraft_wire_put_range(request, prefix.len > 0 ? prefix : every_key,
								  pgraft_prefix_end(prefix), limit, 0, 0);
			break;
		case PGRAFT_JSON_DELETE:
			pq_sendbyte(request, PGRAFT_TXN_DELETE);
			key = key_field(element);
			pgraft_access_need(access, PGRAFT_RIGHT_WRITE, key, false);
			pgraft_wire_put_delete(request, key, no_bytes);
			break;
		case PGRAFT_JSON_DELETE_PREFIX:
			prefix = prefix_field(element);
			if (prefix.len == 0)
				invalid(element, "the prefix of a deletion is empty",
						"To delete every key, use pgraft_kv_reset().");
			pgraft_access_need(access, PGRAFT_RIGHT_WRITE, prefix, true);
			pq_sendbyte(request, PGRAFT_TXN_DELETE);
			pgraft_wire_put_delete(request, prefix, pgraft_prefix_end(prefix));
			break;
	}
	if (request->len > PGRAFT_REQUEST_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the transaction is too large"),
				 errdetail("Up to %s[%d] it needs %d bytes; one transaction takes %d.",
						   element->list, element->index, request->len,
						   PGRAFT_REQUEST_MAX)));
	return op;
}

static void
encode_branch(StringInfo request, PgraftAccess *access, Jsonb *list,
			  const char *name, PgraftTxnBranch *branch, bool *reads)
{
	branch->count = element_count(list, name, PGRAFT_TXN_OPS_MAX);
	pq_sendint16(request, (uint16) branch->count);
	for (int i = 0; i < branch->count; i++)
	{
		Element		element = element_at(list, name, i);

		branch->ops[i] = encode_op(request, access, &element);
		if (branch->ops[i] == PGRAFT_JSON_GET ||
			branch->ops[i] == PGRAFT_JSON_GET_PREFIX)
			*reads = true;
	}
}

/* Turns the three lists into a TXN request, and adds what it needs. */
static void
encode(StringInfo request, PgraftAccess *access, Jsonb *compares,
	   Jsonb *success, Jsonb *failure, PgraftTxnShape *shape)
{
	int			count = element_count(compares, "compares",
									PGRAFT_TXN_COMPARES_MAX);

	pgraft_wire_begin(request, PGRAFT_OP_TXN);
	pq_sendint16(request, (uint16) count);
	for (int i = 0; i < count; i++)
	{
		Element		element = element_at(compares, "compares", i);

		encode_compare(request, access, &element);
	}
	shape->reads = false;
	encode_branch(request, access, success, "success", &shape->success,
				  &shape->reads);
	encode_branch(request, access, failure, "failure", &shape->failure,
				  &shape->reads);
}

Datum
pgraft_kv_txn(PG_FUNCTION_ARGS)
{
	StringInfoData request;
	PgraftResponse response;
	PgraftAccess access;
	PgraftTxnShape *shape = palloc(sizeof(*shape));

	for (int i = 0; i < 3; i++)
	{
		static const char *const names[] = {"compares", "success", "failure"};

		pgraft_not_null(fcinfo, i, names[i]);
	}
	pgraft_access_begin(&access, false);
	encode(&request, &access, PG_GETARG_JSONB_P(0), PG_GETARG_JSONB_P(1),
		   PG_GETARG_JSONB_P(2), shape);
	pgraft_prevent_write("pgraft_kv_txn()");
	response = pgraft_access_call(&access, &request, PGRAFT_CALL_WRITE |
								  (shape->reads ? PGRAFT_CALL_LARGE : 0));
	PG_RETURN_JSONB_P(pgraft_txn_decode(&response, shape));
}
