/*-------------------------------------------------------------------------
 *
 * relay.c
 *	  A slow link: passes TCP connections on, later and not faster than told.
 *
 * For kernels without netem. What other members send to a node's port is
 * redirected (iptables) to this relay, which runs on the node's host:
 *
 *	  relay LISTEN_PORT ADDRESS PORT FILE
 *
 * listens on LISTEN_PORT and connects to ADDRESS:PORT. FILE has a line
 *
 *	  DELAY_MS JITTER_MS BYTES_PER_SECOND
 *
 * which is read again every 100 ms: each piece is held for the delay and a
 * random part of the jitter, in order, both ways; 0 bytes per second mean no
 * limit, which else is for each connection and direction. When the line is
 * another one, what is held goes out at once. FILE.held tells how many bytes
 * were held by either. The relay ends when FILE is gone.
 *
 * Threads: one. All waiting is in one poll().
 *
 *-------------------------------------------------------------------------
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* poll() takes no more places than a process may have files, and each pipe has two. */
#define PIPES_MAX		400
#define PIECE_BYTES		4096
#define QUEUE_BYTES_MAX (64 << 10)
#define LOOK_MS			100

typedef struct Piece
{
	struct Piece *next;
	int64_t		due;
	size_t		length;
	size_t		sent;
	char		data[PIECE_BYTES];
} Piece;

/* One direction of a connection. */
typedef struct
{
	int			from;			/* -1 once there is no more to read */
	int			to;
	bool		used;
	bool		connecting;		/* "to" is not connected yet */
	bool		finished;		/* all was written and "to" was told so */
	int			other;			/* the other direction */
	Piece	   *first;
	Piece	   *last;
	size_t		queued;
	int64_t		last_due;
} Pipe;

static Pipe pipes[PIPES_MAX];
static const char *file;
static long delay_ms;
static long jitter_ms;
static long rate;
static unsigned long long held;

static void
give_up(const char *what)
{
	fprintf(stderr, "relay: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* Microseconds. */
static int64_t
now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* What is held is held no longer: the link is another one from now on. */
static void
release(void)
{
	for (int i = 0; i < PIPES_MAX; i++)
	{
		pipes[i].last_due = 0;
		for (Piece *piece = pipes[i].first; pipes[i].used && piece != NULL; piece = piece->next)
			piece->due = 0;
	}
}

static void
look(void)
{
	char		path[4096];
	char		fresh[4096];
	long		before[3] = {delay_ms, jitter_ms, rate};
	FILE	   *settings = fopen(file, "r");
	FILE	   *stats;

	if (settings == NULL)
		exit(0);
	if (fscanf(settings, "%ld %ld %ld", &delay_ms, &jitter_ms, &rate) != 3)
		give_up(file);
	fclose(settings);
	if (delay_ms != before[0] || jitter_ms != before[1] || rate != before[2])
		release();
	snprintf(path, sizeof(path), "%s.held", file);
	snprintf(fresh, sizeof(fresh), "%s.held.new", file);
	stats = fopen(fresh, "w");
	/* the directory may be on its way out */
	if (stats == NULL)
		exit(0);
	fprintf(stats, "%llu\n", held);
	fclose(stats);
	(void) rename(fresh, path);
}

static void
set_up(int socket)
{
	int			yes = 1;

	if (fcntl(socket, F_SETFL, O_NONBLOCK) != 0 ||
		setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes)) != 0)
		give_up("socket");
}

static int
free_pipe(void)
{
	for (int i = 0; i < PIPES_MAX; i++)
	{
		if (!pipes[i].used)
		{
			memset(&pipes[i], 0, sizeof(Pipe));
			pipes[i].used = true;
			return i;
		}
	}
	errno = EMFILE;
	give_up("connections");
	return -1;
}

static void
take_connection(int listener, const struct sockaddr_in *target)
{
	int			in = accept(listener, NULL, NULL);
	int			out;
	int			a;
	int			b;

	if (in < 0)
		return;
	out = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (out < 0)
		give_up("socket");
	set_up(in);
	set_up(out);
	if (connect(out, (const struct sockaddr *) target, sizeof(*target)) != 0 && errno != EINPROGRESS)
	{
		close(in);
		close(out);
		return;
	}
	a = free_pipe();
	b = free_pipe();
	pipes[a].from = pipes[b].to = in;
	pipes[a].to = pipes[b].from = out;
	pipes[a].connecting = true;
	pipes[a].other = b;
	pipes[b].other = a;
}

/* Ends both directions at once, as a connection that breaks does. */
static void
drop(int i)
{
	int			both[2] = {i, pipes[i].other};

	close(pipes[i].to);
	close(pipes[both[1]].to);
	for (int k = 0; k < 2; k++)
	{
		Pipe	   *pipe = &pipes[both[k]];

		while (pipe->first != NULL)
		{
			Piece	   *piece = pipe->first;

			pipe->first = piece->next;
			free(piece);
		}
		pipe->used = false;
	}
}

