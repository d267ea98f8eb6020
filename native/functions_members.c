/*
 * functions_members.c
 *	  SQL functions that tell what this node knows of the members of the cluster.
 *
 * The lease holder measures the members and its measurements come to this node's
 * status page with the time at which they were taken; see status.c.  Without a
 * fresh status page the members are not known, and there are no rows.
 *
 * Threads: a backend's only thread.  Locks: none.
 */
#include "prelude.h"

#include "funcapi.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/json.h"

#include "lease.h"
#include "rows.h"
#include "status.h"

PG_FUNCTION_INFO_V1(pgraft_members);
PG_FUNCTION_INFO_V1(pgraft_get_nodes);
PG_FUNCTION_INFO_V1(pgraft_get_nodes_from_raft);
PG_FUNCTION_INFO_V1(pgraft_log_get_replication_status);

/* Measurements that are older say nothing about who can be reached now. */
#define FRESH_MS	10000

static char *
host_of(const PgraftMember *member)
{
	return pgraft_status_text(member->host, sizeof(member->host));
}

/* How old the holder's measurements are, in milliseconds; -1: there are none. */
static int64
measured_ago_ms(const PgraftStatusCopy *status)
{
	if (status->page.members_asof_ns == 0)
		return -1;
	return Max((status->read_at_ns - status->page.members_asof_ns) / 1000000, 0);
}

/* How long ago a member last answered the holder; -1: that is not known. */
static int64
last_contact_ms(const PgraftStatusCopy *status, const PgraftMember *member)
{
	int64		measured_ago = measured_ago_ms(status);

	return measured_ago < 0 || member->age_ms < 0 ? -1 :
		member->age_ms + measured_ago;
}

static void
add_reachable(PgraftRow *row, const PgraftStatusCopy *status,
			  const PgraftMember *member)
{
	int64		measured_ago = measured_ago_ms(status);

	pgraft_row_add(row, BoolGetDatum(member->reachable > 0),
				   member->reachable >= 0 && measured_ago >= 0 &&
				   measured_ago < FRESH_MS);
}

Datum
pgraft_members(PG_FUNCTION_ARGS)
{
	PgraftStatusCopy status;
	PgraftRow	row = {.columns = 0};

	InitMaterializedSRF(fcinfo, 0);
	if (!pgraft_status_read(&status))
		return (Datum) 0;
	for (int i = 0; i < status.nmembers; i++)
	{
		const PgraftMember *member = &status.members[i];
		char	   *name = pgraft_status_text(member->name, sizeof(member->name));

		pgraft_row_add_int(&row, member->node_id, true);
		pgraft_row_add_text(&row, name, name[0] != '\0');
		pgraft_row_add_text(&row, host_of(member), true);
		pgraft_row_add_int(&row, member->port, true);
		pgraft_row_add(&row, BoolGetDatum(member->voter != 0), true);
		pgraft_row_add(&row, BoolGetDatum(pgraft_member_leads(&status, member)),
					   true);
		add_reachable(&row, &status, member);
		pgraft_row_add_figure(&row, member->term, true);
		pgraft_row_add_figure(&row, member->match_index, true);
		pgraft_row_add_figure(&row, member->next_index, true);
		pgraft_row_add_figure(&row, member->applied_index, true);
		pgraft_row_add_figure(&row, last_contact_ms(&status, member), true);
		pgraft_row_add_figure(&row, member->store_size, true);
		pgraft_row_add_figure(&row, member->uptime_ms, true);
		pgraft_row_add_figure(&row, measured_ago_ms(&status), true);
		pgraft_row_emit(fcinfo, &row);
	}
	return (Datum) 0;
}

Datum
pgraft_get_nodes(PG_FUNCTION_ARGS)
{
	PgraftStatusCopy status;
	PgraftRow	row = {.columns = 0};

	InitMaterializedSRF(fcinfo, 0);
	if (!pgraft_status_read(&status))
		return (Datum) 0;
	for (int i = 0; i < status.nmembers; i++)
	{
		const PgraftMember *member = &status.members[i];

		/* one that still catches up is none yet */
		if (!member->voter)
			continue;
		pgraft_row_add_int(&row, member->node_id, true);
		pgraft_row_add_text(&row, host_of(member), true);
		pgraft_row_add_int(&row, member->port, true);
		pgraft_row_add(&row, BoolGetDatum(pgraft_member_leads(&status, member)),
					   true);
		pgraft_row_emit(fcinfo, &row);
	}
	return (Datum) 0;
}

Datum
pgraft_get_nodes_from_raft(PG_FUNCTION_ARGS)
{
	PgraftStatusCopy status;
	StringInfoData json;

	if (!pgraft_status_read(&status))
		PG_RETURN_NULL();
	initStringInfo(&json);
	appendStringInfoChar(&json, '[');
	for (int i = 0; i < status.nmembers; i++)
	{
		const PgraftMember *member = &status.members[i];

		appendStringInfo(&json, "%s{\"id\": %d, \"name\": ", i > 0 ? ", " : "",
						 member->node_id);
		escape_json(&json, pgraft_status_text(member->name,
											  sizeof(member->name)));
		appendStringInfoString(&json, ", \"address\": ");
		escape_json(&json, host_of(member));
		appendStringInfo(&json, ", \"port\": %d, \"voter\": %s, \"leader\": %s}",
						 member->port, member->voter ? "true" : "false",
						 pgraft_member_leads(&status, member) ? "true" : "false");
	}
	appendStringInfoChar(&json, ']');
	PG_RETURN_TEXT_P(cstring_to_text_with_len(json.data, json.len));
}

/* The last log index of the leader, as far as this node knows; -1: it does not. */
static int64
leader_last_index(const PgraftStatusCopy *status)
{
	if (status->page.leader_id == status->page.node_id)
		return status->page.last_log_index;
	for (int i = 0; i < status->nmembers; i++)
	{
		if (status->members[i].node_id == status->page.leader_id)
			return status->members[i].match_index;
	}
	return -1;
}

Datum
pgraft_log_get_replication_status(PG_FUNCTION_ARGS)
{
	PgraftStatusCopy status;
	PgraftRow	row = {.columns = 0};
	int64		last;

	InitMaterializedSRF(fcinfo, 0);
	if (!pgraft_status_read(&status))
		return (Datum) 0;
	last = leader_last_index(&status);
	for (int i = 0; i < status.nmembers; i++)
	{
		const PgraftMember *member = &status.members[i];

		pgraft_row_add_int(&row, member->node_id, true);
		pgraft_row_add_figure(&row, member->match_index, true);
		pgraft_row_add_figure(&row, member->next_index, true);
		pgraft_row_add_figure(&row, Max(last - member->match_index, 0),
							  last >= 0 && member->match_index >= 0);
		pgraft_row_add_figure(&row, last_contact_ms(&status, member), true);
		add_reachable(&row, &status, member);
		pgraft_row_add(&row, BoolGetDatum(member->reachable > 0 &&
										  member->match_index >= 0 &&
										  measured_ago_ms(&status) < FRESH_MS),
					   measured_ago_ms(&status) >= 0);
		pgraft_row_emit(fcinfo, &row);
	}
	return (Datum) 0;
}
