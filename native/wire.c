/*
 * wire.c
 *	  Requests to the engine and its responses, as bytes.
 *
 * A request is built in a StringInfo of the caller's memory context.  A response
 * has been copied out of shared memory before it comes here, so that it cannot
 * change while it is read; every read is checked against its end all the same,
 * because the other side is another program.
 *
 * Threads: a backend's only thread.  Locks: none.
 */
#include "prelude.h"

#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"

#include "wire.h"

/* Status byte of a response. */
#define RESPONSE_OK			0
#define RESPONSE_ERROR		1

/* ---------- requests ---------- */

/* Starts a request in a fresh buffer of the current memory context. */
void
pgraft_wire_begin(StringInfo request, PgraftOp op)
{
	initStringInfo(request);
	pq_sendbyte(request, PGRAFT_WIRE_VERSION);
	pq_sendbyte(request, (uint8) op);
}

void
pgraft_wire_put_bytes(StringInfo request, PgraftBytes bytes)
{
	pq_sendint32(request, (uint32) bytes.len);
	appendBinaryStringInfo(request, bytes.data, bytes.len);
}

void
pgraft_wire_put_bool(StringInfo request, bool value)
{
	pq_sendbyte(request, value ? 1 : 0);
}

/* The body of a put: also that of a put inside a transaction. */
void
pgraft_wire_put_put(StringInfo request, PgraftBytes key, PgraftBytes value,
					int64 lease)
{
	pgraft_wire_put_bytes(request, key);
	pgraft_wire_put_bytes(request, value);
	pq_sendint64(request, (uint64) lease);
	pq_sendbyte(request, 0);	/* flags */
}

void
pgraft_wire_put_range(StringInfo request, PgraftBytes key,
					  PgraftBytes range_end, int64 limit, int64 revision,
					  uint8 flags)
{
	pgraft_wire_put_bytes(request, key);
	pgraft_wire_put_bytes(request, range_end);
	pq_sendint64(request, (uint64) limit);
	pq_sendint64(request, (uint64) revision);
	pq_sendbyte(request, flags);
}

void
pgraft_wire_put_delete(StringInfo request, PgraftBytes key,
					   PgraftBytes range_end)
{
	pgraft_wire_put_bytes(request, key);
	pgraft_wire_put_bytes(request, range_end);
	pq_sendbyte(request, 0);	/* flags */
}

/* Only "value" of a value comparison and "number" of any other is used. */
void
pgraft_wire_put_compare(StringInfo request, PgraftCompareTarget target,
						PgraftCompareOp op, PgraftBytes key, int64 number,
						PgraftBytes value)
{
	static const PgraftBytes no_range_end = {"", 0};

	pq_sendbyte(request, (uint8) target);
	pq_sendbyte(request, (uint8) op);
	pgraft_wire_put_bytes(request, key);
	pgraft_wire_put_bytes(request, no_range_end);
	if (target == PGRAFT_TARGET_VALUE)
		pgraft_wire_put_bytes(request, value);
	else
		pq_sendint64(request, (uint64) number);
}

/* Makes a request that says with which authority another one comes. */
void
pgraft_wire_authorize(StringInfo authorized, StringInfo request,
					  int64 authority)
{
	pgraft_wire_begin(authorized, PGRAFT_OP_AUTHORIZED);
	pq_sendint64(authorized, (uint64) authority);
	appendBinaryStringInfo(authorized, request->data, request->len);
}

/* What a request does, whether it comes with authority or without. */
PgraftOp
pgraft_wire_op(const char *request, int len)
{
	unsigned char op = request[1];

	if (op == PGRAFT_OP_AUTHORIZED && len > PGRAFT_AUTHORITY_SIZE + 1)
		op = request[PGRAFT_AUTHORITY_SIZE + 1];
	return (PgraftOp) op;
}

