/*
 * events.c
 *	  What happened on this node, for those who want to be told.
 *
 * Events have ids that grow by one and are kept in a ring in shared memory; a new
 * one takes the place of the oldest.  Writing one clears its id, fills it in, sets
 * the id, and only then raises "last".  A reader takes a copy if the id was the
 * same before and after, so it never has parts of two; one that is not there any
 * more is a gap between the ids that it gets.  A worker that is gone in the middle
 * has not raised "last", and the next one writes the same id.
 *
 * The engine's events come from any thread of the JVM.  They go through a queue of
 * this process, which the worker's thread empties, because a JVM that dies in the
 * middle must leave nothing half written or locked in shared memory.  When the
 * queue is full events are counted instead, and their ids are skipped, which is
 * a gap for readers like any other.
 *
 * Threads: pgraft_event_put() any; what writes into the ring, the one thread of
 * the worker that may run PostgreSQL's code: the main thread outside the JVM, or
 * at the worker's end the one in its place (death.c).  What reads, any process.
 * Locks: none in shared memory.  The queue has a mutex of this process's own, held
 * for a copy; a thread that died may leave it locked, so the drain gives up after
 * a moment.
 */
#include "prelude.h"

#include <pthread.h>
#include <time.h>

#include "events.h"
#include "watch.h"

#define QUEUE_EVENTS	64
#define DRAIN_WAIT_NS	(200 * 1000 * 1000)

/* An event on its way from the engine. */
typedef struct Queued
{
	int64		time_ms;
	int			kind;
	int			len;
	char		text[PGRAFT_EVENT_DETAIL_SIZE];
} Queued;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static Queued queue[QUEUE_EVENTS];
static uint32 put = 0;			/* numbers of events, modulo 2^32 */
static uint32 taken = 0;
static int64 dropped = 0;

/* Whether there is anything to drain, which costs one read where there is not. */
static pg_atomic_uint32 some;

static int64
wall_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Copies a text in and ends it with NUL, cut between two characters. */
static void
set_detail(char *detail, const char *text, int len)
{
	int			fits = Min(len, PGRAFT_EVENT_DETAIL_SIZE - 1);

	while (fits > 0 && fits < len && (text[fits] & 0xC0) == 0x80)
		fits--;
	memcpy(detail, text, fits);
	detail[fits] = '\0';
}

/* ---------- writing ---------- */

static PgraftEvent *
place_of(int64 id)
{
	return &pgraft_events_area()->entries[id % PGRAFT_EVENTS_MAX];
}

static void
wake_readers(void)
{
	/* Who arms before this is woken; who arms after it sees the event. */
	pg_memory_barrier();
	pgraft_watchers_wake(pgraft_event_watchers());
	pgraft_set_latch_of((int32) pg_atomic_read_u32(&pgraft_shared->notifier_procno));
}

/* Whether the last thing that was told of the leadership lease is that this node has it. */
static bool lease_told = false;

static void
write_event(int64 kind, int64 time_ms, const char *text, int len)
{
	int64		id = pgraft_events_last() + 1;
	PgraftEvent *event = place_of(id);

	pg_atomic_write_u64(&event->id, 0);
	pg_write_barrier();
	if (kind == PGRAFT_EVENT_LEASE_ACQUIRED)
		lease_told = true;
	else if (kind == PGRAFT_EVENT_LEASE_LOST || kind == PGRAFT_EVENT_LEASE_RELEASED)
		lease_told = false;
	event->time_ms = time_ms;
	event->kind = kind;
	set_detail(event->detail, text, len);
	pg_write_barrier();
	pg_atomic_write_u64(&event->id, (uint64) id);
	pg_write_barrier();
	pg_atomic_write_u64(&pgraft_events_area()->last, (uint64) id);
	wake_readers();
}

/* Events that nobody wrote down have ids, too. */
static void
skip(int64 count)
{
	pg_atomic_fetch_add_u64(&pgraft_events_area()->last, count);
	wake_readers();
}

/* Something happened now; what the engine told before comes before it. */
void
pgraft_event_tell(PgraftEventKind kind, const char *format,...)
{
	char		text[PGRAFT_EVENT_DETAIL_SIZE * 2];
	va_list		arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	pgraft_events_drain();
	write_event(kind, wall_ms(), text, (int) strlen(text));
}

/* ---------- the engine's ---------- */

/* Puts an event on its way, len octets of UTF-8.  False: there was no room. */
bool
pgraft_event_put(int kind, const char *text, int len)
{
	bool		fits;

	pthread_mutex_lock(&mutex);
	fits = put - taken < QUEUE_EVENTS;
	if (fits)
	{
		Queued	   *event = &queue[put++ % QUEUE_EVENTS];

		event->time_ms = wall_ms();
		event->kind = kind;
		set_detail(event->text, text, Max(len, 0));
		event->len = (int) strlen(event->text);
	}
	else
		dropped++;
	pg_atomic_write_u32(&some, 1);
	pthread_mutex_unlock(&mutex);
	return fits;
}

