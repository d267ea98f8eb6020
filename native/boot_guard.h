/*
 * boot_guard.h
 *	  Keeps a worker that dies again and again from doing so all the time.
 *
 * Threads and locks: see boot_guard.c.
 */
#ifndef PGRAFT_BOOT_GUARD_H
#define PGRAFT_BOOT_GUARD_H

extern int	pgraft_boot_begin(void);
extern int	pgraft_boot_pause_ms(int starts);
extern void pgraft_boot_lasted(void);

#endif							/* PGRAFT_BOOT_GUARD_H */
