/*
 * log_ring.c
 *	  Messages of the engine on their way to the server's log.
 *
 * Any thread of the JVM puts messages into a ring of bytes; the worker's main
 * thread takes them out between two rounds and hands them to ereport, which no
 * other thread may call.  When the ring is full a message is dropped and counted,
 * and the count is logged: the engine never waits for the log.
 *
 * Threads: pgraft_log_put() any, pgraft_log_drain() the worker's main thread.
 * Locks: a mutex of this process's own, held for a copy.  A JVM that dies may
 * leave it locked, so the drain gives up after a moment.
 */
#include "prelude.h"

#include <pthread.h>
#include <time.h>

#include "log_ring.h"

#define RING_BYTES		(128 * 1024)
#define MESSAGE_MAX		8192

/* In front of each message in the ring. */
typedef struct Head
{
	int32		level;
	int32		len;
} Head;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static char ring[RING_BYTES];
static uint32 written = 0;		/* bytes ever put in, modulo 2^32 */
static uint32 taken = 0;
static int	dropped = 0;

static void
copy_in(const void *from, int len)
{
	for (int i = 0; i < len; i++)
		ring[written++ % RING_BYTES] = ((const char *) from)[i];
}

static void
copy_out(void *to, int len)
{
	for (int i = 0; i < len; i++)
		((char *) to)[i] = ring[taken++ % RING_BYTES];
}

/* Puts a message in; what is too long is cut.  False: there was no room. */
bool
pgraft_log_put(int level, const char *text, int len)
{
	Head		head = {level, Max(0, Min(len, MESSAGE_MAX - 1))};
	bool		fits;

	pthread_mutex_lock(&mutex);
	fits = written - taken + sizeof(head) + head.len <= RING_BYTES;
	if (fits)
	{
		copy_in(&head, sizeof(head));
		copy_in(text, head.len);
	}
	else
		dropped++;
	pthread_mutex_unlock(&mutex);
	return fits;
}

/* Takes a message out; false: there is none. */
static bool
take(Head *head, char *text, int *lost)
{
	struct timespec until;
	bool		some;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 1;
	*lost = 0;
	if (pthread_mutex_timedlock(&mutex, &until) != 0)
		return false;
	some = written != taken;
	if (some)
	{
		copy_out(head, sizeof(*head));
		copy_out(text, head->len);
		text[head->len] = '\0';
	}
	else
	{
		*lost = dropped;
		dropped = 0;
	}
	pthread_mutex_unlock(&mutex);
	return some;
}

/* Hands the messages to the server's log. */
void
pgraft_log_drain(void)
{
	static char text[MESSAGE_MAX];
	Head		head;
	int			lost = 0;
	uint32		end = written;

	/* No further than now: the engine may log as fast as this. */
	while ((int32) (end - taken) > 0)
	{
		if (!take(&head, text, &lost))
			break;
		/* The engine says itself what is worth logging: see pgraft.log_level. */
		ereport(head.level >= PGRAFT_LOG_WARNING ? WARNING : LOG,
				(errmsg_internal("pgraft: %s", text)));
	}
	if (written == taken && dropped > 0)
		(void) take(&head, text, &lost);
	if (lost > 0)
		ereport(WARNING,
				(errmsg("pgraft: %d messages were lost because they came too fast",
						lost)));
}
