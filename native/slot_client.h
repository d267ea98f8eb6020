/*
 * slot_client.h
 *	  A session's requests to the engine.
 *
 * Threads and locks: see slot_client.c.
 */
#ifndef PGRAFT_SLOT_CLIENT_H
#define PGRAFT_SLOT_CLIENT_H

#include "wire.h"

/* The request changes something, so an unknown outcome has to be said. */
#define PGRAFT_CALL_WRITE	0x01
/* The response may not fit into a slot. */
#define PGRAFT_CALL_LARGE	0x02
/* The request writes a file of the server: the same, of the file. */
#define PGRAFT_CALL_FILE	0x04

extern PgraftResponse pgraft_call(StringInfo request, int flags);
extern PgraftResponse pgraft_call_raw(StringInfo request, int flags);
extern void pgraft_prevent_write(const char *function);

#endif							/* PGRAFT_SLOT_CLIENT_H */
