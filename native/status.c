/*
 * status.c
 *	  What this node's worker publishes, read consistently.
 *
 * The engine writes the status page under a sequence number that is odd while it
 * does so; a reader copies the page and the members and takes the copy if the
 * number was even and did not move.  It tries a bounded number of times: a worker
 * that dies in the middle leaves the number odd.  A page whose heartbeat is old
 * says nothing about now, and then everything is unknown.
 *
 * Threads: a backend's only thread.  Locks: none.
 */
#include "prelude.h"

#include "mb/pg_wchar.h"
#include "utils/timestamp.h"

#include "guc.h"
#include "lease.h"
#include "status.h"

/* The writer needs microseconds, unless it is preempted in the middle. */
#define COPY_SPINS		100
#define COPY_ATTEMPTS	600
#define COPY_PAUSE_US	1000

/* Raises the error of a library that was not preloaded, when it was not. */
void
pgraft_require_preload(void)
{
	if (pgraft_shared == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("pgraft must be loaded when the server starts"),
				 errhint("Add pgraft to \"shared_preload_libraries\" in postgresql.conf and restart the server.")));
}

static bool
heartbeat_is_fresh(int64 heartbeat)
{
	return heartbeat != 0 &&
		pgraft_boottime() - heartbeat <
		(int64) pgraft_hang_timeout * INT64CONST(1000000);
}

/* Copies the page and the members; false: what is on it is not known to be true. */
bool
pgraft_status_read(PgraftStatusCopy *copy)
{
	pgraft_require_preload();
	for (int attempt = 0; attempt < COPY_ATTEMPTS; attempt++)
	{
		uint64		before = pgraft_status_sequence();

		if (before % 2 == 0)
		{
			pg_read_barrier();
			memcpy(&copy->page, pgraft_status(), sizeof(copy->page));
			memcpy(copy->members, pgraft_member(0), sizeof(copy->members));
			pg_read_barrier();
			if (pgraft_status_sequence() == before)
			{
				copy->read_at_ns = pgraft_boottime();
				copy->nmembers = Max(0, Min(copy->page.members_count,
											PGRAFT_MEMBERS_MAX));
				return heartbeat_is_fresh(copy->page.heartbeat_ns) &&
					(copy->page.worker_state == PGRAFT_WORKER_RUNNING ||
					 copy->page.worker_state == PGRAFT_WORKER_WAITING ||
					 copy->page.worker_state == PGRAFT_WORKER_STOPPING);
			}
		}
		if (attempt < COPY_SPINS)
			pg_spin_delay();
		else
		{
			CHECK_FOR_INTERRUPTS();
			pg_usleep(COPY_PAUSE_US);
		}
	}
	memset(copy, 0, sizeof(*copy));
	return false;
}

/* What pgraft_get_worker_state() says. */
const char *
pgraft_worker_state_name(void)
{
	PgraftStatus *status;

	pgraft_require_preload();
	status = pgraft_status();
	switch ((PgraftWorkerState) status->worker_state)
	{
		case PGRAFT_WORKER_STOPPED:
			return "STOPPED";
		case PGRAFT_WORKER_INITIALIZING:
			return "INITIALIZING";
		case PGRAFT_WORKER_RUNNING:
			return heartbeat_is_fresh(status->heartbeat_ns) ? "RUNNING" : "UNKNOWN";
		case PGRAFT_WORKER_STOPPING:
			return "STOPPING";
		case PGRAFT_WORKER_ERROR:
			return "ERROR";
		case PGRAFT_WORKER_WAITING:
			return heartbeat_is_fresh(status->heartbeat_ns) ? "WAITING" : "UNKNOWN";
	}
	return "UNKNOWN";
}

/* A sentence and what the status page says of it, which may be nothing. */
static const char *
with_message(const char *sentence)
{
	PgraftStatus *status = pgraft_status();
	char	   *message = pgraft_status_text(status->message,
											 sizeof(status->message));

	if (message[0] == '\0')
		return psprintf("%s.", sentence);
	return psprintf("%s: %s%s", sentence, message,
					message[strlen(message) - 1] == '.' ? "" : ".");
}

/* Why no request can be accepted, as a sentence; NULL when one can be. */
const char *
pgraft_worker_refuses(void)
{
	PgraftStatus *status = pgraft_status();

	switch ((PgraftWorkerState) status->worker_state)
	{
		case PGRAFT_WORKER_INITIALIZING:
		case PGRAFT_WORKER_RUNNING:
		case PGRAFT_WORKER_WAITING:
			return NULL;
		case PGRAFT_WORKER_STOPPED:
			return status->worker_epoch == 0 ?
				"The pgraft worker has not started yet." :
				with_message("The pgraft worker is not running");
		case PGRAFT_WORKER_STOPPING:
			return "The pgraft worker is stopping.";
		case PGRAFT_WORKER_ERROR:
			break;
	}
	return with_message("The pgraft worker has no engine");
}

/* A text of the status page in the database's encoding, whatever is in it. */
char *
pgraft_status_text(const char *text, int size)
{
	char	   *copy = pnstrdup(text, size);

	if (GetDatabaseEncoding() != PG_UTF8 ||
		!pg_verify_mbstr(PG_UTF8, copy, strlen(copy), true))
	{
		for (char *c = copy; *c != '\0'; c++)
		{
			if (IS_HIGHBIT_SET(*c))
				*c = '?';
		}
	}
	return copy;
}

const char *
pgraft_role_name(int64 role)
{
	static const char *const names[] = {"none", "follower", "candidate",
	"leader", "learner"};

	return role >= 0 && role < (int64) lengthof(names) ? names[role] : "unknown";
}

/*
 * Whether a member leads, as this node sees it.  Of itself it says so only while
 * it holds the lease, like pgraft_is_leader().
 */
bool
pgraft_member_leads(const PgraftStatusCopy *copy, const PgraftMember *member)
{
	if (member->node_id != copy->page.leader_id)
		return false;
	return member->node_id != copy->page.node_id || pgraft_lease_valid() != 0;
}

/* Milliseconds of the Unix epoch as PostgreSQL's time. */
TimestampTz
pgraft_timestamp(int64 unix_ms)
{
	return (TimestampTz) ((unix_ms -
						   (int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) *
						   SECS_PER_DAY * 1000) * 1000);
}
