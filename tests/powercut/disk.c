/*-------------------------------------------------------------------------
 *
 * disk.c
 *	  A disk that can lose its power, be full or fail, as a library to preload
 *	  into a server.
 *
 * kill -9 does not show a missing fsync, because the kernel keeps what was
 * written. This library keeps, beside the directory POWERCUT_DIR, what a disk
 * would hold if the power went now, in POWERCUT_DISK:
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
 * holds and starts it again. POWERCUT_BOOT_ID names a file that is read in
 * place of the kernel's boot id, which changes when the power goes.
 *
 * The disk can also be full or fail. POWERCUT_FAULT names a file that is there
 * while it does, of one line:
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
 * Threads: any. One mutex serializes the bookkeeping, so that an older copy
 * never replaces a newer one, another the faults. An error here ends the
 * process: a disk that cannot be trusted must not let a test pass.
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
#include <sys/uio.h>
#include <unistd.h>

#define BOOT_ID "/proc/sys/kernel/random/boot_id"

static pthread_mutex_t bookkeeping = PTHREAD_MUTEX_INITIALIZER;

/* The fault in force, and how much of its BYTES is used up. */
static pthread_mutex_t faults = PTHREAD_MUTEX_INITIALIZER;
static ino_t fault_file;
static long fault_used;

/* Which file it is, whatever name it has: INODE-BIRTH. */
typedef char file_id[64];

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

/* As the arguments of statx(2) name it; false if it is gone, or no regular file. */
static bool
identify(int directory, const char *path, int flags, file_id id)
{
	struct statx status;

	if (statx(directory, path, flags, STATX_INO | STATX_TYPE | STATX_BTIME, &status) != 0 ||
		!S_ISREG(status.stx_mode))
		return false;
	snprintf(id, sizeof(file_id), "%llu-%lld.%09u", (unsigned long long) status.stx_ino,
			 (long long) status.stx_btime.tv_sec, status.stx_btime.tv_nsec);
	return true;
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

static bool
is_below(const char *path)
{
	const char *root = getenv("POWERCUT_DIR");

	return root != NULL && strncmp(path, root, strlen(root)) == 0 &&
		(path[strlen(root)] == '/' || path[strlen(root)] == '\0');
}

/* The path of an open file, if it is below POWERCUT_DIR. */
static bool
path_of(int fd, char *path)
{
	char		link[64];
	ssize_t		length;
	int			saved = errno;

	if (getenv("POWERCUT_DIR") == NULL)
		return false;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, path, PATH_MAX - 1);
	errno = saved;
	if (length < 0)
		return false;
	path[length] = '\0';
	return is_below(path);
}

/* ---------- faults ---------- */

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

/*
 * How many of the bytes a call may write: all of them while the disk is well,
 * else what is left, or -1 with errno. Calls that write nothing have none.
 */
static ssize_t
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

	if (control == NULL || !is_below(path) || (file = fopen(control, "re")) == NULL)
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

/* Whether a call that writes nothing goes on; else errno is set. */
static bool
succeeds(char call, const char *path)
{
	return allowed(call, path, 0) >= 0;
}

/* The same for an open file. */
static bool
succeeds_on(char call, int fd)
{
	char		path[PATH_MAX];

	return !path_of(fd, path) || succeeds(call, path);
}

static ssize_t
allowed_on(int fd, size_t bytes)
{
	char		path[PATH_MAX];

	return path_of(fd, path) ? allowed('w', path, (ssize_t) bytes) : (ssize_t) bytes;
}

/*
 * Whether the kernel has dropped what was written to a file; loses it if so told.
 * Kept in POWERCUT_FAULT.lost, because a worker that starts again meets the same
 * kernel.
 */
static bool
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

/* ---------- fsync ---------- */

/* After the real fsync: what the disk holds now. */
static void
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

static int
sync_with(int (*real) (int), int fd)
{
	int			result;

	if (!succeeds_on('s', fd))
	{
		int			saved = errno;

		(void) is_lost(fd, true);
		errno = saved;
		return -1;
	}
	result = real(fd);
	if (result == 0)
		record(fd);
	return result;
}

