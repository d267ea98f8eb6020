/*
 * worker_slots.c
 *	  What the worker does with request slots without an engine.
 *
 * A worker that starts finds the requests of the one before it: what was not taken
 * is answered "not accepted", what was taken "outcome unknown", because its engine
 * may have sent it; what nobody waits for becomes free.
 *
 * Threads: the worker's main thread, while no engine runs.  Locks: none; states
 * change by compare-and-swap.
 */
#include "prelude.h"

#include "lib/stringinfo.h"
#include "libpq/pqformat.h"

#include "shared.h"
#include "wire.h"
#include "worker_slots.h"

static bool
move(PgraftSlot *slot, PgraftSlotState from, PgraftSlotState to)
{
	uint64		word = pg_atomic_read_u64(&slot->word);

	return PGRAFT_SLOT_STATE(word) == from &&
		pg_atomic_compare_exchange_u64(&slot->word, &word,
									   PGRAFT_SLOT_WITH_STATE(word, to));
}

static void
put_text(StringInfo response, const char *text)
{
	PgraftBytes bytes = {text, (int) strlen(text)};

	pgraft_wire_put_bytes(response, bytes);
}

/* Answers a slot that is TAKEN with an error. */
static void
answer(PgraftSlot *slot, const char *sqlstate, const char *message,
	   const char *detail, const char *hint)
{
	StringInfoData response;

	initStringInfo(&response);
	pq_sendbyte(&response, PGRAFT_WIRE_VERSION);
	pq_sendbyte(&response, 1);
	appendBinaryStringInfo(&response, sqlstate, 5);
	put_text(&response, message);
	put_text(&response, detail);
	put_text(&response, hint);
	if (response.len > PGRAFT_SLOT_DATA_SIZE)
		response.len = 0;
	memcpy(slot->data, response.data, response.len);
	slot->response_len = response.len;
	slot->in_large &= ~PGRAFT_LARGE_RESPONSE;
	pfree(response.data);

	if (!move(slot, PGRAFT_SLOT_TAKEN, PGRAFT_SLOT_DONE))
		(void) move(slot, PGRAFT_SLOT_ABANDONED, PGRAFT_SLOT_FREE);
	pgraft_set_latch_of(slot->procno);
}

static void
refuse(PgraftSlot *slot, const char *reason)
{
	if (move(slot, PGRAFT_SLOT_READY, PGRAFT_SLOT_TAKEN))
		answer(slot, "PGR01", "pgraft request was not accepted", reason,
			   "Try again.");
}

/* Ends what the worker before this one left. */
void
pgraft_slots_take_over(void)
{
	for (uint32 i = 0; i < pgraft_shared->nslots; i++)
	{
		PgraftSlot *slot = pgraft_slot(i);

		if (PGRAFT_SLOT_STATE(pg_atomic_read_u64(&slot->word)) == PGRAFT_SLOT_TAKEN)
			answer(slot, "08007", "the outcome of a pgraft request is unknown",
				   "The pgraft worker ended while it carried the request out. It may take effect on every member.",
				   "Look at the state before you repeat the request.");
		else
			refuse(slot, "The pgraft worker ended before it took the request.");
		/* Last, because its session may give it up at any moment. */
		(void) move(slot, PGRAFT_SLOT_ABANDONED, PGRAFT_SLOT_FREE);
	}
}

/* Refuses what came although there is no engine. */
void
pgraft_slots_refuse(const char *reason)
{
	for (uint32 i = 0; i < pgraft_shared->nslots; i++)
		refuse(pgraft_slot(i), reason);
}

/* The worker ends: who waits for it is to see that at once. */
void
pgraft_slots_wake_all(void)
{
	for (uint32 i = 0; i < pgraft_shared->nslots; i++)
	{
		PgraftSlot *slot = pgraft_slot(i);

		if (PGRAFT_SLOT_STATE(pg_atomic_read_u64(&slot->word)) != PGRAFT_SLOT_FREE)
			pgraft_set_latch_of(slot->procno);
	}
}
