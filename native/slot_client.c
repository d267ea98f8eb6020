/*
 * slot_client.c
 *	  A session's requests to the engine.
 *
 * A request travels in a slot of shared memory.  One 64-bit word per slot says
 * what state it is in, and whose turn it is:
 *
 *	  FREE -> CLAIMED -> READY	  by the session, which fills the slot in between
 *	  READY -> FREE				  by the session, which gave up in time
 *	  READY -> TAKEN -> DONE	  by the worker, which carries it out
 *	  TAKEN -> ABANDONED		  by the session, which no longer waits
 *	  ABANDONED -> FREE			  by the worker, when it has the result
 *	  DONE -> FREE				  by the session, which has read the response
 *
 * A worker that starts turns READY into a DONE "not accepted", TAKEN into a DONE
 * "outcome unknown", and frees ABANDONED.  So whoever dies, the slot comes back:
 * this session gives it up from the error path and from before_shmem_exit.
 *
 * What was not taken has certainly no effect.  Once a write, of the state or of a
 * file, is taken and its response does not come, its outcome is unknown, and that
 * is said: by an error with SQLSTATE 08007, or by a warning with it when the
 * session was cancelled or ended.
 *
 * Threads: a backend's only thread; the other side of a slot is the worker.
 * Locks: none, states change by compare-and-swap, and the contents of a slot
 * belong to whoever's turn it is.
 */
#include "prelude.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "utils/wait_event.h"

#include "guc.h"
#include "lease.h"
#include "shared.h"
#include "slot_client.h"
#include "status.h"

/* How long a session waits for a slot or a large buffer to become free. */
#define CLAIM_TIMEOUT_NS	(INT64CONST(500) * 1000 * 1000)

/* How long it waits for the response beyond the time the worker was given. */
#define GRACE_NS			(INT64CONST(1000) * 1000 * 1000)

/* How often it looks whether the worker still lives. */
#define LOOK_MS				1000

/* The request under way, one at most. */
typedef struct Call
{
	PgraftSlot *slot;			/* NULL: none */
	uint32		generation;		/* of the slot, so that it is still ours */
	int			flags;
	const char *operation;
	bool		warned;			/* the user knows that the outcome is open */
} Call;

static Call call;
static bool exit_callback_registered = false;

/* Where the search for a free slot begins. */
static uint32 next_slot = 0;

/* ---------- the word ---------- */

static uint64
slot_word(void)
{
	uint64		word = pg_atomic_read_u64(&call.slot->word);

	/* What the worker wrote before it changed the word is read after it. */
	pg_read_barrier();
	Assert(PGRAFT_SLOT_GENERATION(word) == call.generation);
	return word;
}

/* Moves the slot from one state to another; false: it is in a third one. */
static bool
slot_move(PgraftSlotState from, PgraftSlotState to)
{
	uint64		word = slot_word();

	while (PGRAFT_SLOT_STATE(word) == from)
	{
		if (pg_atomic_compare_exchange_u64(&call.slot->word, &word,
										   PGRAFT_SLOT_WITH_STATE(word, to)))
			return true;
	}
	return false;
}

/* The response of a slot in DONE, where it lies in shared memory. */
static PgraftResponse
slot_response(void)
{
	PgraftSlot *slot = call.slot;
	PgraftResponse response = {slot->data, slot->response_len, 0};
	int			room = PGRAFT_SLOT_DATA_SIZE;

	if (slot->in_large & PGRAFT_LARGE_RESPONSE && slot->large >= 0 &&
		slot->large < (int32) pgraft_shared->nlarge)
	{
		response.data = pgraft_large(slot->large);
		room = pgraft_shared->large_size;
	}
	/* A length that cannot be true makes a response that cannot be read. */
	if (response.len < 0 || response.len > room)
		response.len = 0;
	return response;
}

/* ---------- giving up ---------- */

/* How a request stands for a session that no longer waits for it. */
typedef enum Ending
{
	ENDING_NOT_TAKEN,			/* it has certainly no effect */
	ENDING_OPEN,				/* it may have one */
	ENDING_DONE					/* there is a response, still in the slot */
} Ending;

/* Stops waiting.  The slot is no longer ours unless there is a response. */
static Ending
withdraw(void)
{
	Ending		ending;

	if (slot_move(PGRAFT_SLOT_CLAIMED, PGRAFT_SLOT_FREE) ||
		slot_move(PGRAFT_SLOT_READY, PGRAFT_SLOT_FREE))
		ending = ENDING_NOT_TAKEN;
	else if (slot_move(PGRAFT_SLOT_TAKEN, PGRAFT_SLOT_ABANDONED))
		ending = ENDING_OPEN;
	else
		return ENDING_DONE;
	call.slot = NULL;
	return ending;
}

/* Gives the slot back after its response was read. */
static void
release(void)
{
	(void) slot_move(PGRAFT_SLOT_DONE, PGRAFT_SLOT_FREE);
	call.slot = NULL;
}

