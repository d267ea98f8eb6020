/*-------------------------------------------------------------------------
 *
 * disk.h
 *	  A disk that can lose its power, be full or fail, as a library to preload
 *	  into a server.
 *
 * calls.c has the C library's functions that are replaced, durable.c what a disk
 * would hold if the power went now, fault.c what makes calls fail, files.c what
 * the three need to know of files.
 *
 * An error of the library's own ends the process: a disk that cannot be trusted
 * must not let a test pass. Threads: any may make any call.
 *
 *-------------------------------------------------------------------------
 */
#ifndef POWERCUT_DISK_H
#define POWERCUT_DISK_H

#include <stdbool.h>
#include <sys/types.h>

/* The server must not take what the files share with each other for its own. */
#pragma GCC visibility push(hidden)

/* ---------- files.c ---------- */

/* Which file it is, whatever name it has: INODE-BIRTH. */
typedef char file_id[64];

/* Ends the process; errno says why. */
extern void give_up(const char *what, const char *path) __attribute__((noreturn));

/* snprintf into PATH_MAX bytes, which must do. */
extern void format(char *buffer, const char *pattern,...) __attribute__((format(printf, 2, 3)));

/* As the arguments of statx(2) name it; false if it is gone, or no regular file. */
extern bool identify(int directory, const char *path, int flags, file_id id);

extern bool is_below_root(const char *path);

/* The path of an open file, in PATH_MAX bytes, if it is below POWERCUT_DIR. */
extern bool path_of(int fd, char *path);

/* ---------- durable.c ---------- */

/* After an fsync that succeeded: what the disk holds now. */
extern void record(int fd);

/* ---------- fault.c ---------- */

/*
 * How many of the bytes a call may write: all of them while the disk is well,
 * else what is left, or -1 with errno. Calls that write nothing have none.
 */
extern ssize_t allowed(char call, const char *path, ssize_t bytes);

/*
 * Whether the kernel has dropped what was written to a file; loses it if so told.
 * Kept in POWERCUT_FAULT.lost, because a worker that starts again meets the same
 * kernel.
 */
extern bool is_lost(int fd, bool lose);

#pragma GCC visibility pop

#endif
