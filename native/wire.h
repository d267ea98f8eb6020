/*
 * wire.h
 *	  Requests to the engine and its responses, as bytes.
 *
 * The Java side of the same form is org.pgraft.command.  All integers are
 * big-endian; "bytes" is a 32-bit length followed by that many octets.  Text is
 * UTF-8 on the wire.
 *
 * Threads: a backend's only thread.  Locks: none.
 */
#ifndef PGRAFT_WIRE_H
#define PGRAFT_WIRE_H

#include "lib/stringinfo.h"

#define PGRAFT_WIRE_VERSION			1

/* The lease of a key that has none. */
#define PGRAFT_NO_LEASE				0

/* Limits that both sides enforce; here they give the better message. */
#define PGRAFT_KEY_MAX				480
#define PGRAFT_VALUE_MAX			(1024 * 1024)
#define PGRAFT_REQUEST_MAX			1245184
#define PGRAFT_TXN_COMPARES_MAX		128
#define PGRAFT_TXN_OPS_MAX			128
#define PGRAFT_PUT_MANY_MAX			10000
#define PGRAFT_LEASE_MS_MIN			1000
#define PGRAFT_LEASE_DAYS_MAX		366

/* SQLSTATEs of pgraft's own, beside the standard ones. */
#define PGRAFT_ERRCODE_NOT_ACCEPTED	MAKE_SQLSTATE('P','G','R','0','1')
#define PGRAFT_ERRCODE_REVISION		MAKE_SQLSTATE('P','G','R','0','2')
/* Never shown: the request has to be judged and sent again. */
#define PGRAFT_ERRCODE_GRANTS		MAKE_SQLSTATE('P','G','R','0','3')
#define PGRAFT_ERRCODE_UNKNOWN		ERRCODE_TRANSACTION_RESOLUTION_UNKNOWN

typedef enum PgraftOp
{
	PGRAFT_OP_PUT = 1,
	PGRAFT_OP_DELETE = 2,
	PGRAFT_OP_TXN = 3,
	PGRAFT_OP_RANGE = 4,
	PGRAFT_OP_COMPACT = 5,
	PGRAFT_OP_RESET = 6,
	PGRAFT_OP_LEASE_GRANT = 7,
	PGRAFT_OP_LEASE_REVOKE = 8,
	PGRAFT_OP_LOG_APPEND = 10,
	PGRAFT_OP_AUTHORIZED = 11,
	PGRAFT_OP_KEY_GRANT = 12,
	PGRAFT_OP_KEY_REVOKE = 13,
	PGRAFT_OP_KEY_ENFORCE = 14,
	PGRAFT_OP_LEASE_KEEP_ALIVE = 30,
	PGRAFT_OP_LEASE_LIST = 31,
	PGRAFT_OP_LEASE_KEYS = 32,
	PGRAFT_OP_BARRIER = 40,
	PGRAFT_OP_INIT = 41,
	PGRAFT_OP_ADD_NODE = 42,
	PGRAFT_OP_REMOVE_NODE = 43,
	PGRAFT_OP_LOG_WAIT = 44,
	PGRAFT_OP_LOG_GET = 45,
	PGRAFT_OP_LOG_LIST = 46,
	PGRAFT_OP_TEST = 47,
	PGRAFT_OP_SET_DEBUG = 48,
	PGRAFT_OP_TRANSFER = 49,
	PGRAFT_OP_SNAPSHOT = 50,
	PGRAFT_OP_HASH = 51,
	PGRAFT_OP_BACKUP = 52,
	PGRAFT_OP_BACKUP_VERIFY = 53,
	PGRAFT_OP_RESTORE = 54,
	PGRAFT_OP_REPLACE_NODE = 55
} PgraftOp;

/* What AUTHORIZED puts before a request, and what it says of a superuser's. */
#define PGRAFT_AUTHORITY_SIZE		(1 + 1 + 8)
#define PGRAFT_AUTHORITY_EXEMPT		INT64CONST(-1)

/* BACKUP */
typedef enum PgraftBackupSource
{
	PGRAFT_BACKUP_LINEARIZABLE = 0,
	PGRAFT_BACKUP_LOCAL = 1,
	PGRAFT_BACKUP_LOG_TAIL = 2
} PgraftBackupSource;

