/*
 * data_directory.c
 *	  The engine's directory, before there is an engine: made, permitted, and
 *	  with room to write.
 *
 * The worker's main thread alone, before the JVM is there.  No locks.
 */
#include "prelude.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data_directory.h"
#include "guc.h"

/* About what a start of the JVM writes into its temporary directory. */
#define PROBE_BYTES			(1024 * 1024)

/*
 * NULL, or why the engine's directory cannot be used.  Who it may belong to and
 * who may enter it is as with PostgreSQL's own data directory.
 */
static const char *
make_directory(const char *path)
{
	struct stat status;

	if (mkdir(path, S_IRWXU) != 0 && errno != EEXIST)
		return psprintf("could not create directory \"%s\": %s", path,
						strerror(errno));
	if (stat(path, &status) != 0)
		return psprintf("could not access directory \"%s\": %s", path,
						strerror(errno));
	if (!S_ISDIR(status.st_mode))
		return psprintf("\"%s\" is not a directory. Remove the file, or set pgraft.data_dir to another place.",
						path);
	if (status.st_uid != geteuid())
		return psprintf("directory \"%s\" has wrong ownership. It must belong to the user that runs the server.",
						path);
	if ((status.st_mode & (S_IWGRP | S_IRWXO)) != 0)
		return psprintf("directory \"%s\" has invalid permissions. Permissions should be u=rwx (0700) or u=rwx,g=rx (0750).",
						path);
	if (access(path, R_OK | W_OK | X_OK) != 0)
		return psprintf("could not access directory \"%s\": %s", path,
						strerror(errno));
	return NULL;
}

/*
 * NULL, or why nothing can be written: the JVM and its libraries need room for
 * temporary files, and would only say which of them failed.
 */
static const char *
probe_disk(const char *directory)
{
	char	   *path = psprintf("%s/tmp/probe", directory);
	char		block[8192] = {0};
	int			error = 0;
	int			fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
						  S_IRUSR | S_IWUSR);

	if (fd < 0)
		error = errno;
	for (int written = 0; error == 0 && written < PROBE_BYTES;
		 written += sizeof(block))
	{
		errno = 0;
		if (write(fd, block, sizeof(block)) != sizeof(block))
			error = errno == 0 ? ENOSPC : errno;
	}
	if (fd >= 0)
	{
		(void) close(fd);
		(void) unlink(path);
	}
	if (error == 0)
		return NULL;
	if (error == ENOSPC || error == EDQUOT)
		return psprintf("the file system of directory \"%s\" is full: %s. Make room there. The node tries again by itself and takes part when there is space; nothing that was acknowledged is lost.",
						directory, strerror(error));
	return psprintf("the disk of directory \"%s\" fails: %s. Look for errors of the disk in the kernel's log. The node tries again by itself and takes part when the disk works; if it stays broken, replace the node.",
					directory, strerror(error));
}

static void
empty(const char *directory)
{
	struct stat status;

	if (stat(directory, &status) == 0 && S_ISDIR(status.st_mode))
		(void) rmtree(directory, false);
}

/*
 * Removes copies of the store that were being made or received when the engine
 * ended.  The engine does so itself when it begins, but a copy that met the end
 * of the space would keep it from beginning.
 */
static void
remove_unfinished_copies(const char *directory)
{
	char	   *raft = psprintf("%s/raft", directory);
	DIR		   *groups = opendir(raft);
	struct dirent *group;

	empty(psprintf("%s/snapshot", directory));
	empty(psprintf("%s/staging", directory));
	empty(psprintf("%s/store/incoming", directory));
	if (groups == NULL)
		return;
	while ((group = readdir(groups)) != NULL)
	{
		if (group->d_name[0] != '.')
			empty(psprintf("%s/%s/tmp", raft, group->d_name));
	}
	(void) closedir(groups);
}

const char *
pgraft_data_directory_prepare(void)
{
	const char *directory = pgraft_data_directory();
	const char *reason = make_directory(directory);

	if (reason == NULL)
		reason = make_directory(psprintf("%s/tmp", directory));
	if (reason == NULL && probe_disk(directory) != NULL)
	{
		remove_unfinished_copies(directory);
		reason = probe_disk(directory);
	}
	return reason;
}
