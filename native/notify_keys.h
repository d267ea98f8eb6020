/*
 * notify_keys.h
 *	  Changes of keys as notifications.
 *
 * Threads and locks: see notify_keys.c.
 */
#ifndef PGRAFT_NOTIFY_KEYS_H
#define PGRAFT_NOTIFY_KEYS_H

extern void pgraft_notify_keys_begin(void);
extern bool pgraft_notify_keys_send(void);

#endif							/* PGRAFT_NOTIFY_KEYS_H */
