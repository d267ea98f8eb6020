/*
 * shared.h
 *	  The memory that sessions, the worker and its engine share.
 *
 * One area, in this order: header, status page, members, lease history, bits of
 * the watchers, events and bits of those who wait for them, request slots, large
 * buffers.  The engine maps it as one direct buffer; what it knows
 * of the layout is in org.pgraft.worker.SharedLayout, and the two must be changed
 * together, with PGRAFT_SHARED_VERSION.  Everything is in the machine's byte
 * order and 8-byte aligned.
 *
 * Who writes what: the header and the slots' words by atomic operations, the
 * contents of a slot by whoever's turn it is (slot_client.c), the status page and
 * the members by the engine under a sequence number (status.c), the worker's own
 * figures on the page by the worker, the lease and its history by the engine
 * (lease.c), the events by the worker (events.c).
 *
 * Threads: any.  Locks: none, ever: a JVM that dies must leave nothing locked.
 */
#ifndef PGRAFT_SHARED_H
#define PGRAFT_SHARED_H

#include "port/atomics.h"

#define PGRAFT_SHARED_MAGIC		UINT64CONST(0x5047524146543031)
#define PGRAFT_SHARED_VERSION	3

#define PGRAFT_SLOTS_MAX		4096
#define PGRAFT_LARGE_MAX		64
#define PGRAFT_MEMBERS_MAX		32
#define PGRAFT_LEASES_MAX		256
#define PGRAFT_EVENTS_MAX		512

#define PGRAFT_SLOT_SIZE		8192
#define PGRAFT_SLOT_DATA_SIZE	8128
#define PGRAFT_LARGE_SIZE		1310720

/* ---------- request slots ---------- */

typedef enum PgraftSlotState
{
	PGRAFT_SLOT_FREE = 0,
	PGRAFT_SLOT_CLAIMED = 1,
	PGRAFT_SLOT_READY = 2,
	PGRAFT_SLOT_TAKEN = 3,
	PGRAFT_SLOT_DONE = 4,
	PGRAFT_SLOT_ABANDONED = 5
} PgraftSlotState;

/* A slot's word: state in 8 bits, worker's epoch in 24, generation in 32. */
#define PGRAFT_SLOT_WORD(state, epoch, generation) \
	((uint64) (state) | ((uint64) (epoch) & 0xFFFFFF) << 8 | \
	 (uint64) (uint32) (generation) << 32)
#define PGRAFT_SLOT_STATE(word)			((PgraftSlotState) ((word) & 0xFF))
#define PGRAFT_SLOT_GENERATION(word)	((uint32) ((word) >> 32))
#define PGRAFT_SLOT_WITH_STATE(word, state) \
	(((word) & ~UINT64CONST(0xFF)) | (uint64) (state))

/* in_large: what is in the large buffer instead of in the slot */
#define PGRAFT_LARGE_REQUEST	0x01
#define PGRAFT_LARGE_RESPONSE	0x02

typedef struct PgraftSlot
{
	pg_atomic_uint64 word;
	int32		procno;			/* whose latch is set when it is DONE */
	int32		opcode;
	int32		request_len;
	int32		response_len;
	int32		large;			/* number of its large buffer, -1: none */
	int32		in_large;
	int64		deadline_ns;	/* when the session stops waiting, BOOTTIME */
	int64		submitted_ns;
	int64		reserved[2];
	char		data[PGRAFT_SLOT_DATA_SIZE];
} PgraftSlot;

/* ---------- status page ---------- */

typedef enum PgraftWorkerState
{
	PGRAFT_WORKER_STOPPED = 0,
	PGRAFT_WORKER_INITIALIZING = 1,
	PGRAFT_WORKER_RUNNING = 2,	/* takes part in a cluster */
	PGRAFT_WORKER_STOPPING = 3,
	PGRAFT_WORKER_ERROR = 4,	/* has no engine; the message says why */
	PGRAFT_WORKER_WAITING = 5	/* member of no cluster yet */
} PgraftWorkerState;

/* Indexes are -1 where there is none; times are on CLOCK_BOOTTIME. */
typedef struct PgraftStatus
{
	int64		sequence;		/* odd while the engine writes the page */
	int64		worker_epoch;	/* number of the worker since the server started */
	int64		worker_state;
	int64		heartbeat_ns;	/* when the worker last went round its loop */
	int64		worker_pid;		/* 0: there is none */
	int64		lease_term;		/* see lease.c */
	int64		lease_expiry_ns;
	int64		store_generation;	/* 0: no store is open */
	int64		node_id;
	int64		role;			/* none, follower, candidate, leader, learner */
	int64		term;
	int64		leader_id;		/* 0: none is known */
	int64		last_log_index;
	int64		last_log_term;
	int64		first_log_index;
	int64		commit_index;
	int64		applied_index;
	int64		applied_term;
	int64		revision;		/* -1: the store was closed */
	int64		compacted_revision;
	int64		snapshot_index;
	int64		snapshot_term;
	int64		snapshot_time_ms;	/* of the Unix epoch, 0: no snapshot */
	int64		elections;
	int64		requests_ok;
	int64		requests_failed;
	int64		requests_unknown;
	int64		lease_rounds;
	int64		keys;
	int64		key_bytes;
	int64		store_size_bytes;
	int64		quota_bytes;
	int64		metrics_state;	/* 0 off, 1 serving, 2 failed */
	int64		jvm_heap_used;
	int64		jvm_heap_max;
	int64		members_count;
	int64		members_asof_ns;	/* 0: the members were never measured */
	char		message[512];	/* UTF-8, ends with NUL */
	char		cluster_id[128];
	char		metrics_message[256];
} PgraftStatus;