/* false: the connection broke. */
static bool
take_in(Pipe *pipe)
{
	Piece	   *piece = malloc(sizeof(Piece));
	ssize_t		length;
	int64_t		now = now_us();

	if (piece == NULL)
		give_up("memory");
	length = read(pipe->from, piece->data, PIECE_BYTES);
	if (length <= 0)
	{
		free(piece);
		if (length < 0)
			return errno == EAGAIN;
		pipe->from = -1;
		return true;
	}
	piece->next = NULL;
	piece->sent = 0;
	piece->length = (size_t) length;
	piece->due = now + delay_ms * 1000;
	if (jitter_ms > 0)
		piece->due += rand() % (jitter_ms * 1000);
	if (piece->due < pipe->last_due)
		piece->due = pipe->last_due;
	if (rate > 0)
		piece->due += (int64_t) length * 1000000 / rate;
	pipe->last_due = piece->due;
	if (piece->due > now)
		held += (unsigned long long) length;
	if (pipe->last == NULL)
		pipe->first = piece;
	else
		pipe->last->next = piece;
	pipe->last = piece;
	pipe->queued += piece->length;
	return true;
}

/* Writes what is due; false: the connection broke. */
static bool
give_out(Pipe *pipe)
{
	while (pipe->first != NULL && pipe->first->due <= now_us())
	{
		Piece	   *piece = pipe->first;
		ssize_t		length = send(pipe->to, piece->data + piece->sent, piece->length - piece->sent, MSG_NOSIGNAL);

		if (length < 0)
			return errno == EAGAIN;
		piece->sent += (size_t) length;
		pipe->queued -= (size_t) length;
		if (piece->sent < piece->length)
			return true;
		pipe->first = piece->next;
		if (pipe->first == NULL)
			pipe->last = NULL;
		free(piece);
	}
	if (pipe->first == NULL && pipe->from < 0 && !pipe->finished)
	{
		pipe->finished = true;
		shutdown(pipe->to, SHUT_WR);
	}
	return true;
}

/* false: the connection broke. */
static bool
connected(Pipe *pipe)
{
	int			error = 0;
	socklen_t	length = sizeof(error);

	pipe->connecting = false;
	return getsockopt(pipe->to, SOL_SOCKET, SO_ERROR, &error, &length) == 0 && error == 0;
}

/* What poll() is to wait for on behalf of pipe i, in two places. */
static int
prepare(const Pipe *pipe, struct pollfd *in, struct pollfd *out, int wait_ms)
{
	bool		due = false;

	in->fd = pipe->queued < QUEUE_BYTES_MAX && !pipe->connecting ? pipe->from : -1;
	in->events = POLLIN;
	if (pipe->first != NULL)
	{
		int64_t		left = pipe->first->due - now_us();

		due = left <= 0;
		if (!due && left / 1000 + 1 < wait_ms)
			wait_ms = (int) (left / 1000) + 1;
	}
	out->fd = pipe->connecting || due ? pipe->to : -1;
	out->events = POLLOUT;
	return wait_ms;
}

static void
serve(int listener, const struct sockaddr_in *target)
{
	static struct pollfd polls[2 * PIPES_MAX + 1];
	int64_t		looked = 0;

	for (;;)
	{
		int			wait_ms = LOOK_MS;

		if (now_us() - looked > LOOK_MS * 1000)
		{
			look();
			looked = now_us();
		}
		for (int i = 0; i < PIPES_MAX; i++)
		{
			polls[2 * i].fd = polls[2 * i + 1].fd = -1;
			if (pipes[i].used)
				wait_ms = prepare(&pipes[i], &polls[2 * i], &polls[2 * i + 1], wait_ms);
		}
		polls[2 * PIPES_MAX].fd = listener;
		polls[2 * PIPES_MAX].events = POLLIN;
		if (poll(polls, 2 * PIPES_MAX + 1, wait_ms) < 0 && errno != EINTR)
			give_up("poll");
		for (int i = 0; i < PIPES_MAX; i++)
		{
			bool		good = true;

			if (!pipes[i].used)
				continue;
			if (polls[2 * i + 1].fd >= 0 && polls[2 * i + 1].revents != 0 && pipes[i].connecting)
				good = connected(&pipes[i]);
			if (good && polls[2 * i].fd >= 0 && polls[2 * i].revents != 0)
				good = take_in(&pipes[i]);
			if (good && !pipes[i].connecting)
				good = give_out(&pipes[i]);
			if (!good || (pipes[i].finished && pipes[pipes[i].other].finished))
				drop(i);
		}
		if (polls[2 * PIPES_MAX].revents != 0)
			take_connection(listener, target);
	}
}

int
main(int argc, char **argv)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	struct sockaddr_in target = {.sin_family = AF_INET};
	int			listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int			yes = 1;

	if (argc != 5 || listener < 0 || inet_pton(AF_INET, argv[2], &target.sin_addr) != 1)
		give_up("usage: relay LISTEN_PORT ADDRESS PORT FILE");
	address.sin_port = htons((uint16_t) atoi(argv[1]));
	target.sin_port = htons((uint16_t) atoi(argv[3]));
	file = argv[4];
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (bind(listener, (struct sockaddr *) &address, sizeof(address)) != 0 ||
		listen(listener, 128) != 0 || fcntl(listener, F_SETFL, O_NONBLOCK) != 0)
		give_up("listen");
	serve(listener, &target);
	return 0;
}