/* What a request is called in messages and in pgraft_get_queue_status(). */
const char *
pgraft_op_name(int op)
{
	switch ((PgraftOp) op)
	{
		case PGRAFT_OP_PUT:
			return "put";
		case PGRAFT_OP_DELETE:
			return "delete";
		case PGRAFT_OP_TXN:
			return "txn";
		case PGRAFT_OP_RANGE:
			return "range";
		case PGRAFT_OP_COMPACT:
			return "compact";
		case PGRAFT_OP_RESET:
			return "reset";
		case PGRAFT_OP_LEASE_GRANT:
			return "lease_grant";
		case PGRAFT_OP_LEASE_REVOKE:
			return "lease_revoke";
		case PGRAFT_OP_LEASE_KEEP_ALIVE:
			return "lease_keep_alive";
		case PGRAFT_OP_LEASE_LIST:
			return "lease_list";
		case PGRAFT_OP_LEASE_KEYS:
			return "lease_keys";
		case PGRAFT_OP_LOG_APPEND:
			return "log_append";
		case PGRAFT_OP_AUTHORIZED:
			return "authorized";
		case PGRAFT_OP_KEY_GRANT:
			return "key_grant";
		case PGRAFT_OP_KEY_REVOKE:
			return "key_revoke";
		case PGRAFT_OP_KEY_ENFORCE:
			return "key_enforce";
		case PGRAFT_OP_BARRIER:
			return "barrier";
		case PGRAFT_OP_INIT:
			return "init";
		case PGRAFT_OP_ADD_NODE:
			return "add_node";
		case PGRAFT_OP_REPLACE_NODE:
			return "replace_node";
		case PGRAFT_OP_REMOVE_NODE:
			return "remove_node";
		case PGRAFT_OP_LOG_WAIT:
			return "log_wait";
		case PGRAFT_OP_LOG_GET:
			return "log_get";
		case PGRAFT_OP_LOG_LIST:
			return "log_list";
		case PGRAFT_OP_TEST:
			return "test";
		case PGRAFT_OP_SET_DEBUG:
			return "set_debug";
		case PGRAFT_OP_TRANSFER:
			return "transfer_leadership";
		case PGRAFT_OP_SNAPSHOT:
			return "snapshot";
		case PGRAFT_OP_HASH:
			return "hash";
		case PGRAFT_OP_BACKUP:
			return "backup";
		case PGRAFT_OP_BACKUP_VERIFY:
			return "backup_verify";
		case PGRAFT_OP_RESTORE:
			return "restore";
	}
	return "unknown";
}

/* ---------- responses ---------- */

PGRAFT_NORETURN static void
malformed(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_PROTOCOL_VIOLATION),
			 errmsg("the pgraft engine sent a response that cannot be read"),
			 errhint("pgraft's library and its jar may be of different versions; reinstall pgraft and restart the server.")));
}

static const unsigned char *
take(PgraftResponse *response, int len)
{
	const unsigned char *here;

	if (len < 0 || len > response->len - response->pos)
		malformed();
	here = (const unsigned char *) response->data + response->pos;
	response->pos += len;
	return here;
}

uint8
pgraft_wire_get_u8(PgraftResponse *response)
{
	return take(response, 1)[0];
}

uint16
pgraft_wire_get_u16(PgraftResponse *response)
{
	uint16		value;

	memcpy(&value, take(response, sizeof(value)), sizeof(value));
	return pg_ntoh16(value);
}

int32
pgraft_wire_get_i32(PgraftResponse *response)
{
	uint32		value;

	memcpy(&value, take(response, sizeof(value)), sizeof(value));
	return (int32) pg_ntoh32(value);
}

int64
pgraft_wire_get_i64(PgraftResponse *response)
{
	uint64		value;

	memcpy(&value, take(response, sizeof(value)), sizeof(value));
	return (int64) pg_ntoh64(value);
}

PgraftBytes
pgraft_wire_get_bytes(PgraftResponse *response)
{
	PgraftBytes bytes;

	bytes.len = pgraft_wire_get_i32(response);
	bytes.data = (const char *) take(response, bytes.len);
	return bytes;
}

