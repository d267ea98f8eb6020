/*
 * constant.c
 *	  What a function costs that is called from SQL and reads nothing: the measure
 *	  for pgraft_kv_get().
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

#define BYTES 256

PG_MODULE_MAGIC;

PG_FUNCTION_INFO_V1(bench_constant);

Datum
bench_constant(PG_FUNCTION_ARGS)
{
	text	   *key = PG_GETARG_TEXT_PP(0);
	text	   *value = palloc(VARHDRSZ + BYTES);

	(void) key;
	SET_VARSIZE(value, VARHDRSZ + BYTES);
	memset(VARDATA(value), 'v', BYTES);
	PG_RETURN_TEXT_P(value);
}
