/*-------------------------------------------------------------------------
 *
 * disk.c
 *	  A disk that can lose its power, as a library to preload into a server.
 *
 * kill -9 does not show a missing fsync, because the kernel keeps what was
 * written. This library keeps, beside the directory POWERCUT_DIR, what a disk
 * would hold if the power went now, in POWERCUT_DISK:
 *
 *	  files/INODE	  the content a file had at its last fsync
 *	  tree/PATH		  a symbolic link to INODE for each durable name, and
 *					  the directories
 *
 * fsync of a file makes its content and its name durable, as ext4 and xfs do;
 * fsync of a directory makes durable which names are in it, so a rename
 * without it may be undone. A test kills the server, puts back what the disk
 * holds and starts it again. POWERCUT_BOOT_ID names a file that is read in
 * place of the kernel's boot id, which changes when the power goes.
 *
 * Threads: any. One mutex serializes the bookkeeping, so that an older copy
 * never replaces a newer one. An error here ends the process: a disk that
 * cannot be trusted must not let a test pass.
 *
 *-------------------------------------------------------------------------
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BOOT_ID "/proc/sys/kernel/random/boot_id"

static pthread_mutex_t bookkeeping = PTHREAD_MUTEX_INITIALIZER;

static void mirror(const char *relative);

static void
give_up(const char *what, const char *path)
{
	fprintf(stderr, "powercut: %s %s: %s\n", what, path, strerror(errno));
	abort();
}

static void
format(char *buffer, const char *pattern,...)
{
	va_list		arguments;
	int			length;

	va_start(arguments, pattern);
	length = vsnprintf(buffer, PATH_MAX, pattern, arguments);
	va_end(arguments);
	if (length < 0 || length >= PATH_MAX)
	{
		errno = ENAMETOOLONG;
		give_up("path", pattern);
	}
}

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

/* Keep the content of an open file under its inode. */
static void
keep_content(int fd, ino_t inode)
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
	format(kept, "%s/files/%lu", getenv("POWERCUT_DISK"), (unsigned long) inode);
	format(fresh, "%s/files/%lu.new", getenv("POWERCUT_DISK"), (unsigned long) inode);
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

/* Make a name durable that leads to an inode. */
static void
keep_name(const char *relative, ino_t inode)
{
	char		name[PATH_MAX];
	char		target[32];

	format(name, "%s/tree%s", getenv("POWERCUT_DISK"), relative);
	make_parents(name);
	snprintf(target, sizeof(target), "%lu", (unsigned long) inode);
	if (unlink(name) != 0 && errno != ENOENT)
		give_up("unlink", name);
	if (symlink(target, name) != 0)
		give_up("symlink", name);
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
		if (S_ISREG(status.st_mode))
		{
			/* a name whose content was never synced leads to nothing: an empty file */
			keep_name(child, status.st_ino);
		}
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

/* After the real fsync: what the disk holds now. */
static void
record(int fd)
{
	const char *root = getenv("POWERCUT_DIR");
	char		link[64];
	char		path[PATH_MAX];
	ssize_t		length;
	struct stat status;
	int			saved = errno;

	if (root == NULL)
		return;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, path, sizeof(path) - 1);
	if (length < 0)
		give_up("readlink", link);
	path[length] = '\0';
	if (strncmp(path, root, strlen(root)) != 0 ||
		(path[strlen(root)] != '/' && path[strlen(root)] != '\0') ||
		fstat(fd, &status) != 0)
	{
		errno = saved;
		return;
	}

	pthread_mutex_lock(&bookkeeping);
	if (S_ISDIR(status.st_mode))
		mirror(path + strlen(root));
	else if (S_ISREG(status.st_mode))
	{
		keep_content(fd, status.st_ino);
		/* a file that was removed while it was open has no name */
		if (status.st_nlink > 0)
			keep_name(path + strlen(root), status.st_ino);
	}
	pthread_mutex_unlock(&bookkeeping);
	errno = saved;
}

int
fsync(int fd)
{
	int			(*real) (int) = (int (*) (int)) dlsym(RTLD_NEXT, "fsync");
	int			result = real(fd);

	if (result == 0)
		record(fd);
	return result;
}

int
fdatasync(int fd)
{
	int			(*real) (int) = (int (*) (int)) dlsym(RTLD_NEXT, "fdatasync");
	int			result = real(fd);

	if (result == 0)
		record(fd);
	return result;
}

/* The kernel's boot id is read from another file. */
static const char *
redirect(const char *path)
{
	const char *other = getenv("POWERCUT_BOOT_ID");

	return other != NULL && path != NULL && strcmp(path, BOOT_ID) == 0 ? other : path;
}

static mode_t
mode_argument(int flags, va_list arguments)
{
	bool		creates = (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;

	return creates ? va_arg(arguments, mode_t) : 0;
}

#define DEFINE_OPEN(name) \
int \
name(const char *path, int flags,...) \
{ \
	int			(*real) (const char *, int,...) = \
		(int (*) (const char *, int,...)) dlsym(RTLD_NEXT, #name); \
	va_list		arguments; \
	mode_t		mode; \
	va_start(arguments, flags); \
	mode = mode_argument(flags, arguments); \
	va_end(arguments); \
	return real(redirect(path), flags, mode); \
}

#define DEFINE_OPENAT(name) \
int \
name(int directory, const char *path, int flags,...) \
{ \
	int			(*real) (int, const char *, int,...) = \
		(int (*) (int, const char *, int,...)) dlsym(RTLD_NEXT, #name); \
	va_list		arguments; \
	mode_t		mode; \
	va_start(arguments, flags); \
	mode = mode_argument(flags, arguments); \
	va_end(arguments); \
	return real(directory, redirect(path), flags, mode); \
}

DEFINE_OPEN(open)
DEFINE_OPEN(open64)
DEFINE_OPENAT(openat)
DEFINE_OPENAT(openat64)