/*
 * Takes an event out of the queue; false: there is none, or a thread that does not
 * run holds the queue.  "lost" is how many there is nobody to write down.
 */
static bool
take(Queued *event, bool last, int64 *lost)
{
	struct timespec until;
	bool		found;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += DRAIN_WAIT_NS;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	*lost = 0;
	if (pthread_mutex_timedlock(&mutex, &until) != 0)
	{
		if (last)
			*lost = (uint32) (put - taken) + dropped;
		return false;
	}
	found = put != taken;
	if (found)
		*event = queue[taken++ % QUEUE_EVENTS];
	else
	{
		*lost = dropped;
		dropped = 0;
		pg_atomic_write_u32(&some, 0);
	}
	pthread_mutex_unlock(&mutex);
	return found;
}

static void
drain(bool last)
{
	static Queued event;
	int64		lost;

	if (pg_atomic_read_u32(&some) == 0)
		return;
	/* No more than were there: the engine may go on telling. */
	for (int i = 0; i < QUEUE_EVENTS && take(&event, last, &lost); i++)
		write_event(event.kind, event.time_ms, event.text, event.len);
	if (lost > 0)
		skip(lost);
}

/* Writes down what the engine has told. */
void
pgraft_events_drain(void)
{
	drain(false);
}

/* The same when there will not be another time: what cannot be written down has ids. */
void
pgraft_events_drain_last(void)
{
	drain(true);
}

/* Whether the newest event is this one. */
bool
pgraft_event_is_last(PgraftEventKind kind, const char *detail)
{
	PgraftEventCopy event;
	char		cut[PGRAFT_EVENT_DETAIL_SIZE];
	int64		last = pgraft_events_last();

	set_detail(cut, detail, (int) strlen(detail));
	return pgraft_events_next(last - 1, last, &event) != 0 &&
		event.kind == (int64) kind && strcmp(event.detail, cut) == 0;
}

/* Whether this worker told that it got the leadership lease, and not yet that it is over. */
bool
pgraft_event_lease_told(void)
{
	return lease_told;
}

/* ---------- reading ---------- */

/* The highest id there is, 0: there was no event. */
int64
pgraft_events_last(void)
{
	return (int64) pg_atomic_read_u64(&pgraft_events_area()->last);
}

/* Copies an event; false: it is not there any more. */
static bool
copy_event(int64 id, PgraftEventCopy *copy)
{
	PgraftEvent *event = place_of(id);

	if (pg_atomic_read_u64(&event->id) != (uint64) id)
		return false;
	pg_read_barrier();
	copy->id = id;
	copy->time_ms = event->time_ms;
	copy->kind = event->kind;
	memcpy(copy->detail, event->detail, sizeof(copy->detail));
	pg_read_barrier();
	return pg_atomic_read_u64(&event->id) == (uint64) id;
}

/*
 * Copies the first event after "since", and up to "last", that is still there;
 * its id, or 0 when there is none.
 */
int64
pgraft_events_next(int64 since, int64 last, PgraftEventCopy *copy)
{
	int64		id;

	/* What was written before "last" was raised is to be seen. */
	pg_read_barrier();
	for (id = Max(since, last - PGRAFT_EVENTS_MAX) + 1; id <= last; id++)
	{
		if (copy_event(id, copy))
			return id;
	}
	return 0;
}

/* From here on this session is woken by the next event. */
void
pgraft_events_arm(void)
{
	pgraft_watchers_add(pgraft_event_watchers());
	pg_memory_barrier();
}

/* What users call a kind of event. */
const char *
pgraft_event_kind_name(int64 kind)
{
	switch ((PgraftEventKind) kind)
	{
		case PGRAFT_EVENT_WORKER_STARTED:
			return "worker_started";
		case PGRAFT_EVENT_WORKER_STOPPED:
			return "worker_stopped";
		case PGRAFT_EVENT_WORKER_DIED:
			return "worker_died";
		case PGRAFT_EVENT_ENGINE_FAILED:
			return "engine_failed";
		case PGRAFT_EVENT_LEADER_CHANGED:
			return "leader_changed";
		case PGRAFT_EVENT_LEASE_ACQUIRED:
			return "lease_acquired";
		case PGRAFT_EVENT_LEASE_LOST:
			return "lease_lost";
		case PGRAFT_EVENT_LEASE_RELEASED:
			return "lease_released";
		case PGRAFT_EVENT_MEMBER_ADDED:
			return "member_added";
		case PGRAFT_EVENT_MEMBER_REMOVED:
			return "member_removed";
		case PGRAFT_EVENT_SNAPSHOT_TAKEN:
			return "snapshot_taken";
		case PGRAFT_EVENT_SNAPSHOT_INSTALLED:
			return "snapshot_installed";
		case PGRAFT_EVENT_STORE_REBUILT:
			return "store_rebuilt";
		case PGRAFT_EVENT_CERTIFICATES_RELOADED:
			return "certificates_reloaded";
		case PGRAFT_EVENT_CERTIFICATES_REFUSED:
			return "certificates_refused";
	}
	return "unknown";
}
