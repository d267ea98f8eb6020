/*
 * suspect.h
 *	  Notes that the store on disk may be damaged.
 *
 * Threads and locks: see suspect.c.
 */
#ifndef PGRAFT_SUSPECT_H
#define PGRAFT_SUSPECT_H

extern void pgraft_suspect_prepare(void);
extern void pgraft_suspect_note(void);
extern void pgraft_suspect_report(int64 generation);
extern bool pgraft_suspect_reported(void);

#endif							/* PGRAFT_SUSPECT_H */
