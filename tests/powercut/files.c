/*-------------------------------------------------------------------------
 *
 * files.c
 *	  What is known of files below POWERCUT_DIR, the directory whose disk it is.
 *
 *-------------------------------------------------------------------------
 */
#include "disk.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void
give_up(const char *what, const char *path)
{
	fprintf(stderr, "powercut: %s %s: %s\n", what, path, strerror(errno));
	abort();
}

void
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

bool
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

bool
is_below_root(const char *path)
{
	const char *root = getenv("POWERCUT_DIR");

	return root != NULL && strncmp(path, root, strlen(root)) == 0 &&
		(path[strlen(root)] == '/' || path[strlen(root)] == '\0');
}

bool
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
	return is_below_root(path);
}
