/*
 * functions_status.c
 *	  SQL functions that tell what this node knows of itself.
 *
 * They read shared memory and nothing else, so they answer at once, also while
 * the worker hangs; what is not known to be true now is NULL.
 *
 * Threads: a backend's only thread.  Locks: none.
 */
#include "prelude.h"

#include "funcapi.h"
#include "utils/builtins.h"

#include "lease.h"
#include "rows.h"
#include "status.h"

PG_FUNCTION_INFO_V1(pgraft_get_version);
PG_FUNCTION_INFO_V1(pgraft_is_leader);
PG_FUNCTION_INFO_V1(pgraft_get_leader);
PG_FUNCTION_INFO_V1(pgraft_get_term);
PG_FUNCTION_INFO_V1(pgraft_get_worker_state);
PG_FUNCTION_INFO_V1(pgraft_get_applied_index);
PG_FUNCTION_INFO_V1(pgraft_node_status);
PG_FUNCTION_INFO_V1(pgraft_get_cluster_status);
PG_FUNCTION_INFO_V1(pgraft_log_get_stats);
PG_FUNCTION_INFO_V1(pgraft_lease_history);

Datum
pgraft_get_version(PG_FUNCTION_ARGS)
{
	pgraft_require_preload();
	PG_RETURN_TEXT_P(cstring_to_text("pgraft " PGRAFT_VERSION));
}

Datum
pgraft_is_leader(PG_FUNCTION_ARGS)
{
	pgraft_require_preload();
	PG_RETURN_BOOL(pgraft_lease_valid() != 0);
}

Datum
pgraft_get_leader(PG_FUNCTION_ARGS)
{
	PgraftStatusCopy status;

	if (!pgraft_status_read(&status))
		PG_RETURN_NULL();
	PG_RETURN_INT64(status.page.leader_id);
}

Datum
pgraft_get_term(PG_FUNCTION_ARGS)
{
	PgraftStatusCopy status;

	if (!pgraft_status_read(&status))
		PG_RETURN_NULL();
	PG_RETURN_INT64(status.page.term);
}

Datum
pgraft_get_worker_state(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(pgraft_worker_state_name()));
}

Datum
pgraft_get_applied_index(PG_FUNCTION_ARGS)
{
	PgraftStatusCopy status;

	if (!pgraft_status_read(&status) || status.page.applied_index < 0)
		PG_RETURN_NULL();
	PG_RETURN_INT64(status.page.applied_index);
}

/* The members without those that still catch up. */
static int
voters(const PgraftStatusCopy *status)
{
	int			count = 0;

	for (int i = 0; i < status->nmembers; i++)
		count += status->members[i].voter != 0;
	return count;
}

Datum
pgraft_node_status(PG_FUNCTION_ARGS)
{
	static const char *const metrics_states[] = {"off", "serving", "failed"};
	PgraftStatusCopy status;
	PgraftStatus *page = &status.page;
	PgraftRow	row = {.columns = 0};
	bool		known = pgraft_status_read(&status);
	bool		stored;
	bool		snapshot;
	int64		lease = pgraft_lease_remaining();
	char	   *cluster_id;
	char	   *message;
	char	   *metrics;

	/* Who the worker is and how it is, the page says also when it is old. */
	if (!known)
		memcpy(page, pgraft_status(), sizeof(*page));
	/* The generation is written at once, the figures a moment later. */
	stored = known && page->store_generation != 0 && page->revision >= 0;
	snapshot = known && page->snapshot_time_ms > 0;
	cluster_id = pgraft_status_text(page->cluster_id, sizeof(page->cluster_id));
	message = pgraft_status_text(page->message, sizeof(page->message));
	metrics = pgraft_status_text(page->metrics_message,
								 sizeof(page->metrics_message));

	pgraft_row_add_int(&row, (int32) page->node_id, page->node_id > 0);
	pgraft_row_add_text(&row, cluster_id, cluster_id[0] != '\0');
	pgraft_row_add_text(&row, pgraft_worker_state_name(), true);
	pgraft_row_add_text(&row, message, message[0] != '\0');
	pgraft_row_add_int(&row, (int32) page->worker_pid, page->worker_pid > 0);
	pgraft_row_add_figure(&row, Max((pgraft_boottime() - page->heartbeat_ns) / 1000000, 0),
						  page->heartbeat_ns > 0);
	pgraft_row_add_text(&row, known ? pgraft_role_name(page->role) : "unknown",
						true);
	pgraft_row_add_figure(&row, page->term, known);
	pgraft_row_add_figure(&row, page->leader_id, known);
	pgraft_row_add(&row, BoolGetDatum(lease > 0), true);
	pgraft_row_add_figure(&row, lease / 1000000, lease > 0);
	pgraft_row_add_int(&row, known ? voters(&status) : 0, known);
	pgraft_row_add_figure(&row, page->first_log_index, known);
	pgraft_row_add_figure(&row, page->last_log_index, known);
	pgraft_row_add_figure(&row, page->last_log_term,
						  known && page->last_log_index >= 0);
	pgraft_row_add_figure(&row, page->commit_index, known);
	pgraft_row_add_figure(&row, page->applied_index, known);
	pgraft_row_add_figure(&row, page->applied_term,
						  known && page->applied_index >= 0);
	pgraft_row_add_figure(&row, page->revision, stored);
	pgraft_row_add_figure(&row, page->compacted_revision, stored);
	pgraft_row_add_figure(&row, page->keys, stored);
	pgraft_row_add_figure(&row, page->key_bytes, stored);
	pgraft_row_add_figure(&row, page->store_generation, stored);
	pgraft_row_add_figure(&row, page->store_size_bytes, stored);
	pgraft_row_add_figure(&row, page->quota_bytes,
						  stored && page->quota_bytes > 0);
	pgraft_row_add_figure(&row, page->snapshot_index, snapshot);
	pgraft_row_add_figure(&row, page->snapshot_term, snapshot);
	pgraft_row_add_time(&row, page->snapshot_time_ms, snapshot);
	pgraft_row_add_figure(&row, page->elections, known);
	pgraft_row_add_figure(&row, page->lease_rounds, known);
	pgraft_row_add_figure(&row, page->requests_ok, known);
	pgraft_row_add_figure(&row, page->requests_failed, known);
	pgraft_row_add_figure(&row, page->requests_unknown, known);
	pgraft_row_add_text(&row, metrics_states[Max(0, Min(page->metrics_state, 2))],
						known);
	pgraft_row_add_text(&row, metrics, known && metrics[0] != '\0');
	pgraft_row_add_figure(&row, page->jvm_heap_used, known);
	pgraft_row_add_figure(&row, page->jvm_heap_max, known);
	PG_RETURN_DATUM(pgraft_row_return(fcinfo, &row));
}

