/*
 * status.h
 *	  What this node's worker publishes, read consistently.
 *
 * Threads and locks: see status.c.
 */
#ifndef PGRAFT_STATUS_H
#define PGRAFT_STATUS_H

#include "datatype/timestamp.h"

#include "shared.h"

/* The status page and the members of one instant. */
typedef struct PgraftStatusCopy
{
	PgraftStatus page;
	int			nmembers;
	PgraftMember members[PGRAFT_MEMBERS_MAX];
	int64		read_at_ns;		/* BOOTTIME */
} PgraftStatusCopy;

extern void pgraft_require_preload(void);
extern bool pgraft_status_read(PgraftStatusCopy *copy);
extern const char *pgraft_worker_state_name(void);
extern const char *pgraft_worker_refuses(void);
extern char *pgraft_status_text(const char *text, int size);
extern const char *pgraft_role_name(int64 role);
extern bool pgraft_member_leads(const PgraftStatusCopy *copy,
								const PgraftMember *member);
extern TimestampTz pgraft_timestamp(int64 unix_ms);

#endif							/* PGRAFT_STATUS_H */
