/*
 * log_ring.h
 *	  Messages of the engine on their way to the server's log.
 *
 * Threads and locks: see log_ring.c.
 */
#ifndef PGRAFT_LOG_RING_H
#define PGRAFT_LOG_RING_H

/* The order of org.pgraft.config.LogLevel. */
typedef enum PgraftLogLevel
{
	PGRAFT_LOG_DEBUG = 0,
	PGRAFT_LOG_INFO = 1,
	PGRAFT_LOG_WARNING = 2,
	PGRAFT_LOG_ERROR = 3
} PgraftLogLevel;

extern bool pgraft_log_put(int level, const char *text, int len);
extern void pgraft_log_drain(void);

#endif							/* PGRAFT_LOG_RING_H */
