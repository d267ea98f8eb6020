/*
 * death.h
 *	  How the worker leaves when its JVM dies.
 *
 * Threads and locks: see death.c.
 */
#ifndef PGRAFT_DEATH_H
#define PGRAFT_DEATH_H

extern void pgraft_death_prepare(void);
extern void pgraft_death_watch(void);

/* JNI hooks: the JVM calls them where it would abort or exit. */
extern void pgraft_death_abort_hook(void);
extern void pgraft_death_exit_hook(int code);

/* Around every call into the JVM, on the main thread. */
extern void pgraft_death_enter(void);
extern void pgraft_death_leave(void);

/* Whether the main thread should leave now; pgraft_death_enter() looks by itself. */
extern bool pgraft_death_is_due(void);

/* The engine has started: from now on a round may take pgraft.hang_timeout. */
extern void pgraft_death_started(void);

/* From now on the worker has a few seconds to end. */
extern void pgraft_death_stopping(void);

/* Why the worker dies, NULL when it leaves by itself. */
extern const char *pgraft_death_reason(void);

PGRAFT_NORETURN extern void pgraft_death_exit(void);

#endif							/* PGRAFT_DEATH_H */
