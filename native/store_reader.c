/*
 * store_reader.c
 *	  A session's own view of the store: LMDB, mapped read-only.
 *
 * The worker's engine writes the store, and any number of sessions read it at
 * the same time.  A session opens the environment at its first read, which is
 * after the fork, and keeps it with one read transaction that is renewed for
 * each query and reset right after it, because a transaction left open would
 * keep the writer from reusing pages.  Between renewal and reset nothing can
 * raise an error or be interrupted: the query copies what it needs into memory
 * made ready before.  When the engine moves to another generation of the store
 * (it installed a snapshot) the session follows at its next read.
 *
 * Damage of the file (truncation, flipped bits, a failing disk) is met inside
 * fault_guard.c.  It marks the generation as bad for this session, and every
 * read of it is an error from then on, until the worker, which is told, has made
 * the store anew.
 *
 * The environment is not closed at exit, only the transaction is: LMDB, when it
 * closes an environment as the last process, destroys the locks in its lock file,
 * while the worker may be opening it again.
 *
 * Threads: a backend's only thread.  Locks: LMDB's reader table, taken once per
 * session and generation, robust against the death of its holder.
 */
#include "prelude.h"

#include "storage/fd.h"

#include "fault_guard.h"
#include "guc.h"
#include "shared.h"
#include "status.h"
#include "store_grants.h"
#include "store_reader.h"
#include "suspect.h"

/* Files of an environment that stay open: data.mdb and lock.mdb. */
#define FILES_PER_ENVIRONMENT	2

/* More tables than there are, so that a newer writer's do not disturb. */
#define TABLES_MAX				16

static PgraftStoreHandle store;
static uint64 openings = 0;
static int64 open_generation = 0;	/* 0: nothing is open */
static int64 open_epoch;		/* the worker that used it then */
static int64 bad_generation = 0;	/* 0: none was met */
static int64 bad_epoch;
static bool exit_callback_registered = false;

/* ---------- opening and closing ---------- */

static void
assertion_failed(MDB_env *env, const char *message)
{
	pgraft_guard_assertion(message);
}

/* Opens the environment up to its read transaction; argument is the path. */
static int
open_files(void *argument)
{
	int			rc;

	rc = mdb_env_create(&store.env);
	if (rc == MDB_SUCCESS)
		rc = mdb_env_set_maxdbs(store.env, TABLES_MAX);
	if (rc == MDB_SUCCESS)
		rc = mdb_env_set_assert(store.env, assertion_failed);
	if (rc == MDB_SUCCESS)
		rc = mdb_env_open(store.env, (const char *) argument,
						  MDB_RDONLY | MDB_NOTLS, 0600);
	return rc;
}

/* Reads the pages that every transaction begins with. */
static int
touch_first_pages(void *argument)
{
	MDB_envinfo info;

	return mdb_env_info(store.env, &info);
}

static int
begin_transaction(void *argument)
{
	return mdb_txn_begin(store.env, NULL, MDB_RDONLY, (MDB_txn **) argument);
}

/*
 * Opens the tables in the store's transaction, and ends it: their handles outlive
 * it because it is committed.
 */
static int
open_tables(void *argument)
{
	int			rc;

	rc = pgraft_store_open_tables(&store, store.txn);
	if (rc == MDB_SUCCESS)
		rc = mdb_txn_commit(store.txn);
	else
		mdb_txn_abort(store.txn);
	store.txn = NULL;
	return rc;
}

/* Opens the cursors, and leaves the transaction reset. */
static int
open_cursors(void *argument)
{
	int			rc;

	rc = mdb_cursor_open(store.txn, store.keys, &store.scan);
	if (rc == MDB_SUCCESS)
		rc = mdb_cursor_open(store.txn, store.keys, &store.lookup);
	if (rc == MDB_SUCCESS)
		rc = mdb_cursor_open(store.txn, store.revisions, &store.history);
	if (rc == MDB_SUCCESS && store.has_grant_table)
		rc = mdb_cursor_open(store.txn, store.grant_table, &store.grants);
	mdb_txn_reset(store.txn);
	return rc;
}

/* Gives back everything; argument is unused. */
static int
close_all(void *argument)
{
	if (store.scan != NULL)
		mdb_cursor_close(store.scan);
	if (store.lookup != NULL)
		mdb_cursor_close(store.lookup);
	if (store.history != NULL)
		mdb_cursor_close(store.history);
	if (store.grants != NULL)
		mdb_cursor_close(store.grants);
	if (store.txn != NULL)
		mdb_txn_abort(store.txn);
	if (store.env != NULL)
		mdb_env_close(store.env);
	return MDB_SUCCESS;
}

static void
close_store(void)
{
	PgraftFault fault;
	int			rc;

	(void) pgraft_guarded(close_all, NULL, &rc, &fault);
	for (int i = 0; i < FILES_PER_ENVIRONMENT; i++)
		ReleaseExternalFD();
	memset(&store, 0, sizeof(store));
	open_generation = 0;
}

