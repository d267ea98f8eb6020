/*
 * rows.h
 *	  Rows of set-returning functions, column by column.
 *
 * Threads: a backend's only thread.  Locks: none.
 */
#ifndef PGRAFT_ROWS_H
#define PGRAFT_ROWS_H

#include "fmgr.h"

#define PGRAFT_ROW_COLUMNS_MAX	40

/* A row under construction; begins with {.columns = 0}. */
typedef struct PgraftRow
{
	Datum		values[PGRAFT_ROW_COLUMNS_MAX];
	bool		nulls[PGRAFT_ROW_COLUMNS_MAX];
	int			columns;
} PgraftRow;

extern void pgraft_row_add(PgraftRow *row, Datum value, bool known);
extern void pgraft_row_add_figure(PgraftRow *row, int64 figure, bool known);
extern void pgraft_row_add_int(PgraftRow *row, int32 number, bool known);
extern void pgraft_row_add_text(PgraftRow *row, const char *text, bool known);
extern void pgraft_row_add_time(PgraftRow *row, int64 unix_ms, bool known);
extern void pgraft_row_emit(FunctionCallInfo fcinfo, PgraftRow *row);
extern Datum pgraft_row_return(FunctionCallInfo fcinfo, PgraftRow *row);

#endif							/* PGRAFT_ROWS_H */
