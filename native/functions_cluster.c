/*
 * functions_cluster.c
 *	  SQL functions that act on the cluster and on this node's engine.
 *
 * Threads: a backend's only thread.  Locks: none.
 */
#include "prelude.h"

#include "libpq/pqformat.h"
#include "utils/builtins.h"

#include "slot_client.h"
#include "status.h"
#include "text.h"

PG_FUNCTION_INFO_V1(pgraft_init);
PG_FUNCTION_INFO_V1(pgraft_add_node);
PG_FUNCTION_INFO_V1(pgraft_replace_node);
PG_FUNCTION_INFO_V1(pgraft_remove_node);
PG_FUNCTION_INFO_V1(pgraft_transfer_leadership);
PG_FUNCTION_INFO_V1(pgraft_snapshot);
PG_FUNCTION_INFO_V1(pgraft_test);
PG_FUNCTION_INFO_V1(pgraft_set_debug);

/* A host name has at most this many bytes (RFC 1035). */
#define HOST_MAX	255

/* Sends a request whose response is one byte, which is 1 for success. */
static bool
call_for_success(StringInfo request)
{
	PgraftResponse response = pgraft_call(request, PGRAFT_CALL_WRITE);
	bool		success = pgraft_wire_get_u8(&response) != 0;

	pgraft_wire_close(&response);
	return success;
}

static int32
node_argument(FunctionCallInfo fcinfo, int number, const char *name,
			  int32 lowest)
{
	int32		node;

	pgraft_not_null(fcinfo, number, name);
	node = PG_GETARG_INT32(number);
	if (node < lowest)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be at least %d", name, lowest),
				 errdetail("It is %d.", node)));
	return node;
}

Datum
pgraft_init(PG_FUNCTION_ARGS)
{
	StringInfoData request;

	pgraft_prevent_write("pgraft_init()");
	pgraft_wire_begin(&request, PGRAFT_OP_INIT);
	PG_RETURN_BOOL(call_for_success(&request));
}

/* Where a node listens, from two arguments: its address and, after it, its port. */
static PgraftBytes
address_argument(FunctionCallInfo fcinfo, int number, int32 *port)
{
	PgraftBytes address = pgraft_value_argument(fcinfo, number, PGRAFT_TEXT,
												"address");

	if (address.len == 0 || address.len > HOST_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("address must have 1 to %d bytes", HOST_MAX),
				 errhint("Give the host name or IP address at which the other members reach the node.")));
	pgraft_not_null(fcinfo, number + 1, "port");
	*port = PG_GETARG_INT32(number + 1);
	if (*port < 1 || *port > 65535)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("port must be between 1 and 65535"),
				 errdetail("It is %d.", *port),
				 errhint("Give the node's \"pgraft.port\", not the port of its PostgreSQL.")));
	return address;
}

Datum
pgraft_add_node(PG_FUNCTION_ARGS)
{
	StringInfoData request;
	int32		node = node_argument(fcinfo, 0, "node_id", 1);
	int32		port;
	PgraftBytes address = address_argument(fcinfo, 1, &port);

	pgraft_prevent_write("pgraft_add_node()");
	pgraft_wire_begin(&request, PGRAFT_OP_ADD_NODE);
	pq_sendint32(&request, (uint32) node);
	pgraft_wire_put_bytes(&request, address);
	pq_sendint32(&request, (uint32) port);
	PG_RETURN_BOOL(call_for_success(&request));
}

Datum
pgraft_replace_node(PG_FUNCTION_ARGS)
{
	StringInfoData request;
	int32		old_node = node_argument(fcinfo, 0, "old_id", 1);
	int32		new_node = node_argument(fcinfo, 1, "new_id", 1);
	int32		port;
	PgraftBytes address = address_argument(fcinfo, 2, &port);

	if (old_node == new_node)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("old_id and new_id are the same"),
				 errdetail("Both are %d.", old_node),
				 errhint("Give the new node an id of its own.")));
	pgraft_prevent_write("pgraft_replace_node()");
	pgraft_wire_begin(&request, PGRAFT_OP_REPLACE_NODE);
	pq_sendint32(&request, (uint32) old_node);
	pq_sendint32(&request, (uint32) new_node);
	pgraft_wire_put_bytes(&request, address);
	pq_sendint32(&request, (uint32) port);
	PG_RETURN_BOOL(call_for_success(&request));
}

Datum
pgraft_remove_node(PG_FUNCTION_ARGS)
{
	StringInfoData request;
	int32		node = node_argument(fcinfo, 0, "node_id", 1);

	pgraft_prevent_write("pgraft_remove_node()");
	pgraft_wire_begin(&request, PGRAFT_OP_REMOVE_NODE);
	pq_sendint32(&request, (uint32) node);
	PG_RETURN_BOOL(call_for_success(&request));
}

Datum
pgraft_transfer_leadership(PG_FUNCTION_ARGS)
{
	StringInfoData request;
	int32		node = node_argument(fcinfo, 0, "node_id", 0);

	pgraft_prevent_write("pgraft_transfer_leadership()");
	pgraft_wire_begin(&request, PGRAFT_OP_TRANSFER);
	pq_sendint32(&request, (uint32) node);
	PG_RETURN_BOOL(call_for_success(&request));
}

Datum
pgraft_snapshot(PG_FUNCTION_ARGS)
{
	StringInfoData request;
	PgraftResponse response;
	int64		index;

	pgraft_wire_begin(&request, PGRAFT_OP_SNAPSHOT);
	response = pgraft_call(&request, 0);
	index = pgraft_wire_get_i64(&response);
	pgraft_wire_close(&response);
	PG_RETURN_INT64(index);
}

/* What the self-test found comes line by line, warnings only when it failed. */
Datum
pgraft_test(PG_FUNCTION_ARGS)
{
	StringInfoData request;
	PgraftResponse response;
	PgraftBytes report;
	bool		passed;
	char	   *lines;
	char	   *line;

	pgraft_wire_begin(&request, PGRAFT_OP_TEST);
	response = pgraft_call(&request, PGRAFT_CALL_LARGE);
	passed = pgraft_wire_get_u8(&response) != 0;
	report = pgraft_wire_get_bytes(&response);
	pgraft_wire_close(&response);

	lines = pgraft_status_text(report.data, report.len);
	for (line = strtok(lines, "\n"); line != NULL; line = strtok(NULL, "\n"))
		ereport(passed ? NOTICE : WARNING,
				(errmsg_internal("%s", line)));
	PG_RETURN_BOOL(passed);
}

Datum
pgraft_set_debug(PG_FUNCTION_ARGS)
{
	StringInfoData request;
	PgraftResponse response;

	pgraft_not_null(fcinfo, 0, "enabled");
	pgraft_wire_begin(&request, PGRAFT_OP_SET_DEBUG);
	pgraft_wire_put_bool(&request, PG_GETARG_BOOL(0));
	response = pgraft_call(&request, 0);
	(void) pgraft_wire_get_u8(&response);
	pgraft_wire_close(&response);
	PG_RETURN_BOOL(true);
}
