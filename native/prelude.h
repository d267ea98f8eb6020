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
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

#define PGRAFT_VERSION		"1.1"

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

/*
 * pgraft hides every symbol that is not declared otherwise.  From 16 on PostgreSQL's
 * macro declares a function of SQL as exported; before, only what goes with it.
 */
#if PG_VERSION_NUM < 160000
#undef PG_FUNCTION_INFO_V1
#define PG_FUNCTION_INFO_V1(funcname) \
extern PGDLLEXPORT Datum funcname(PG_FUNCTION_ARGS); \
extern PGDLLEXPORT const Pg_finfo_record * CppConcat(pg_finfo_,funcname)(void); \
const Pg_finfo_record * \
CppConcat(pg_finfo_,funcname) (void) \
{ \
	static const Pg_finfo_record my_finfo = { 1 }; \
	return &my_finfo; \
} \
extern int no_such_variable
#endif

#endif							/* PGRAFT_PRELUDE_H */
