/*
 * bridge.h
 *	  What the engine calls in C, found by name through JNA.
 *
 * Every one may be called on any thread of the JVM, returns at once and raises no
 * error.  The other side is org.pgraft.worker.NativeCalls.
 */
#ifndef PGRAFT_BRIDGE_H
#define PGRAFT_BRIDGE_H

/* Lets the worker go round its loop now. */
extern PGDLLEXPORT void pgraft_wake_worker(void);

/* Wakes a session that waits for its slot; procno as it stands in the slot. */
extern PGDLLEXPORT void pgraft_wake_backend(int procno);

/* Puts a message, len octets of UTF-8, on its way to the server's log; 0: there was no room. */
extern PGDLLEXPORT int pgraft_log_enqueue(int level, const char *text, int len);

/* Puts an event, with len octets of UTF-8, on its way to those who wait for it; 0: there was no room. */
extern PGDLLEXPORT int pgraft_event_enqueue(int kind, const char *text, int len);

/* Nanoseconds on CLOCK_BOOTTIME. */
extern PGDLLEXPORT int64 pgraft_boottime_ns(void);

#endif							/* PGRAFT_BRIDGE_H */
