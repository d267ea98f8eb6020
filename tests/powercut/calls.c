/*-------------------------------------------------------------------------
 *
 * calls.c
 *	  The calls by which a server changes files, each before the kernel's.
 *
 * POWERCUT_BOOT_ID names a file that is read in place of the kernel's boot id,
 * which changes when the power goes.
 *
 *-------------------------------------------------------------------------
 */
#include "disk.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define BOOT_ID "/proc/sys/kernel/random/boot_id"

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

/* ---------- fsync ---------- */

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
