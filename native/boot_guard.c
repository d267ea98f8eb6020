/*
 * boot_guard.c
 *	  Keeps a worker that dies again and again from doing so all the time.
 *
 * A file in the engine's directory counts the starts that did not last; it is
 * removed once one has.  A file, because shared memory is made anew when all
 * sessions restart after a crash; but a postmaster that was started anew begins
 * to count anew.
 *
 * Threads: the worker's main thread.  Locks: none.
 */
#include "prelude.h"

#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "storage/fd.h"

#include "boot_guard.h"
#include "guc.h"

#define STARTS_IN_A_ROW		3
#define FIRST_PAUSE_MS		5000
#define LONGEST_PAUSE_MS	60000

/* Starts further apart than this have nothing to do with each other. */
#define FORGET_S			300

static char *
marker_path(void)
{
	return psprintf("%s/boot.marker", pgraft_data_directory());
}

/* Counts a start, and returns how many there were in a row before it. */
int
pgraft_boot_begin(void)
{
	char	   *path = marker_path();
	struct stat status;
	int			starts = 0;
	int			postmaster = 0;
	FILE	   *file = AllocateFile(path, "r");

	if (file != NULL)
	{
		if (fstat(fileno(file), &status) != 0 ||
			time(NULL) - status.st_mtime > FORGET_S ||
			fscanf(file, "%d %d", &starts, &postmaster) != 2 ||
			postmaster != PostmasterPid || starts < 0)
			starts = 0;
		FreeFile(file);
	}

	file = AllocateFile(path, "w");
	if (file == NULL || fprintf(file, "%d %d\n", Min(starts, 1000) + 1, PostmasterPid) < 0)
		ereport(LOG,
				(errcode_for_file_access(),
				 errmsg("could not write file \"%s\": %m", path)));
	if (file != NULL)
		FreeFile(file);
	return starts;
}

/* How long to wait after so many starts in a row, in milliseconds. */
int
pgraft_boot_pause_ms(int starts)
{
	int			doublings = Min(starts - STARTS_IN_A_ROW, 10);

	if (doublings < 0)
		return 0;
	return Min(FIRST_PAUSE_MS << doublings, LONGEST_PAUSE_MS);
}

/* This start lasted, or ended as it should. */
void
pgraft_boot_lasted(void)
{
	char	   *path = marker_path();

	if (unlink(path) != 0 && errno != ENOENT)
		ereport(LOG,
				(errcode_for_file_access(),
				 errmsg("could not remove file \"%s\": %m", path)));
	pfree(path);
}
