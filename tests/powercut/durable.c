/*-------------------------------------------------------------------------
 *
 * durable.c
 *	  What the disk holds.
 *
 * kill -9 does not show a missing fsync, because the kernel keeps what was
 * written. Beside the directory POWERCUT_DIR is kept in POWERCUT_DISK what a disk
 * would hold if the power went now:
 *
 *	  files/FILE	  the content a file had at its last fsync
 *	  tree/PATH		  a symbolic link to FILE for each durable name, and the
 *					  directories
 *
 * FILE is the inode's number and time of birth, which tells it from a later
 * file with that number. What is in files/ is cleared when the power goes. Of
 * two names that lead to one file the later one counts: a rename was cut short.
 *
 * fsync of a file makes its content and its name durable, as ext4 and xfs do;
 * fsync of a directory makes durable which names are in it, so a rename
 * without it may be undone. A test kills the server, puts back what the disk
 * holds and starts it again.
 *
 * One mutex serializes all of it, so that an older copy never replaces a newer
 * one.
 *
 *-------------------------------------------------------------------------
 */
#include "disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static pthread_mutex_t bookkeeping = PTHREAD_MUTEX_INITIALIZER;

static void
make_directory(const char *path)
{
	if (mkdir(path, 0777) != 0 && errno != EEXIST)
		give_up("mkdir", path);
}

/* Make the directories above a path below tree/. */
static void
make_parents(const char *path)
{
	char		parent[PATH_MAX];
	char	   *slash;

	format(parent, "%s", path);
	for (slash = strchr(parent + strlen(getenv("POWERCUT_DISK")) + 1, '/');
		 slash != NULL; slash = strchr(slash + 1, '/'))
	{
		*slash = '\0';
		make_directory(parent);
		*slash = '/';
	}
}

/* Keep the content of an open file. */
static void
keep_content(int fd, const file_id id)
{
	char		kept[PATH_MAX];
	char		fresh[PATH_MAX];
	static char block[65536];
	off_t		offset = 0;
	ssize_t		length;
	char		source[64];
	int			in;
	int			out;

	/* the file may be open for writing only */
	snprintf(source, sizeof(source), "/proc/self/fd/%d", fd);
	format(kept, "%s/files/%s", getenv("POWERCUT_DISK"), id);
	format(fresh, "%s/files/%s.new", getenv("POWERCUT_DISK"), id);
	in = open(source, O_RDONLY | O_CLOEXEC);
	if (in < 0)
		give_up("open", source);
	out = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (out < 0)
		give_up("open", fresh);
	while ((length = pread(in, block, sizeof(block), offset)) > 0)
	{
		if (pwrite(out, block, (size_t) length, offset) != length)
			give_up("write", fresh);
		offset += length;
	}
	if (length < 0)
		give_up("read", source);
	close(in);
	close(out);
	if (rename(fresh, kept) != 0)
		give_up("rename", fresh);
}

/*
 * Make a name durable that leads to a file. The process may be killed at any
 * point, and a disk has the old name then or the new one, never none.
 */
static void
keep_name(const char *relative, const file_id id)
{
	char		name[PATH_MAX];
	char		fresh[PATH_MAX];
	file_id		before;
	ssize_t		length;

	format(name, "%s/tree%s", getenv("POWERCUT_DISK"), relative);
	length = readlink(name, before, sizeof(before));
	if (length == (ssize_t) strlen(id) && memcmp(before, id, strlen(id)) == 0)
		return;
	format(fresh, "%s/name.new", getenv("POWERCUT_DISK"));
	make_parents(name);
	if (unlink(fresh) != 0 && errno != ENOENT)
		give_up("unlink", fresh);
	if (symlink(id, fresh) != 0)
		give_up("symlink", fresh);
	if (rename(fresh, name) != 0)
		give_up("rename", name);
}

static void
forget(const char *path)
{
	DIR		   *directory;
	struct dirent *entry;
	char		child[PATH_MAX];

	if (unlink(path) == 0)
		return;
	directory = opendir(path);
	if (directory == NULL)
		give_up("opendir", path);
	while ((entry = readdir(directory)) != NULL)
	{
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		format(child, "%s/%s", path, entry->d_name);
		forget(child);
	}
	closedir(directory);
	if (rmdir(path) != 0)
		give_up("rmdir", path);
}

/* Forget the durable names that are no longer in a directory. */
static void
forget_removed(const char *real, const char *durable)
{
	DIR		   *directory = opendir(durable);
	struct dirent *entry;
	struct stat status;
	char		path[PATH_MAX];

	if (directory == NULL)
		give_up("opendir", durable);
	while ((entry = readdir(directory)) != NULL)
	{
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		format(path, "%s/%s", real, entry->d_name);
		if (lstat(path, &status) != 0)
		{
			format(path, "%s/%s", durable, entry->d_name);
			forget(path);
		}
	}
	closedir(directory);
}

/* Make durable which names are in a directory; relative is "" for POWERCUT_DIR itself. */
static void
mirror(const char *relative)
{
	char		real[PATH_MAX];
	char		durable[PATH_MAX];
	char		path[PATH_MAX];
	char		child[PATH_MAX];
	DIR		   *directory;
	struct dirent *entry;
	struct stat status;
	file_id		id;

	format(real, "%s%s", getenv("POWERCUT_DIR"), relative);
	format(durable, "%s/tree%s", getenv("POWERCUT_DISK"), relative);
	make_parents(durable);
	make_directory(durable);
	directory = opendir(real);
	if (directory == NULL)
		give_up("opendir", real);
	while ((entry = readdir(directory)) != NULL)
	{
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		format(path, "%s/%s", real, entry->d_name);
		format(child, "%s/%s", relative, entry->d_name);
		if (lstat(path, &status) != 0)
			continue;			/* removed meanwhile */
		/* a name whose content was never synced leads to nothing: an empty file */
		if (S_ISREG(status.st_mode) && identify(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, id))
			keep_name(child, id);
		else if (S_ISDIR(status.st_mode))
		{
			format(path, "%s/tree%s", getenv("POWERCUT_DISK"), child);
			if (lstat(path, &status) != 0)
				mirror(child);	/* new here, perhaps renamed */
		}
	}
	closedir(directory);
	forget_removed(real, durable);
}

void
record(int fd)
{
	const char *root = getenv("POWERCUT_DIR");
	char		path[PATH_MAX];
	struct stat status;
	file_id		id;
	int			saved = errno;

	if (getenv("POWERCUT_DISK") == NULL || !path_of(fd, path) ||
		is_lost(fd, false) || fstat(fd, &status) != 0)
	{
		errno = saved;
		return;
	}

	pthread_mutex_lock(&bookkeeping);
	if (S_ISDIR(status.st_mode))
		mirror(path + strlen(root));
	else if (identify(fd, "", AT_EMPTY_PATH, id))
	{
		keep_content(fd, id);
		/* a file that was removed while it was open has no name */
		if (status.st_nlink > 0)
			keep_name(path + strlen(root), id);
	}
	pthread_mutex_unlock(&bookkeeping);
	errno = saved;
}