Datum
pgraft_get_cluster_status(PG_FUNCTION_ARGS)
{
	PgraftStatusCopy status;
	PgraftStatus *page = &status.page;
	PgraftRow	row = {.columns = 0};
	bool		known = pgraft_status_read(&status);

	InitMaterializedSRF(fcinfo, 0);
	pgraft_row_add_int(&row, known ? (int32) page->node_id : 0,
					   known && page->node_id > 0);
	pgraft_row_add_figure(&row, page->term, known);
	pgraft_row_add_figure(&row, page->leader_id, known);
	pgraft_row_add_text(&row, known ? pgraft_role_name(page->role) : "unknown",
						true);
	pgraft_row_add_int(&row, known ? voters(&status) : 0, known);
	pgraft_row_add_figure(&row, page->requests_ok + page->requests_failed +
						  page->requests_unknown, known);
	pgraft_row_add_figure(&row, page->lease_rounds, known);
	pgraft_row_add_figure(&row, page->elections, known);
	pgraft_row_emit(fcinfo, &row);
	return (Datum) 0;
}

/* The highest index that every voter is known to have; -1: not known. */
static int64
replicated_index(const PgraftStatusCopy *status)
{
	int64		lowest = -1;

	for (int i = 0; i < status->nmembers; i++)
	{
		const PgraftMember *member = &status->members[i];

		if (!member->voter)
			continue;
		if (member->match_index < 0)
			return -1;
		if (lowest < 0 || member->match_index < lowest)
			lowest = member->match_index;
	}
	return lowest;
}

/* How many of the log's entries up to an index are still kept. */
static int64
entries_up_to(const PgraftStatus *page, int64 index)
{
	if (page->first_log_index < 0 || page->last_log_index < 0)
		return 0;
	return Max(Min(index, page->last_log_index) - page->first_log_index + 1, 0);
}

Datum
pgraft_log_get_stats(PG_FUNCTION_ARGS)
{
	PgraftStatusCopy status;
	PgraftStatus *page = &status.page;
	PgraftRow	row = {.columns = 0};

	InitMaterializedSRF(fcinfo, 0);
	if (pgraft_status_read(&status))
	{
		pgraft_row_add_figure(&row, entries_up_to(page, page->last_log_index),
							  true);
		pgraft_row_add_figure(&row, page->last_log_index, true);
		pgraft_row_add_figure(&row, page->commit_index, true);
		pgraft_row_add_figure(&row, page->applied_index, true);
		pgraft_row_add_figure(&row, replicated_index(&status), true);
		pgraft_row_add_figure(&row, entries_up_to(page, page->commit_index),
							  true);
		pgraft_row_add_figure(&row, entries_up_to(page, page->applied_index),
							  true);
		pgraft_row_add_figure(&row, page->requests_failed +
							  page->requests_unknown, true);
		pgraft_row_emit(fcinfo, &row);
	}
	return (Datum) 0;
}

/* How a lease of the history ended. */
static const char *
lease_ending(const PgraftLease *lease, int64 now)
{
	switch (lease->ended)
	{
		case PGRAFT_LEASE_CLEARED:
			return "cleared";
		case PGRAFT_LEASE_RELEASED:
			return "released";
		default:
			return lease->until_ns > now ? "running" : "expired";
	}
}

/*
 * The history is a ring that the engine writes: first an interval, then the
 * number of the next one.  An interval that may have been overwritten while it
 * was copied is left out.
 */
Datum
pgraft_lease_history(PG_FUNCTION_ARGS)
{
	PgraftRow	row = {.columns = 0};
	PgraftStatus *status;
	int64		next;

	InitMaterializedSRF(fcinfo, 0);
	pgraft_require_preload();
	status = pgraft_status();
	next = pgraft_lease_next();
	for (int64 number = Max(next - PGRAFT_LEASES_MAX, 0); number < next; number++)
	{
		PgraftLease lease;

		pg_read_barrier();
		memcpy(&lease, pgraft_lease_entry(number % PGRAFT_LEASES_MAX),
			   sizeof(lease));
		pg_read_barrier();
		if (pgraft_lease_next() - number >= PGRAFT_LEASES_MAX)
			continue;
		pgraft_row_add_int(&row, (int32) status->node_id, status->node_id > 0);
		pgraft_row_add_figure(&row, lease.term, true);
		pgraft_row_add_figure(&row, lease.from_ns, true);
		pgraft_row_add_figure(&row, lease.until_ns, true);
		pgraft_row_add_time(&row, lease.from_wall_ms, true);
		pgraft_row_add_text(&row, lease_ending(&lease, pgraft_boottime()), true);
		pgraft_row_emit(fcinfo, &row);
	}
	return (Datum) 0;
}
