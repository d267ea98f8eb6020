/*
 * events.h
 *	  What happened on this node, for those who want to be told.
 *
 * Threads and locks: see events.c.
 */
#ifndef PGRAFT_EVENTS_H
#define PGRAFT_EVENTS_H

#include "shared.h"

/* One event, copied out of the ring. */
typedef struct PgraftEventCopy
{
	int64		id;
	int64		time_ms;
	int64		kind;
	char		detail[PGRAFT_EVENT_DETAIL_SIZE];
} PgraftEventCopy;

/* For the worker. */
extern void pgraft_event_tell(PgraftEventKind kind, const char *format,...) pg_attribute_printf(2, 3);
extern void pgraft_events_drain(void);
extern void pgraft_events_drain_last(void);
extern bool pgraft_event_is_last(PgraftEventKind kind, const char *detail);
extern bool pgraft_event_lease_told(void);
extern bool pgraft_event_put(int kind, const char *text, int len);

/* For those who read. */
extern int64 pgraft_events_last(void);
extern int64 pgraft_events_next(int64 since, int64 last, PgraftEventCopy *copy);
extern void pgraft_events_arm(void);
extern const char *pgraft_event_kind_name(int64 kind);

#endif							/* PGRAFT_EVENTS_H */