/* What a request that was taken may still do; NULL: nothing that lasts. */
static const char *
open_effect(void)
{
	if ((call.flags & PGRAFT_CALL_WRITE) != 0)
		return "It may be carried out, now or later, and take effect on every member.";
	if ((call.flags & PGRAFT_CALL_FILE) != 0)
		return "The file may have been written, or may still be.";
	return NULL;
}

static void
warn(const char *detail)
{
	if (open_effect() == NULL || call.warned)
		return;
	call.warned = true;
	ereport(WARNING,
			(errcode(PGRAFT_ERRCODE_UNKNOWN),
			 errmsg("canceling the wait for a pgraft request: %s",
					call.operation),
			 errdetail_internal("%s", detail)));
}

/* The statement, or the session, ends with a request under way. */
static void
give_up(void)
{
	const char *detail = NULL;
	PgraftResponse response;

	switch (withdraw())
	{
		case ENDING_NOT_TAKEN:
			break;
		case ENDING_OPEN:
			detail = open_effect();
			break;
		case ENDING_DONE:
			response = slot_response();
			if (!pgraft_wire_is_error(response.data, response.len))
				detail = "It has already been carried out.";
			else if (pgraft_wire_failed(&response, PGRAFT_ERRCODE_UNKNOWN))
				detail = open_effect();
			/* First, because even a warning may fail. */
			release();
			break;
	}
	if (detail != NULL)
		warn(detail);
}

/*
 * before_shmem_exit: a FATAL error does not take the error path.  Its client may
 * be gone, as that of one who was found to have vanished; the log is not.
 */
static void
give_up_at_exit(int code, Datum argument)
{
	if (call.slot != NULL)
		give_up();
}

/* Raises the error of a response that does not come, unless it has come now. */
static void
give_up_waiting(const char *reason, const char *hint)
{
	switch (withdraw())
	{
		case ENDING_NOT_TAKEN:
			ereport(ERROR,
					(errcode(PGRAFT_ERRCODE_NOT_ACCEPTED),
					 errmsg("pgraft request was not accepted: %s",
							call.operation),
					 errdetail_internal("%s", reason),
					 errhint("%s", hint)));
			break;
		case ENDING_OPEN:
			if (open_effect() != NULL)
				ereport(ERROR,
						(errcode(PGRAFT_ERRCODE_UNKNOWN),
						 errmsg("the outcome of a pgraft request is unknown: %s",
								call.operation),
						 errdetail_internal("%s %s", reason, open_effect()),
						 errhint("Look at the state before you repeat the request.")));
			ereport(ERROR,
					(errcode(PGRAFT_ERRCODE_NOT_ACCEPTED),
					 errmsg("pgraft request got no answer: %s", call.operation),
					 errdetail_internal("%s", reason),
					 errhint("%s", hint)));
			break;
		case ENDING_DONE:
			break;
	}
}

/* ---------- claiming ---------- */

/* Waits a moment for another session to give something back. */
static void
pause_for_others(int64 deadline, const char *what, const char *setting)
{
	if (pgraft_boottime() >= deadline)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_RESOURCES),
				 errmsg("too many pgraft requests at once"),
				 errdetail("No %s became free in time.", what),
				 errhint("Try again later, or raise \"%s\".", setting)));
	(void) WaitLatch(MyLatch,
					 WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, 2,
					 PG_WAIT_EXTENSION);
	ResetLatch(MyLatch);
	CHECK_FOR_INTERRUPTS();
}

static void
claim_slot(int flags, const char *operation)
{
	PgraftStatus *status = pgraft_status();
	uint32		slots = pgraft_shared->nslots;
	int64		deadline = pgraft_boottime() + CLAIM_TIMEOUT_NS;

	for (;;)
	{
		for (uint32 i = 0; i < slots; i++)
		{
			uint32		number = (next_slot + i) % slots;
			PgraftSlot *slot = pgraft_slot(number);
			uint64		word = pg_atomic_read_u64(&slot->word);
			uint32		generation = PGRAFT_SLOT_GENERATION(word) + 1;

			if (PGRAFT_SLOT_STATE(word) != PGRAFT_SLOT_FREE)
				continue;
			if (!pg_atomic_compare_exchange_u64(&slot->word, &word,
												PGRAFT_SLOT_WORD(PGRAFT_SLOT_CLAIMED,
																 status->worker_epoch,
																 generation)))
				continue;
			call.slot = slot;
			call.generation = generation;
			call.flags = flags;
			call.operation = operation;
			call.warned = false;
			next_slot = number;
			return;
		}
		pause_for_others(deadline, "request slot", "pgraft.max_requests");
	}
}

/* Gives the slot one of the large buffers. */
static void
claim_large(void)
{
	int64		deadline = pgraft_boottime() + CLAIM_TIMEOUT_NS;

	for (;;)
	{
		for (int i = 0; i < (int) pgraft_shared->nlarge; i++)
		{
			if (pgraft_large_claim(i, call.slot))
			{
				call.slot->large = i;
				return;
			}
		}
		pause_for_others(deadline, "large buffer", "pgraft.large_buffers");
	}
}

/* ---------- a call ---------- */

