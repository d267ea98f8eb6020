/*
 * shared.c
 *	  The memory that sessions, the worker and its engine share: its making, and
 *	  access to its parts.
 *
 * Threads: the hooks run in the postmaster; the rest in any process, and
 * pgraft_set_latch_of() also on the engine's threads.  Locks: PostgreSQL's
 * AddinShmemInitLock while the area is made, none afterwards.
 */
#include "prelude.h"

#include "utils/timestamp.h"

#include "guc.h"
#include "shared.h"

#define HEADER_SIZE		4096

PgraftShared *pgraft_shared = NULL;

static shmem_request_hook_type previous_request_hook = NULL;
static shmem_startup_hook_type previous_startup_hook = NULL;

StaticAssertDecl(sizeof(PgraftShared) <= HEADER_SIZE,
				 "the header has to fit in front of the status page");
StaticAssertDecl(sizeof(PgraftSlot) == PGRAFT_SLOT_SIZE,
				 "a slot has the size that the engine knows");
StaticAssertDecl(offsetof(PgraftSlot, data) == PGRAFT_SLOT_SIZE - PGRAFT_SLOT_DATA_SIZE,
				 "a slot's contents are where the engine looks for them");
StaticAssertDecl(offsetof(PgraftStatus, message) == 37 * sizeof(int64),
				 "the status page has the figures that the engine knows");
StaticAssertDecl(offsetof(PgraftMember, host) == 72 && sizeof(PgraftMember) == 392,
				 "a member has the layout that the engine knows");
StaticAssertDecl(offsetof(PgraftShared, ready) == 80 &&
				 offsetof(PgraftShared, worker_procno) == 80 + PGRAFT_SLOTS_MAX / 8,
				 "the header has the layout that the engine knows");
StaticAssertDecl(offsetof(PgraftShared, watched) == 1128 &&
				 offsetof(PgraftShared, rung) == 1136,
				 "the watchers' words are where the engine looks for them");

StaticAssertDecl(sizeof(PgraftEvent) == 512,
				 "an event has no gaps, so that a copy of it is all of it");

/* ---------- making it ---------- */

/* Where each part begins. */
static void
lay_out(PgraftShared *shared)
{
	memset(shared, 0, sizeof(*shared));
	shared->magic = PGRAFT_SHARED_MAGIC;
	shared->version = PGRAFT_SHARED_VERSION;
	shared->nslots = pgraft_max_requests;
	shared->slot_size = PGRAFT_SLOT_SIZE;
	shared->nlarge = pgraft_large_buffers;
	shared->large_size = PGRAFT_LARGE_SIZE;
	shared->off_status = HEADER_SIZE;
	shared->off_members = shared->off_status + TYPEALIGN(64, sizeof(PgraftStatus));
	shared->off_leases = shared->off_members +
		TYPEALIGN(64, sizeof(PgraftMember) * PGRAFT_MEMBERS_MAX);
	shared->off_watchers = shared->off_leases +
		TYPEALIGN(64, sizeof(PgraftLeases));
	shared->nwatch = (MaxBackends + 63) / 64;
	shared->off_events = TYPEALIGN(64, shared->off_watchers +
								   shared->nwatch * sizeof(pg_atomic_uint64));
	shared->off_event_watchers = shared->off_events +
		TYPEALIGN(64, sizeof(PgraftEvents));
	shared->off_slots = TYPEALIGN(4096, shared->off_event_watchers +
								  shared->nwatch * sizeof(pg_atomic_uint64));
	shared->off_large = shared->off_slots +
		(uint64) shared->nslots * PGRAFT_SLOT_SIZE;
	shared->total = shared->off_large +
		(uint64) shared->nlarge * PGRAFT_LARGE_SIZE;
}

static void
request_memory(void)
{
	PgraftShared layout;

	if (previous_request_hook)
		previous_request_hook();
	lay_out(&layout);
	RequestAddinShmemSpace(layout.total);
}

static void
make_memory(void)
{
	PgraftShared layout;
	bool		found;

	if (previous_startup_hook)
		previous_startup_hook();
	lay_out(&layout);

	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	pgraft_shared = ShmemInitStruct("pgraft", layout.total, &found);
	if (!found)
	{
		/* The large buffers are left alone: their pages are not there yet. */
		memset(pgraft_shared, 0, layout.off_large);
		memcpy(pgraft_shared, &layout, sizeof(layout));
		for (int i = 0; i < PGRAFT_SLOTS_MAX / 64; i++)
			pg_atomic_init_u64(&pgraft_shared->ready[i], 0);
		for (int i = 0; i < PGRAFT_LARGE_MAX; i++)
			pg_atomic_init_u64(&pgraft_shared->large_owner[i], 0);
		for (uint32 i = 0; i < layout.nslots; i++)
			pg_atomic_init_u64(&pgraft_slot(i)->word, 0);
		pg_atomic_init_u64(&pgraft_shared->reads, 0);
		pg_atomic_init_u64(&pgraft_shared->damaged_generation, 0);
		pg_atomic_init_u32(&pgraft_shared->worker_procno, PG_UINT32_MAX);
		pg_atomic_init_u64(&pgraft_shared->watched, 0);
		pg_atomic_init_u64(&pgraft_shared->rung, 0);
		for (uint32 i = 0; i < layout.nwatch; i++)
		{
			pg_atomic_init_u64(pgraft_watchers() + i, 0);
			pg_atomic_init_u64(pgraft_event_watchers() + i, 0);
		}
		pg_atomic_init_u32(&pgraft_shared->notifier_procno, PG_UINT32_MAX);
		pg_atomic_init_u64(&pgraft_events_area()->last, 0);
		pg_atomic_init_u64(&pgraft_events_area()->notified, PG_UINT64_MAX);
		pg_atomic_init_u64(&pgraft_events_area()->notified_revision, 0);
		for (int i = 0; i < PGRAFT_EVENTS_MAX; i++)
			pg_atomic_init_u64(&pgraft_events_area()->entries[i].id, 0);
		pgraft_shared->made_at = GetCurrentTimestamp();
	}
	LWLockRelease(AddinShmemInitLock);
}

