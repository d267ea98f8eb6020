/*
 * pgraft.c
 *	  The library's entry point.
 *
 * Preloaded, it defines the settings, asks for shared memory and registers the
 * workers.  Loaded later, it does nothing of that, and every function says that it
 * has to be preloaded: see pgraft_require_preload().
 *
 * Threads: the postmaster's, or a session's.  Locks: none.
 */
#include "prelude.h"

#include "guc.h"
#include "notifier.h"
#include "shared.h"
#include "worker.h"

PG_MODULE_MAGIC;

extern PGDLLEXPORT void _PG_init(void);

void
_PG_init(void)
{
	if (!process_shared_preload_libraries_in_progress)
		return;
	pgraft_define_settings();
	/* pg_upgrade starts servers that must change nothing. */
	if (IsBinaryUpgrade)
		return;
	pgraft_shared_install_hooks();
	pgraft_worker_register();
	pgraft_notifier_register();
}
