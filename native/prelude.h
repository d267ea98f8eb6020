/*
 * prelude.h
 *	  What every file of pgraft begins with: PostgreSQL's foundation, and what its
 *	  versions 15 to 18 call by different names.
 */
#ifndef PGRAFT_PRELUDE_H
#define PGRAFT_PRELUDE_H

#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/lwlock.h"
#include "storage/proc.h"
#include "storage/shmem.h"
#include "storage/spin.h"

#define PGRAFT_VERSION		"1.0"

/* "Does not return", before a declaration: PostgreSQL's own way changed in 18. */
#define PGRAFT_NORETURN		__attribute__((noreturn))

/* The number of this process in the array of processes. */
#if PG_VERSION_NUM >= 170000
#define PGRAFT_MY_PROCNO	((int32) MyProcNumber)
#elif PG_VERSION_NUM >= 150000
#define PGRAFT_MY_PROCNO	((int32) MyProc->pgprocno)
#else
#error "pgraft needs PostgreSQL 15 or later"
#endif

#endif							/* PGRAFT_PRELUDE_H */