typedef struct PgraftMember
{
	int32		node_id;
	int32		port;
	int32		voter;
	int32		reachable;		/* -1: not known */
	int64		match_index;	/* here and below -1: not known */
	int64		next_index;
	int64		age_ms;			/* since its last answer, when measured */
	int64		applied_index;
	int64		store_size;
	int64		term;
	int64		uptime_ms;
	char		host[256];
	char		name[64];
} PgraftMember;

/* One interval during which this node held the lease. */
typedef struct PgraftLease
{
	int64		term;
	int64		from_ns;
	int64		until_ns;
	int64		from_wall_ms;
	int64		ended;			/* 0: not, or by running out */
} PgraftLease;

#define PGRAFT_LEASE_CLEARED	1
#define PGRAFT_LEASE_RELEASED	2

typedef struct PgraftLeases
{
	int64		next;			/* how many there were */
	PgraftLease entries[PGRAFT_LEASES_MAX];
} PgraftLeases;

/* ---------- events ---------- */

/* What an operator wants to know happened; the order of org.pgraft.consensus.EventKind. */
typedef enum PgraftEventKind
{
	PGRAFT_EVENT_WORKER_STARTED = 1,
	PGRAFT_EVENT_WORKER_STOPPED = 2,
	PGRAFT_EVENT_WORKER_DIED = 3,
	PGRAFT_EVENT_ENGINE_FAILED = 4,
	PGRAFT_EVENT_LEADER_CHANGED = 5,
	PGRAFT_EVENT_LEASE_ACQUIRED = 6,
	PGRAFT_EVENT_LEASE_LOST = 7,
	PGRAFT_EVENT_LEASE_RELEASED = 8,
	PGRAFT_EVENT_MEMBER_ADDED = 9,
	PGRAFT_EVENT_MEMBER_REMOVED = 10,
	PGRAFT_EVENT_SNAPSHOT_TAKEN = 11,
	PGRAFT_EVENT_SNAPSHOT_INSTALLED = 12,
	PGRAFT_EVENT_STORE_REBUILT = 13,
	PGRAFT_EVENT_CERTIFICATES_RELOADED = 14,
	PGRAFT_EVENT_CERTIFICATES_REFUSED = 15
} PgraftEventKind;

#define PGRAFT_EVENT_DETAIL_SIZE	488

typedef struct PgraftEvent
{
	pg_atomic_uint64 id;		/* 0 while it is written */
	int64		time_ms;		/* of the Unix epoch */
	int64		kind;
	char		detail[PGRAFT_EVENT_DETAIL_SIZE];	/* UTF-8, ends with NUL */
} PgraftEvent;

typedef struct PgraftEvents
{
	pg_atomic_uint64 last;		/* the highest id, 0: there was no event */
	/* Up to where they were sent as notifications; PG_UINT64_MAX: never yet. */
	pg_atomic_uint64 notified;
	/* From where changes of keys are to be sent; 0: from the next one on. */
	pg_atomic_uint64 notified_revision;
	PgraftEvent entries[PGRAFT_EVENTS_MAX];
} PgraftEvents;

/* ---------- header ---------- */

typedef struct PgraftShared
{
	uint64		magic;
	uint32		version;
	uint32		nslots;
	uint32		slot_size;
	uint32		nlarge;
	uint32		large_size;
	uint32		reserved;
	uint64		off_status;
	uint64		off_leases;
	uint64		off_members;
	uint64		off_slots;
	uint64		off_large;
	uint64		total;
	/* A bit for each slot that became READY; the engine exchanges it for 0. */
	pg_atomic_uint64 ready[PGRAFT_SLOTS_MAX / 64];
	/* The worker's number in the array of processes, -1: there is none. */
	pg_atomic_uint32 worker_procno;
	uint32		reserved2;
	/* Reads that sessions answered from the store themselves. */
	pg_atomic_uint64 reads;
	/* Whose each large buffer is: generation and number + 1 of a slot, or 0. */
	pg_atomic_uint64 large_owner[PGRAFT_LARGE_MAX];
	/* The last generation of the store that a session found damaged, or 0. */
	pg_atomic_uint64 damaged_generation;
	/* Whether sessions wait for a change of the store, and whether one came. */
	pg_atomic_uint64 watched;
	pg_atomic_uint64 rung;
	uint64		off_watchers;
	uint32		nwatch;			/* words of a bit for each process */
	/* Whose latch is set after an event, beside those who wait: the notifier's. */
	pg_atomic_uint32 notifier_procno;
	uint64		off_events;
	uint64		off_event_watchers;
	/* When this memory was made: ids of events begin anew with it. */
	int64		made_at;		/* as TimestampTz */
} PgraftShared;

extern PgraftShared *pgraft_shared;

extern void pgraft_shared_install_hooks(void);

extern PgraftStatus *pgraft_status(void);
extern PgraftMember *pgraft_member(int number);
extern PgraftSlot *pgraft_slot(uint32 number);
extern char *pgraft_large(int number);
extern pg_atomic_uint64 *pgraft_watchers(void);
extern pg_atomic_uint64 *pgraft_event_watchers(void);
extern PgraftEvents *pgraft_events_area(void);

extern uint64 pgraft_status_sequence(void);
extern int64 pgraft_worker_epoch(void);
extern int64 pgraft_store_generation(void);
extern int64 pgraft_lease_next(void);
extern const PgraftLease *pgraft_lease_entry(int64 place);

extern int32 pgraft_my_procno(void);
extern bool pgraft_large_claim(int number, PgraftSlot *slot);
extern void pgraft_announce(PgraftSlot *slot);
extern void pgraft_set_latch_of(int32 procno);
extern void pgraft_count_read(void);
extern int64 pgraft_reads_counted(void);

#endif							/* PGRAFT_SHARED_H */
