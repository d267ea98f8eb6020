/*
 * notifier.h
 *	  The background worker that sends events as notifications.
 */
#ifndef PGRAFT_NOTIFIER_H
#define PGRAFT_NOTIFIER_H

extern void pgraft_notifier_register(void);

/* Entry point, found by name; see notifier.c. */
PGRAFT_NORETURN extern PGDLLEXPORT void pgraft_notifier_main(Datum argument);

#endif							/* PGRAFT_NOTIFIER_H */
