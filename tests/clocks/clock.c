/*-------------------------------------------------------------------------
 *
 * clock.c
 *	  Clocks of a node's own, as a library to preload into a server.
 *
 * All nodes of a test run on one machine and so by one clock. With this, each
 * has clocks that begin elsewhere, run at a rate of their own, and of which
 * the wall clock jumps. The file CLOCKS_FILE says how, and is mapped, so that
 * a change of it acts at once in every process. It is an array of 64-bit
 * integers in the order of this machine:
 *
 *	  0			 how much further CLOCK_BOOTTIME and CLOCK_MONOTONIC are, in ns
 *	  1			 how many rates there are
 *	  2 + 2 i	 from when on, by the true clock, in ns; the first: 0
 *	  3 + 2 i	 the rate from then on, in millionths
 *	  256		 how many wall offsets there are
 *	  257 + 2 i	 from when on, as above
 *	  258 + 2 i	 how much further CLOCK_REALTIME is, beside what follows from the
 *				 above, in ns
 *
 * Rates and offsets are only ever added, and begin in the future, so that the
 * clocks are continuous, except for jumps of the wall clock, and the test
 * knows at each instant what they show. "The true clock" is CLOCK_BOOTTIME for
 * CLOCK_BOOTTIME and CLOCK_REALTIME, and CLOCK_MONOTONIC for CLOCK_MONOTONIC;
 * the two are the same on a machine that was never suspended.
 *
 * What the kernel measures runs by the true clock: sleeps, and timeouts of
 * epoll and poll. Their lengths are as wrong as the rate is, no more; on a real
 * machine with such a clock they would be right by its own. Only waits for an
 * instant have to be translated, else they would last for hours: of those, the
 * JVM uses pthread_cond_timedwait(), and pgraft pthread_mutex_timedlock().
 *
 * Threads: any. Locks: none.
 *
 *-------------------------------------------------------------------------
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define FILE_BYTES	4096
#define SECOND		INT64_C(1000000000)
#define WALL		256

/* Instants from here on are of CLOCK_REALTIME: no machine runs for thirty years. */
#define FIRST_WALL_SECOND	INT64_C(1000000000)