/* Ends the transaction, which frees this session's place in the reader table. */
static int
end_transaction(void *argument)
{
	if (store.txn != NULL)
		mdb_txn_abort(store.txn);
	return MDB_SUCCESS;
}

/* before_shmem_exit */
static void
leave_store(int code, Datum argument)
{
	PgraftFault fault;
	int			rc;

	if (open_generation != 0)
		(void) pgraft_guarded(end_transaction, NULL, &rc, &fault);
	store.txn = NULL;
	open_generation = 0;
}

/*
 * Gives up a generation that is damaged, and raises the error.  The mapping and
 * its two files are left as they are, because LMDB's state is unknown; a server
 * whose store is damaged has few such sessions and not for long.
 */
PGRAFT_NORETURN static void
damaged(int64 generation, const char *what)
{
	PgraftFault fault;
	int			rc;

	(void) pgraft_guarded(end_transaction, NULL, &rc, &fault);
	memset(&store, 0, sizeof(store));
	open_generation = 0;
	bad_generation = generation;
	bad_epoch = pgraft_worker_epoch();
	pgraft_suspect_report(generation);
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("pgraft's store is damaged"),
			 errdetail("Generation %lld cannot be read: %s.",
					   (long long) generation, what),
			 errhint("The worker makes the store anew from a snapshot and the log; try again. Look for errors of the disk.")));
}

/* Whether an LMDB result means that the file contradicts itself. */
static bool
is_damage(int rc)
{
	switch (rc)
	{
		case PGRAFT_STORE_CORRUPT:
		case MDB_CORRUPTED:
		case MDB_PAGE_NOTFOUND:
		case MDB_INVALID:
		case MDB_PANIC:
		case MDB_CURSOR_FULL:
		case MDB_BAD_TXN:
		case MDB_INCOMPATIBLE:
		case EIO:
			return true;
		default:
			return false;
	}
}

static const char *
describe(int rc)
{
	return rc == PGRAFT_STORE_CORRUPT ? "its records contradict each other" :
		mdb_strerror(rc);
}

/* Runs a step of opening under the guard; damage is raised here. */
static int
guarded_step(PgraftGuarded step, void *argument, int64 generation)
{
	PgraftFault fault;
	int			rc = MDB_SUCCESS;

	if (!pgraft_guarded(step, argument, &rc, &fault))
		damaged(generation, pstrdup(fault.text));
	return rc;
}

/*
 * Begins a transaction, which takes a place in the reader table for a moment's
 * mutex.  What belongs to the store has been read just before, so a fault is one
 * of the table; then only the end of this process gives the mutex back.
 */
static int
guarded_begin(MDB_txn **txn)
{
	PgraftFault fault;
	int			rc = MDB_SUCCESS;

	if (!pgraft_guarded(begin_transaction, txn, &rc, &fault))
		ereport(FATAL,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("the lock file of pgraft's store cannot be read: %s",
						fault.text)));
	return rc;
}

/*
 * The generation in use, and the worker that uses it.  The number alone does
 * not name a store: when its directories are gone, numbers begin anew.
 */
static void
generation_in_use(int64 *generation, int64 *epoch)
{
	int64		before;

	do
	{
		before = pgraft_worker_epoch();
		pg_read_barrier();
		*generation = pgraft_store_generation();
		pg_read_barrier();
		*epoch = pgraft_worker_epoch();
	} while (*epoch != before);
}

/* Opens a generation; false, with *why, when that is not possible now. */
static bool
open_store(int64 generation, int64 epoch, const char **why)
{
	char		path[MAXPGPATH];
	int			rc;
	int			files;

	for (files = 0; files < FILES_PER_ENVIRONMENT; files++)
	{
		if (!AcquireExternalFD())
			break;
	}
	if (files < FILES_PER_ENVIRONMENT)
	{
		while (files-- > 0)
			ReleaseExternalFD();
		*why = "the session has too many files open";
		return false;
	}
	if (!exit_callback_registered)
	{
		before_shmem_exit(leave_store, (Datum) 0);
		exit_callback_registered = true;
	}

	snprintf(path, sizeof(path), "%s/store/%lld", pgraft_data_directory(),
			 (long long) generation);
	memset(&store, 0, sizeof(store));
	store.opening = ++openings;
	rc = guarded_step(open_files, path, generation);
	if (rc == MDB_SUCCESS)
		rc = guarded_step(touch_first_pages, NULL, generation);
	if (rc == MDB_SUCCESS)
		rc = guarded_begin(&store.txn);
	if (rc == MDB_SUCCESS)
		rc = guarded_step(open_tables, NULL, generation);
	if (rc == MDB_SUCCESS)
		rc = guarded_begin(&store.txn);
	if (rc == MDB_SUCCESS)
		rc = guarded_step(open_cursors, NULL, generation);
	if (rc == MDB_SUCCESS)
	{
		open_generation = generation;
		open_epoch = epoch;
		return true;
	}
	close_store();
	if (is_damage(rc))
		damaged(generation, describe(rc));
	*why = describe(rc);
	return false;
}

