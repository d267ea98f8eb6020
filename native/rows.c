/*
 * rows.c
 *	  Rows of set-returning functions, column by column.
 *
 * Threads: a backend's only thread.  Locks: none.
 */
#include "prelude.h"

#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "rows.h"
#include "status.h"

/* Adds a column; it is NULL unless its value is known. */
void
pgraft_row_add(PgraftRow *row, Datum value, bool known)
{
	Assert(row->columns < PGRAFT_ROW_COLUMNS_MAX);
	row->values[row->columns] = known ? value : (Datum) 0;
	row->nulls[row->columns] = !known;
	row->columns++;
}

/* Adds a figure that is negative while it is unknown. */
void
pgraft_row_add_figure(PgraftRow *row, int64 figure, bool known)
{
	pgraft_row_add(row, Int64GetDatum(figure), known && figure >= 0);
}

void
pgraft_row_add_int(PgraftRow *row, int32 number, bool known)
{
	pgraft_row_add(row, Int32GetDatum(number), known);
}

void
pgraft_row_add_text(PgraftRow *row, const char *text, bool known)
{
	pgraft_row_add(row, known ? CStringGetTextDatum(text) : (Datum) 0, known);
}

/* Adds an instant, in milliseconds of the Unix epoch. */
void
pgraft_row_add_time(PgraftRow *row, int64 unix_ms, bool known)
{
	pgraft_row_add(row, TimestampTzGetDatum(pgraft_timestamp(unix_ms)), known);
}

/* Adds the row to the result of InitMaterializedSRF(), and begins another. */
void
pgraft_row_emit(FunctionCallInfo fcinfo, PgraftRow *row)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;

	if (row->columns != result->setDesc->natts)
		elog(ERROR, "a row has %d columns instead of %d", row->columns,
			 result->setDesc->natts);
	tuplestore_putvalues(result->setResult, result->setDesc, row->values,
						 row->nulls);
	row->columns = 0;
}

/* The row as the result of a function that returns one. */
Datum
pgraft_row_return(FunctionCallInfo fcinfo, PgraftRow *row)
{
	TupleDesc	descriptor;

	if (get_call_result_type(fcinfo, NULL, &descriptor) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	if (row->columns != descriptor->natts)
		elog(ERROR, "a row has %d columns instead of %d", row->columns,
			 descriptor->natts);
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(descriptor),
											 row->values, row->nulls));
}