typedef int (*CondTimedwait) (pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
typedef int (*MutexTimedlock) (pthread_mutex_t *, const struct timespec *);

static const _Atomic int64_t *settings;
static CondTimedwait real_cond_timedwait;
static MutexTimedlock real_mutex_timedlock;

static void
give_up(const char *what)
{
	perror(what);
	abort();
}

__attribute__((constructor)) static void
prepare(void)
{
	const char *path = getenv("CLOCKS_FILE");
	int			fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	void	   *mapped;

	if (fd < 0)
		give_up("clocks: open");
	mapped = mmap(NULL, FILE_BYTES, PROT_READ, MAP_SHARED, fd, 0);
	if (mapped == MAP_FAILED)
		give_up("clocks: mmap");
	close(fd);
	settings = mapped;
	/* the default version, which has no fixed name over all architectures */
	real_cond_timedwait = (CondTimedwait) dlvsym(RTLD_NEXT, "pthread_cond_timedwait", "GLIBC_2.3.2");
	if (real_cond_timedwait == NULL)
		real_cond_timedwait = (CondTimedwait) dlsym(RTLD_NEXT, "pthread_cond_timedwait");
	real_mutex_timedlock = (MutexTimedlock) dlsym(RTLD_NEXT, "pthread_mutex_timedlock");
	if (real_cond_timedwait == NULL || real_mutex_timedlock == NULL)
		give_up("clocks: dlsym");
}

static int64_t
true_nanos(clockid_t id)
{
	struct timespec now;

	/* the kernel's own answer, beside everything that is preloaded */
	if (syscall(SYS_clock_gettime, id, &now) != 0)
		give_up("clocks: clock_gettime");
	return now.tv_sec * SECOND + now.tv_nsec;
}

/* What millionths of a rate make of a time, without overflow. */
static int64_t
scale(int64_t nanos, int64_t by, int64_t from)
{
	return (int64_t) ((__int128) nanos * by / from);
}

/* What the node's clock shows when the true one shows that. */
static int64_t
node_nanos(int64_t true_time)
{
	int64_t		count = settings[1];
	int64_t		shown = settings[0];

	for (int64_t i = 0; i < count && settings[2 + 2 * i] < true_time; i++)
	{
		int64_t		begin = settings[2 + 2 * i];
		int64_t		end = i + 1 < count && settings[4 + 2 * i] < true_time ? settings[4 + 2 * i] : true_time;

		shown += scale(end - begin, settings[3 + 2 * i], 1000000);
	}
	return shown;
}

/* What the true clock shows when the node's one shows that: the inverse. */
static int64_t
true_of_node(int64_t shown)
{
	int64_t		count = settings[1];
	int64_t		i = 0;

	/* the last rate that began before */
	while (i + 1 < count && node_nanos(settings[4 + 2 * i]) <= shown)
		i++;
	return settings[2 + 2 * i] +
		scale(shown - node_nanos(settings[2 + 2 * i]), 1000000, settings[3 + 2 * i]);
}

/* How much further the wall clock is than what the true one shows. */
static int64_t
wall_lead(void)
{
	int64_t		boot = true_nanos(CLOCK_BOOTTIME);
	int64_t		lead = node_nanos(boot) - boot;
	int64_t		jump = 0;

	for (int64_t i = 0; i < settings[WALL] && settings[WALL + 1 + 2 * i] < boot; i++)
		jump = settings[WALL + 2 + 2 * i];
	return lead + jump;
}

static int64_t
shown_nanos(clockid_t id)
{
	switch (id)
	{
		case CLOCK_REALTIME:
		case CLOCK_REALTIME_COARSE:
			return true_nanos(id) + wall_lead();
		case CLOCK_BOOTTIME:
		case CLOCK_MONOTONIC:
		case CLOCK_MONOTONIC_RAW:
		case CLOCK_MONOTONIC_COARSE:
			return node_nanos(true_nanos(id));
		default:
			return true_nanos(id);
	}
}

int
clock_gettime(clockid_t id, struct timespec *now)
{
	int64_t		nanos;

	/* before the constructor has run, and clocks of processes and threads */
	if (settings == NULL || id == CLOCK_PROCESS_CPUTIME_ID || id == CLOCK_THREAD_CPUTIME_ID || id < 0)
		return (int) syscall(SYS_clock_gettime, id, now);
	nanos = shown_nanos(id);
	now->tv_sec = nanos / SECOND;
	now->tv_nsec = nanos % SECOND;
	return 0;
}

int
gettimeofday(struct timeval *restrict now, void *restrict zone)
{
	struct timespec precise;

	(void) zone;
	clock_gettime(CLOCK_REALTIME, &precise);
	now->tv_sec = precise.tv_sec;
	now->tv_usec = precise.tv_nsec / 1000;
	return 0;
}

time_t
time(time_t *result)
{
	struct timespec precise;

	clock_gettime(CLOCK_REALTIME, &precise);
	if (result != NULL)
		*result = precise.tv_sec;
	return precise.tv_sec;
}

/* The true instant at which a clock of the node shows that. */
static struct timespec
translate(const struct timespec *shown)
{
	struct timespec translated = *shown;
	int64_t		nanos;

	if (settings == NULL || shown->tv_sec > INT64_MAX / SECOND - 1)
		return translated;
	nanos = shown->tv_sec * SECOND + shown->tv_nsec;
	nanos = shown->tv_sec >= FIRST_WALL_SECOND ? nanos - wall_lead() : true_of_node(nanos);
	if (nanos < 0)
		nanos = 0;
	translated.tv_sec = nanos / SECOND;
	translated.tv_nsec = nanos % SECOND;
	return translated;
}

int
pthread_cond_timedwait(pthread_cond_t *restrict condition, pthread_mutex_t *restrict mutex,
					   const struct timespec *restrict until)
{
	struct timespec translated = translate(until);

	return real_cond_timedwait(condition, mutex, &translated);
}

int
pthread_mutex_timedlock(pthread_mutex_t *restrict mutex, const struct timespec *restrict until)
{
	struct timespec translated = translate(until);

	return real_mutex_timedlock(mutex, &translated);
}
