/*
 * suspect.c
 *	  Notes that the store on disk may be damaged.
 *
 * LMDB's pages have no checksums: damage shows itself where it is read, as a
 * crash of the JVM or as an error in a session.  A file named "suspect" beside
 * the stores then makes the next engine throw the store away and rebuild it from
 * a snapshot and the log, which have checksums.  Without it the worker would meet
 * the same page again, and crash again.
 *
 * A session that met damage tells the worker, which leaves the note and starts
 * again.
 *
 * Threads: pgraft_suspect_note() any of the worker's, also inside a signal
 * handler; the rest the main thread of its process.  Locks: none.
 */
#include "prelude.h"

#include <fcntl.h>
#include <unistd.h>

#include "guc.h"
#include "shared.h"
#include "suspect.h"

static char note_path[MAXPGPATH];

/* Called once in the worker, before the JVM is created. */
void
pgraft_suspect_prepare(void)
{
	snprintf(note_path, sizeof(note_path), "%s/store/suspect",
			 pgraft_data_directory());
}

/* Leaves the note; where there is no store yet, nothing is suspect. */
void
pgraft_suspect_note(void)
{
	int			saved = errno;
	int			fd = open(note_path, O_WRONLY | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);

	if (fd >= 0)
		(void) close(fd);
	errno = saved;
}

/* For a session that cannot read a generation of the store. */
void
pgraft_suspect_report(int64 generation)
{
	pg_atomic_write_u64(&pgraft_shared->damaged_generation, (uint64) generation);
	pgraft_set_latch_of((int32) pg_atomic_read_u32(&pgraft_shared->worker_procno));
}

/* For the worker: whether that was the generation that is in use. */
bool
pgraft_suspect_reported(void)
{
	int64		generation = pgraft_store_generation();

	return generation != 0 &&
		(uint64) generation == pg_atomic_read_u64(&pgraft_shared->damaged_generation);
}