/* ---------- queries ---------- */

/* A query and its argument, through the guard. */
typedef struct Window
{
	PgraftStoreAuthority *authority;	/* NULL: none is needed */
	PgraftStoreQuery query;
	void	   *request;
} Window;

/* Everything between renewal and reset. */
static int
run_window(void *argument)
{
	Window	   *window = argument;
	int			rc;

	rc = mdb_txn_renew(store.txn);
	if (rc != MDB_SUCCESS)
		return rc;
	rc = mdb_cursor_renew(store.txn, store.scan);
	if (rc == MDB_SUCCESS)
		rc = mdb_cursor_renew(store.txn, store.lookup);
	if (rc == MDB_SUCCESS)
		rc = mdb_cursor_renew(store.txn, store.history);
	if (rc == MDB_SUCCESS && store.grants != NULL)
		rc = mdb_cursor_renew(store.txn, store.grants);
	if (rc == MDB_SUCCESS && window->authority != NULL)
		rc = pgraft_store_check_authority(&store, window->authority);
	if (rc == MDB_SUCCESS)
		rc = window->query(&store, window->request);
	mdb_txn_reset(store.txn);
	return rc;
}

/* Makes the generation in use the one that is open; false with *why. */
static bool
follow_generation(int64 generation, int64 epoch, const char **why)
{
	if (generation == 0)
	{
		*why = "the pgraft worker has no store open, or makes it anew";
		return false;
	}
	if (generation == bad_generation && epoch == bad_epoch)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("pgraft's store is damaged"),
				 errdetail("Generation %lld could not be read before.",
						   (long long) generation),
				 errhint("The worker makes the store anew from a snapshot and the log; try again. Look for errors of the disk.")));
	if (open_generation == generation && open_epoch == epoch)
		return true;
	if (open_generation != 0)
		close_store();
	return open_store(generation, epoch, why);
}

int
pgraft_store_run(PgraftStoreQuery query, void *request, int64 *generation,
				 const char **why)
{
	return pgraft_store_run_with(NULL, query, request, generation, why);
}

int
pgraft_store_run_with(PgraftStoreAuthority *authority, PgraftStoreQuery query,
					  void *request, int64 *generation, const char **why)
{
	Window		window = {authority, query, request};
	int64		epoch;
	int			rc;

	pgraft_require_preload();
	*why = NULL;
	generation_in_use(generation, &epoch);
	if (!follow_generation(*generation, epoch, why))
	{
		/* The generation may have been replaced while it was being opened. */
		int64		tried = *generation;

		generation_in_use(generation, &epoch);
		if (*generation == tried ||
			!follow_generation(*generation, epoch, why))
			return PGRAFT_STORE_UNAVAILABLE;
	}

	rc = guarded_step(run_window, &window, *generation);
	if (rc == MDB_BAD_RSLOT || rc == MDB_MAP_RESIZED)
	{
		/*
		 * Our place in the reader table was taken for a dead process's, or the
		 * writer has made the map larger.  LMDB could change the map's size in
		 * place, but when that fails it leaves an address that is not mapped.
		 */
		close_store();
		if (!follow_generation(*generation, epoch, why))
			return PGRAFT_STORE_UNAVAILABLE;
		rc = guarded_step(run_window, &window, *generation);
	}
	if (is_damage(rc))
		damaged(*generation, describe(rc));
	return rc;
}

/* Raises the error of a result that is neither success nor "absent". */
void
pgraft_store_refuse(int result, int64 at_revision, const char *why)
{
	switch (result)
	{
		case PGRAFT_STORE_COMPACTED:
			ereport(ERROR,
					(errcode(PGRAFT_ERRCODE_REVISION),
					 errmsg("revision %lld has been compacted",
							(long long) at_revision),
					 errhint("Older revisions than the compacted one cannot be read any more; see pgraft_kv_get_stats().")));
			break;
		case PGRAFT_STORE_FUTURE:
			ereport(ERROR,
					(errcode(PGRAFT_ERRCODE_REVISION),
					 errmsg("revision %lld does not exist yet",
							(long long) at_revision)));
			break;
		case PGRAFT_STORE_UNAVAILABLE:
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("pgraft's store cannot be read at present"),
					 errdetail("Reason: %s.", why),
					 errhint("See pgraft_node_status() for the state of the worker.")));
			break;
		default:
			ereport(ERROR,
					(errcode(ERRCODE_INTERNAL_ERROR),
					 errmsg("pgraft's store cannot be read: %s",
							describe(result))));
	}
	pg_unreachable();
}