void
pgraft_wire_get_entry(PgraftResponse *response, PgraftWireEntry *entry)
{
	entry->key = pgraft_wire_get_bytes(response);
	entry->value = pgraft_wire_get_bytes(response);
	entry->create_revision = pgraft_wire_get_i64(response);
	entry->mod_revision = pgraft_wire_get_i64(response);
	entry->version = pgraft_wire_get_i64(response);
	entry->lease = pgraft_wire_get_i64(response);
}

void
pgraft_wire_get_log_entry(PgraftResponse *response, PgraftWireLogEntry *entry)
{
	entry->index = pgraft_wire_get_i64(response);
	entry->term = pgraft_wire_get_i64(response);
	entry->kind = pgraft_wire_get_u8(response);
	entry->time_ms = pgraft_wire_get_i64(response);
	entry->type = pgraft_wire_get_bytes(response);
	entry->data = pgraft_wire_get_bytes(response);
	entry->committed = pgraft_wire_get_u8(response) != 0;
	entry->applied = pgraft_wire_get_u8(response) != 0;
}

/* Whatever follows the last field read was sent by mistake. */
void
pgraft_wire_close(PgraftResponse *response)
{
	if (response->pos != response->len)
		malformed();
}

/*
 * A message of the engine in the database's encoding.  It must not fail, or the
 * SQLSTATE it comes with would be lost: what the encoding cannot hold becomes a
 * question mark.
 */
static char *
message_text(PgraftBytes bytes)
{
	char	   *text = pnstrdup(bytes.data, bytes.len);

	if (GetDatabaseEncoding() != PG_UTF8 ||
		!pg_verify_mbstr(PG_UTF8, text, strlen(text), true))
	{
		for (char *c = text; *c != '\0'; c++)
		{
			if (IS_HIGHBIT_SET(*c))
				*c = '?';
		}
	}
	return text;
}

static int
message_sqlstate(const unsigned char *state)
{
	for (int i = 0; i < 5; i++)
	{
		if (!(state[i] >= '0' && state[i] <= '9') &&
			!(state[i] >= 'A' && state[i] <= 'Z'))
			return ERRCODE_INTERNAL_ERROR;
	}
	/* Class 00 is success, and no error must ever carry it. */
	if (state[0] == '0' && state[1] == '0')
		return ERRCODE_INTERNAL_ERROR;
	return MAKE_SQLSTATE(state[0], state[1], state[2], state[3], state[4]);
}

/* True when the response is an error; a response too short to tell is one. */
bool
pgraft_wire_is_error(const char *data, int len)
{
	return len < 2 || data[0] != PGRAFT_WIRE_VERSION || data[1] != RESPONSE_OK;
}

/* True when the response is an error with this SQLSTATE. */
bool
pgraft_wire_failed(const PgraftResponse *response, int sqlstate)
{
	return response->len >= 7 && response->data[0] == PGRAFT_WIRE_VERSION &&
		response->data[1] == RESPONSE_ERROR &&
		message_sqlstate((const unsigned char *) response->data + 2) == sqlstate;
}

/* Reads a response's head; an error in it is raised here. */
void
pgraft_wire_open(PgraftResponse *response)
{
	int			sqlstate;
	char	   *message;
	char	   *detail;
	char	   *hint;
	uint8		status;

	response->pos = 0;
	if (pgraft_wire_get_u8(response) != PGRAFT_WIRE_VERSION)
		malformed();
	status = pgraft_wire_get_u8(response);
	if (status == RESPONSE_OK)
		return;
	if (status != RESPONSE_ERROR)
		malformed();

	sqlstate = message_sqlstate(take(response, 5));
	message = message_text(pgraft_wire_get_bytes(response));
	detail = message_text(pgraft_wire_get_bytes(response));
	hint = message_text(pgraft_wire_get_bytes(response));
	pgraft_wire_close(response);
	ereport(ERROR,
			(errcode(sqlstate),
			 errmsg_internal("%s", message),
			 detail[0] != '\0' ? errdetail_internal("%s", detail) : 0,
			 hint[0] != '\0' ? errhint("%s", hint) : 0));
}
