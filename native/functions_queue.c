/*
 * functions_queue.c
 *	  pgraft_get_queue_status(): the requests of this node's sessions.
 *
 * It looks at slots that belong to others.  The contents of a slot are copied and
 * the copy is used only if the slot's word did not change meanwhile; and what a
 * session wrote is there to be read until the worker takes it, after that only
 * the numbers beside it are, because the response takes its place.
 *
 * Threads: a backend's only thread.  Locks: none.
 */
#include "prelude.h"

#include "funcapi.h"

#include "rows.h"
#include "shared.h"
#include "status.h"
#include "text.h"
#include "wire.h"

PG_FUNCTION_INFO_V1(pgraft_get_queue_status);

/* The first bytes of a request: enough for a key or an address. */
#define HEAD_BYTES	1024

/* What is copied of a slot. */
typedef struct SlotCopy
{
	PgraftSlotState state;
	int32		opcode;
	char		head[HEAD_BYTES];
	int			head_len;		/* 0: the request is not there to be read */
} SlotCopy;

/* False: the slot is free, or changed while it was copied. */
static bool
copy_slot(PgraftSlot *slot, SlotCopy *copy)
{
	uint64		word = pg_atomic_read_u64(&slot->word);

	copy->state = PGRAFT_SLOT_STATE(word);
	copy->head_len = 0;
	if (copy->state != PGRAFT_SLOT_READY && copy->state != PGRAFT_SLOT_TAKEN)
		return false;
	pg_read_barrier();
	copy->opcode = slot->opcode;
	if (copy->state == PGRAFT_SLOT_READY &&
		(slot->in_large & PGRAFT_LARGE_REQUEST) == 0)
	{
		/* Read once: its owner may change it between two looks. */
		int32		len = *(volatile int32 *) &slot->request_len;

		copy->head_len = Max(0, Min(len, HEAD_BYTES));
		memcpy(copy->head, slot->data, copy->head_len);
		if (copy->head_len > PGRAFT_AUTHORITY_SIZE &&
			copy->head[1] == PGRAFT_OP_AUTHORIZED)
		{
			copy->head_len -= PGRAFT_AUTHORITY_SIZE;
			memmove(copy->head, copy->head + PGRAFT_AUTHORITY_SIZE,
					copy->head_len);
		}
	}
	pg_read_barrier();
	return pg_atomic_read_u64(&slot->word) == word;
}

static uint32
head_u32(const SlotCopy *copy, int at)
{
	uint32		value = 0;

	if (at + (int) sizeof(value) <= copy->head_len)
		memcpy(&value, copy->head + at, sizeof(value));
	return pg_ntoh32(value);
}

/* The bytes at a position of the request; false: not within the copy. */
static bool
head_bytes(const SlotCopy *copy, int at, PgraftBytes *bytes)
{
	uint32		len = head_u32(copy, at);

	if (copy->head_len == 0 || at + 4 > copy->head_len ||
		len > (uint32) (copy->head_len - at - 4))
		return false;
	bytes->data = copy->head + at + 4;
	bytes->len = len;
	return true;
}

/* Adds node_id, address and port of a request that has them. */
static void
add_node(PgraftRow *row, const SlotCopy *copy)
{
	/* where the id of a newcomer is; that of the member it replaces comes before it */
	int			at = copy->opcode == PGRAFT_OP_REPLACE_NODE ? 6 : 2;
	bool		has_node = copy->head_len >= at + 4 &&
		(copy->opcode == PGRAFT_OP_ADD_NODE ||
		 copy->opcode == PGRAFT_OP_REPLACE_NODE ||
		 copy->opcode == PGRAFT_OP_REMOVE_NODE ||
		 copy->opcode == PGRAFT_OP_TRANSFER);
	PgraftBytes address;
	bool		has_address = (copy->opcode == PGRAFT_OP_ADD_NODE ||
							   copy->opcode == PGRAFT_OP_REPLACE_NODE) &&
		head_bytes(copy, at + 4, &address);

	pgraft_row_add_int(row, (int32) head_u32(copy, at), has_node);
	if (has_address)
	{
		pgraft_row_add_text(row, pgraft_status_text(address.data, address.len),
							true);
		pgraft_row_add_int(row, (int32) head_u32(copy, at + 8 + address.len), true);
	}
	else
	{
		pgraft_row_add_text(row, NULL, false);
		pgraft_row_add_int(row, 0, false);
	}
}

/* "put, waiting, key k" */
static char *
describe(const SlotCopy *copy)
{
	const char *state = copy->state == PGRAFT_SLOT_READY ? "waiting" :
		"being carried out";
	PgraftBytes key;

	if ((copy->opcode == PGRAFT_OP_PUT || copy->opcode == PGRAFT_OP_DELETE ||
		 copy->opcode == PGRAFT_OP_RANGE) && head_bytes(copy, 2, &key))
		return psprintf("%s, %s, key %s", pgraft_op_name(copy->opcode), state,
						pgraft_is_text(key) ?
						pgraft_status_text(key.data, key.len) : "in binary");
	return psprintf("%s, %s", pgraft_op_name(copy->opcode), state);
}

Datum
pgraft_get_queue_status(PG_FUNCTION_ARGS)
{
	PgraftRow	row = {.columns = 0};
	SlotCopy   *copy = palloc(sizeof(*copy));

	InitMaterializedSRF(fcinfo, 0);
	pgraft_require_preload();
	for (uint32 number = 0; number < pgraft_shared->nslots; number++)
	{
		if (!copy_slot(pgraft_slot(number), copy))
			continue;
		pgraft_row_add_int(&row, (int32) number, true);
		pgraft_row_add_int(&row, copy->opcode, true);
		add_node(&row, copy);
		pgraft_row_add_text(&row, describe(copy), true);
		pgraft_row_emit(fcinfo, &row);
	}
	return (Datum) 0;
}