/* Parts of a TXN request. */
typedef enum PgraftCompareTarget
{
	PGRAFT_TARGET_VERSION = 0,
	PGRAFT_TARGET_CREATE = 1,
	PGRAFT_TARGET_MOD = 2,
	PGRAFT_TARGET_VALUE = 3,
	PGRAFT_TARGET_LEASE = 4
} PgraftCompareTarget;

typedef enum PgraftCompareOp
{
	PGRAFT_COMPARE_EQUAL = 0,
	PGRAFT_COMPARE_GREATER = 1,
	PGRAFT_COMPARE_LESS = 2,
	PGRAFT_COMPARE_NOT_EQUAL = 3
} PgraftCompareOp;

typedef enum PgraftTxnOp
{
	PGRAFT_TXN_PUT = 1,
	PGRAFT_TXN_RANGE = 2,
	PGRAFT_TXN_DELETE = 3
} PgraftTxnOp;

#define PGRAFT_RANGE_KEYS_ONLY		0x01
#define PGRAFT_RANGE_COUNT_ONLY		0x02

/* LOG_WAIT */
#define PGRAFT_WAIT_COMMITTED		0
#define PGRAFT_WAIT_APPLIED			1

/* Octets that belong to somebody else. */
typedef struct PgraftBytes
{
	const char *data;
	int			len;
} PgraftBytes;

/* A response, and how far it was read. */
typedef struct PgraftResponse
{
	const char *data;
	int			len;
	int			pos;
} PgraftResponse;

/* One key of a range result; key and value point into the response. */
typedef struct PgraftWireEntry
{
	PgraftBytes key;
	PgraftBytes value;
	int64		create_revision;
	int64		mod_revision;
	int64		version;
	int64		lease;
} PgraftWireEntry;

/* One entry of the Raft log; type and data point into the response. */
typedef struct PgraftWireLogEntry
{
	int64		index;
	int64		term;
	int			kind;
	int64		time_ms;
	PgraftBytes type;
	PgraftBytes data;
	bool		committed;
	bool		applied;
} PgraftWireLogEntry;

extern void pgraft_wire_begin(StringInfo request, PgraftOp op);
extern void pgraft_wire_put_bytes(StringInfo request, PgraftBytes bytes);
extern void pgraft_wire_put_bool(StringInfo request, bool value);
extern void pgraft_wire_put_put(StringInfo request, PgraftBytes key,
								PgraftBytes value, int64 lease);
extern void pgraft_wire_put_range(StringInfo request, PgraftBytes key,
								  PgraftBytes range_end, int64 limit,
								  int64 revision, uint8 flags);
extern void pgraft_wire_put_delete(StringInfo request, PgraftBytes key,
								   PgraftBytes range_end);
extern void pgraft_wire_put_compare(StringInfo request,
									PgraftCompareTarget target,
									PgraftCompareOp op, PgraftBytes key,
									int64 number, PgraftBytes value);

extern void pgraft_wire_authorize(StringInfo authorized, StringInfo request,
								  int64 authority);
extern PgraftOp pgraft_wire_op(const char *request, int len);

extern const char *pgraft_op_name(int op);

extern void pgraft_wire_open(PgraftResponse *response);
extern bool pgraft_wire_is_error(const char *data, int len);
extern bool pgraft_wire_failed(const PgraftResponse *response, int sqlstate);
extern uint8 pgraft_wire_get_u8(PgraftResponse *response);
extern uint16 pgraft_wire_get_u16(PgraftResponse *response);
extern int32 pgraft_wire_get_i32(PgraftResponse *response);
extern int64 pgraft_wire_get_i64(PgraftResponse *response);
extern PgraftBytes pgraft_wire_get_bytes(PgraftResponse *response);
extern void pgraft_wire_get_entry(PgraftResponse *response,
								  PgraftWireEntry *entry);
extern void pgraft_wire_get_log_entry(PgraftResponse *response,
									  PgraftWireLogEntry *entry);
extern void pgraft_wire_close(PgraftResponse *response);

#endif							/* PGRAFT_WIRE_H */
