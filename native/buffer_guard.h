/*
 * buffer_guard.h
 *	  Keeps the worker's process away from PostgreSQL's buffers.
 */
#ifndef PGRAFT_BUFFER_GUARD_H
#define PGRAFT_BUFFER_GUARD_H

extern void pgraft_forbid_buffers(void);

#endif							/* PGRAFT_BUFFER_GUARD_H */