static void
submit(StringInfo request, int64 deadline)
{
	PgraftSlot *slot = call.slot;

	slot->procno = pgraft_my_procno();
	slot->opcode = pgraft_wire_op(request->data, request->len);
	slot->request_len = request->len;
	slot->response_len = 0;
	slot->large = -1;
	slot->in_large = 0;
	slot->deadline_ns = deadline;
	slot->submitted_ns = pgraft_boottime();
	if (request->len > PGRAFT_SLOT_DATA_SIZE ||
		(call.flags & PGRAFT_CALL_LARGE) != 0)
		claim_large();
	if (request->len > PGRAFT_SLOT_DATA_SIZE)
	{
		memcpy(pgraft_large(slot->large), request->data, request->len);
		slot->in_large = PGRAFT_LARGE_REQUEST;
	}
	else
		memcpy(slot->data, request->data, request->len);

	/* The compare-and-swap is a barrier: the worker sees what was filled in. */
	(void) slot_move(PGRAFT_SLOT_CLAIMED, PGRAFT_SLOT_READY);
	pgraft_announce(slot);
}

/* Whether the next look at interrupts ends the session. */
static bool
session_ends(void)
{
#if PG_VERSION_NUM >= 170000
	if (TransactionTimeoutPending)
		return true;
#endif
	return ProcDiePending;
}

/* Waits until the slot is DONE; every other end is an error. */
static void
wait_for_response(int64 deadline)
{
	for (;;)
	{
		PgraftSlotState state = PGRAFT_SLOT_STATE(slot_word());
		int64		left = deadline + GRACE_NS - pgraft_boottime();

		if (state == PGRAFT_SLOT_DONE)
			return;
		if (session_ends() && state == PGRAFT_SLOT_TAKEN)
			warn(open_effect());	/* clients may not listen after the FATAL error */
		CHECK_FOR_INTERRUPTS();

		if (pgraft_status()->worker_pid == 0)
			give_up_waiting("The pgraft worker has ended.",
							"It is started again by itself; look into the server's log for the reason.");
		else if (left <= 0)
			give_up_waiting("The pgraft worker did not answer in time.",
							"Try again, or raise \"pgraft.command_timeout\".");
		else
		{
			int64		left_ms = left / 1000000 + 1;

			(void) WaitLatch(MyLatch,
							 WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
							 (long) Min(left_ms, LOOK_MS), PG_WAIT_EXTENSION);
			ResetLatch(MyLatch);
		}
	}
}

/* Fails at once when there is no engine that could take a request. */
static void
check_worker(const char *operation)
{
	const char *state = pgraft_worker_refuses();

	if (state != NULL)
		ereport(ERROR,
				(errcode(PGRAFT_ERRCODE_NOT_ACCEPTED),
				 errmsg("pgraft request was not accepted: %s", operation),
				 errdetail_internal("%s", state),
				 pgraft_status()->message[0] == '\0' ?
				 errhint("Look into the server's log for the reason.") : 0));
}

/*
 * Sends a request and returns the response as it came, in memory of the current
 * context.
 */
PgraftResponse
pgraft_call_raw(StringInfo request, int flags)
{
	const char *operation = pgraft_op_name(pgraft_wire_op(request->data,
														  request->len));
	int			longest = PGRAFT_REQUEST_MAX;
	int64		deadline;
	PgraftResponse response;

	pgraft_require_preload();
	if (request->data[1] == PGRAFT_OP_AUTHORIZED)
		longest += PGRAFT_AUTHORITY_SIZE;
	if (request->len > longest)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("pgraft request is too large: %s", operation),
				 errdetail("It has %d bytes; a request has at most %d.",
						   request->len, longest)));
	if (!exit_callback_registered)
	{
		before_shmem_exit(give_up_at_exit, (Datum) 0);
		exit_callback_registered = true;
	}
	Assert(call.slot == NULL);
	check_worker(operation);

	PG_TRY();
	{
		PgraftResponse in_slot;
		char	   *copy;

		claim_slot(flags, operation);
		deadline = pgraft_boottime() +
			(int64) pgraft_command_timeout * INT64CONST(1000000);
		submit(request, deadline);
		wait_for_response(deadline);

		in_slot = slot_response();
		copy = palloc(in_slot.len + 1);
		memcpy(copy, in_slot.data, in_slot.len);
		response.data = copy;
		response.len = in_slot.len;
		response.pos = 0;
		release();
	}
	PG_CATCH();
	{
		if (call.slot != NULL)
			give_up();
		PG_RE_THROW();
	}
	PG_END_TRY();
	return response;
}

/* Sends a request; an error of the engine is raised here. */
PgraftResponse
pgraft_call(StringInfo request, int flags)
{
	PgraftResponse response = pgraft_call_raw(request, flags);

	pgraft_wire_open(&response);
	return response;
}

/*
 * Refuses a write where PostgreSQL would refuse one of its own, except on a
 * standby: the cluster is not PostgreSQL's data, and a standby may lead it.
 */
void
pgraft_prevent_write(const char *function)
{
	if (XactReadOnly && !RecoveryInProgress())
		ereport(ERROR,
				(errcode(ERRCODE_READ_ONLY_SQL_TRANSACTION),
				 errmsg("cannot execute %s in a read-only transaction",
						function)));
}
