/*
 * guc.h
 *	  pgraft's settings.
 *
 * Threads: the main thread of any process.  Locks: none.
 */
#ifndef PGRAFT_GUC_H
#define PGRAFT_GUC_H

#include "nodes/pg_list.h"

typedef enum PgraftReadConsistency
{
	PGRAFT_READ_LINEARIZABLE,
	PGRAFT_READ_LOCAL
} PgraftReadConsistency;

typedef enum PgraftOnCrash
{
	PGRAFT_CRASH_RESTART_WORKER,
	PGRAFT_CRASH_RESTART_SERVER
} PgraftOnCrash;

extern int	pgraft_max_requests;
extern int	pgraft_large_buffers;
extern int	pgraft_command_timeout;
extern int	pgraft_hang_timeout;
extern int	pgraft_jvm_heap;
extern int	pgraft_read_consistency;
extern int	pgraft_on_jvm_crash;
extern char *pgraft_libjvm;
extern char *pgraft_jvm_options;
extern char *pgraft_notify_database;
extern char *pgraft_notify_keys;

extern void pgraft_define_settings(void);
extern const char *pgraft_data_directory(void);
extern List *pgraft_settings_lines(void);

#endif							/* PGRAFT_GUC_H */
