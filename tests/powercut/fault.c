/*-------------------------------------------------------------------------
 *
 * fault.c
 *	  A disk that is full or fails.
 *
 * POWERCUT_FAULT names a file that is there while it does, of one line:
 *
 *	  ERROR CALLS BYTES PATH
 *
 * ERROR is ENOSPC or EIO; CALLS any of w (write), t (truncate and allocate),
 * s (fsync), c (create a file or directory), r (rename); BYTES how much can
 * still be written before it begins, so that the last write may be cut short;
 * PATH a part of the paths that it concerns, "/" for all below POWERCUT_DIR.
 * Each failed call leaves a line in POWERCUT_FAULT.hits. A file whose fsync
 * failed is never synced again, as in Linux, which drops what it could not
 * write and reports the next fsync as successful: only a new file helps.
 *
 * One mutex guards how much was written and the list of lost files.
 *
 *-------------------------------------------------------------------------
 */
#include "disk.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The fault in force, and how much of its BYTES is used up. */
static pthread_mutex_t faults = PTHREAD_MUTEX_INITIALIZER;
static ino_t fault_file;
static long fault_used;

static void
note_hit(const char *control, char call, const char *path)
{
	char		hits[PATH_MAX];
	int			fd;

	format(hits, "%s.hits", control);
	fd = open(hits, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (fd < 0 || dprintf(fd, "%c %s\n", call, path) < 0)
		give_up("write", hits);
	close(fd);
}

ssize_t
allowed(char call, const char *path, ssize_t bytes)
{
	const char *control = getenv("POWERCUT_FAULT");
	char		error[16];
	char		calls[16];
	char		part[PATH_MAX];
	long		after;
	struct stat status;
	FILE	   *file;
	bool		concerned;
	ssize_t		result = bytes;
	int			saved = errno;

	if (control == NULL || !is_below_root(path) || (file = fopen(control, "re")) == NULL)
	{
		errno = saved;
		return bytes;
	}
	concerned = fscanf(file, "%15s %15s %ld %4095s", error, calls, &after, part) == 4 &&
		fstat(fileno(file), &status) == 0 &&
		strchr(calls, call) != NULL && strstr(path, part) != NULL;
	fclose(file);
	if (concerned)
	{
		pthread_mutex_lock(&faults);
		if (status.st_ino != fault_file)
		{
			fault_file = status.st_ino;
			fault_used = 0;
		}
		if (fault_used >= after)
		{
			note_hit(control, call, path);
			result = -1;
		}
		else if (fault_used + bytes > after)
			result = after - fault_used;
		if (result > 0)
			fault_used += result;
		pthread_mutex_unlock(&faults);
	}
	errno = result >= 0 ? saved : strcmp(error, "EIO") == 0 ? EIO : ENOSPC;
	return result;
}

bool
is_lost(int fd, bool lose)
{
	const char *control = getenv("POWERCUT_FAULT");
	char		list[PATH_MAX];
	file_id		id;
	char		line[sizeof(file_id)];
	FILE	   *file;
	bool		found = false;

	if (control == NULL || !identify(fd, "", AT_EMPTY_PATH, id))
		return false;
	format(list, "%s.lost", control);
	pthread_mutex_lock(&faults);
	file = fopen(list, lose ? "ae+" : "re");
	if (file != NULL)
	{
		while (!found && fscanf(file, "%63s", line) == 1)
			found = strcmp(line, id) == 0;
		if (lose && !found && fprintf(file, "%s\n", id) < 0)
			give_up("write", list);
		fclose(file);
	}
	else if (lose)
		give_up("open", list);
	pthread_mutex_unlock(&faults);
	return found;
}