int
fsync(int fd)
{
	return sync_with((int (*) (int)) dlsym(RTLD_NEXT, "fsync"), fd);
}

int
fdatasync(int fd)
{
	return sync_with((int (*) (int)) dlsym(RTLD_NEXT, "fdatasync"), fd);
}

/* ---------- writing ---------- */

ssize_t
write(int fd, const void *bytes, size_t length)
{
	ssize_t		(*real) (int, const void *, size_t) =
		(ssize_t (*) (int, const void *, size_t)) dlsym(RTLD_NEXT, "write");
	ssize_t		part = allowed_on(fd, length);

	return part < 0 ? -1 : real(fd, bytes, (size_t) part);
}

#define DEFINE_PWRITE(name, offset_type) \
ssize_t \
name(int fd, const void *bytes, size_t length, offset_type offset) \
{ \
	ssize_t		(*real) (int, const void *, size_t, offset_type) = \
		(ssize_t (*) (int, const void *, size_t, offset_type)) dlsym(RTLD_NEXT, #name); \
	ssize_t		part = allowed_on(fd, length); \
	return part < 0 ? -1 : real(fd, bytes, (size_t) part, offset); \
}

DEFINE_PWRITE(pwrite, off_t)
DEFINE_PWRITE(pwrite64, off64_t)

static size_t
total(const struct iovec *parts, int count)
{
	size_t		sum = 0;

	for (int i = 0; i < count; i++)
		sum += parts[i].iov_len;
	return sum;
}

/* A vector is written whole or not at all, which a kernel may do. */
ssize_t
writev(int fd, const struct iovec *parts, int count)
{
	ssize_t		(*real) (int, const struct iovec *, int) =
		(ssize_t (*) (int, const struct iovec *, int)) dlsym(RTLD_NEXT, "writev");

	return allowed_on(fd, total(parts, count)) < 0 ? -1 : real(fd, parts, count);
}

#define DEFINE_PWRITEV(name, offset_type) \
ssize_t \
name(int fd, const struct iovec *parts, int count, offset_type offset) \
{ \
	ssize_t		(*real) (int, const struct iovec *, int, offset_type) = \
		(ssize_t (*) (int, const struct iovec *, int, offset_type)) dlsym(RTLD_NEXT, #name); \
	return allowed_on(fd, total(parts, count)) < 0 ? -1 : real(fd, parts, count, offset); \
}

DEFINE_PWRITEV(pwritev, off_t)
DEFINE_PWRITEV(pwritev64, off64_t)

#define DEFINE_TRUNCATE(name, offset_type) \
int \
name(int fd, offset_type length) \
{ \
	int			(*real) (int, offset_type) = \
		(int (*) (int, offset_type)) dlsym(RTLD_NEXT, #name); \
	return succeeds_on('t', fd) ? real(fd, length) : -1; \
}

DEFINE_TRUNCATE(ftruncate, off_t)
DEFINE_TRUNCATE(ftruncate64, off64_t)

/* ---------- names ---------- */

int
rename(const char *from, const char *to)
{
	int			(*real) (const char *, const char *) =
		(int (*) (const char *, const char *)) dlsym(RTLD_NEXT, "rename");

	return succeeds('r', to) ? real(from, to) : -1;
}

int
mkdir(const char *path, mode_t mode)
{
	int			(*real) (const char *, mode_t) =
		(int (*) (const char *, mode_t)) dlsym(RTLD_NEXT, "mkdir");

	return succeeds('c', path) ? real(path, mode) : -1;
}

/* Whether an open goes on: a file that is there already needs no space. */
static bool
may_open(const char *path, int flags)
{
	struct stat status;

	return (flags & O_CREAT) == 0 || stat(path, &status) == 0 || succeeds('c', path);
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
	return may_open(path, flags) ? real(redirect(path), flags, mode) : -1; \
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
	return may_open(path, flags) ? real(directory, redirect(path), flags, mode) : -1; \
}

DEFINE_OPEN(open)
DEFINE_OPEN(open64)
DEFINE_OPENAT(openat)
DEFINE_OPENAT(openat64)