/* Called while the library is preloaded. */
void
pgraft_shared_install_hooks(void)
{
	previous_request_hook = shmem_request_hook;
	shmem_request_hook = request_memory;
	previous_startup_hook = shmem_startup_hook;
	shmem_startup_hook = make_memory;
}

/* ---------- its parts ---------- */

static char *
at(uint64 offset)
{
	return (char *) pgraft_shared + offset;
}

PgraftStatus *
pgraft_status(void)
{
	return (PgraftStatus *) at(pgraft_shared->off_status);
}

PgraftMember *
pgraft_member(int number)
{
	return (PgraftMember *) at(pgraft_shared->off_members) + number;
}

PgraftSlot *
pgraft_slot(uint32 number)
{
	return (PgraftSlot *) at(pgraft_shared->off_slots) + number;
}

char *
pgraft_large(int number)
{
	return at(pgraft_shared->off_large + (uint64) number * PGRAFT_LARGE_SIZE);
}

pg_atomic_uint64 *
pgraft_watchers(void)
{
	return (pg_atomic_uint64 *) at(pgraft_shared->off_watchers);
}

pg_atomic_uint64 *
pgraft_event_watchers(void)
{
	return (pg_atomic_uint64 *) at(pgraft_shared->off_event_watchers);
}

PgraftEvents *
pgraft_events_area(void)
{
	return (PgraftEvents *) at(pgraft_shared->off_events);
}

static PgraftLeases *
leases(void)
{
	return (PgraftLeases *) at(pgraft_shared->off_leases);
}

/* One read of memory that another process changes. */
static int64
read_now(const int64 *figure)
{
	return *(const volatile int64 *) figure;
}

uint64
pgraft_status_sequence(void)
{
	return (uint64) read_now(&pgraft_status()->sequence);
}

int64
pgraft_worker_epoch(void)
{
	return read_now(&pgraft_status()->worker_epoch);
}

int64
pgraft_store_generation(void)
{
	return read_now(&pgraft_status()->store_generation);
}

int64
pgraft_lease_next(void)
{
	return read_now(&leases()->next);
}

const PgraftLease *
pgraft_lease_entry(int64 place)
{
	return &leases()->entries[place];
}

/* ---------- between processes ---------- */

int32
pgraft_my_procno(void)
{
	return PGRAFT_MY_PROCNO;
}

/* Wakes a process; any thread may call it, and any number is safe. */
void
pgraft_set_latch_of(int32 procno)
{
	if (procno >= 0 && (uint32) procno < ProcGlobal->allProcCount)
		SetLatch(&ProcGlobal->allProcs[procno].procLatch);
}

/*
 * Makes a large buffer that of a slot's present request; false: it is another's.
 * Nothing gives a buffer back: it is free again as soon as the request whose it
 * was has left its slot, however that came about.
 */
bool
pgraft_large_claim(int number, PgraftSlot *slot)
{
	pg_atomic_uint64 *owner = &pgraft_shared->large_owner[number];
	uint64		present = pg_atomic_read_u64(owner);
	uint32		slot_number = (uint32) (slot - pgraft_slot(0));
	uint32		generation = PGRAFT_SLOT_GENERATION(pg_atomic_read_u64(&slot->word));

	if (present != 0)
	{
		PgraftSlot *holder = pgraft_slot((uint32) present - 1);
		uint64		word = pg_atomic_read_u64(&holder->word);

		if (PGRAFT_SLOT_STATE(word) != PGRAFT_SLOT_FREE &&
			PGRAFT_SLOT_GENERATION(word) == (uint32) (present >> 32))
			return false;
	}
	return pg_atomic_compare_exchange_u64(owner, &present,
										  (uint64) generation << 32 | (slot_number + 1));
}

/* Tells the worker that a slot is READY. */
void
pgraft_announce(PgraftSlot *slot)
{
	uint32		number = (uint32) (slot - pgraft_slot(0));

	pg_atomic_fetch_or_u64(&pgraft_shared->ready[number / 64],
						   UINT64CONST(1) << (number % 64));
	pgraft_set_latch_of((int32) pg_atomic_read_u32(&pgraft_shared->worker_procno));
}

void
pgraft_count_read(void)
{
	pg_atomic_fetch_add_u64(&pgraft_shared->reads, 1);
}

int64
pgraft_reads_counted(void)
{
	return (int64) pg_atomic_read_u64(&pgraft_shared->reads);
}
