/*
 * lease.h
 *	  Whether this node holds the leadership lease.
 *
 * Threads and locks: see lease.c.
 */
#ifndef PGRAFT_LEASE_H
#define PGRAFT_LEASE_H

/* Under what a read began. */
typedef struct PgraftTicket
{
	int64		term;
	int64		epoch;
} PgraftTicket;

extern int64 pgraft_boottime(void);
extern int64 pgraft_lease_valid(void);
extern int64 pgraft_lease_remaining(void);
extern bool pgraft_lease_begin(PgraftTicket *ticket);
extern bool pgraft_lease_end(const PgraftTicket *ticket, int64 generation);

#endif							/* PGRAFT_LEASE_H */
