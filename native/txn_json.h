/*
 * txn_json.h
 *	  Transactions of the store as jsonb.
 *
 * Threads: a backend's only thread.  Locks: none.
 */
#ifndef PGRAFT_TXN_JSON_H
#define PGRAFT_TXN_JSON_H

#include "utils/jsonb.h"

#include "wire.h"

/* Operations as SQL names them; more than the wire form has. */
typedef enum PgraftJsonOp
{
	PGRAFT_JSON_PUT,
	PGRAFT_JSON_GET,
	PGRAFT_JSON_GET_PREFIX,
	PGRAFT_JSON_DELETE,
	PGRAFT_JSON_DELETE_PREFIX
} PgraftJsonOp;

/* The operations of one branch, in the order of the request. */
typedef struct PgraftTxnBranch
{
	int			count;
	PgraftJsonOp ops[PGRAFT_TXN_OPS_MAX];
} PgraftTxnBranch;

typedef struct PgraftTxnShape
{
	PgraftTxnBranch success;
	PgraftTxnBranch failure;
	bool		reads;			/* some operation returns keys */
} PgraftTxnShape;

extern Jsonb *pgraft_txn_decode(PgraftResponse *response,
								const PgraftTxnShape *shape);

#endif							/* PGRAFT_TXN_JSON_H */
