/*
 * text.h
 *	  SQL arguments to what travels to the engine, and back.
 *
 * Threads: a backend's only thread.  Locks: none.
 */
#ifndef PGRAFT_TEXT_H
#define PGRAFT_TEXT_H

#include "wire.h"

/* Whether keys and values of a function are text or bytea in SQL. */
typedef enum PgraftKind
{
	PGRAFT_TEXT,
	PGRAFT_BINARY
} PgraftKind;

extern PgraftBytes pgraft_utf8(const char *data, int len, const char *what);
extern PgraftBytes pgraft_from_varlena(const struct varlena *value,
									   PgraftKind kind, const char *what);
extern PgraftBytes pgraft_key_argument(FunctionCallInfo fcinfo, int number,
									   PgraftKind kind);
extern PgraftBytes pgraft_prefix_argument(FunctionCallInfo fcinfo, int number,
										  PgraftKind kind);
extern PgraftBytes pgraft_value_argument(FunctionCallInfo fcinfo, int number,
										 PgraftKind kind, const char *name);
extern void pgraft_check_key(PgraftBytes key);
extern void pgraft_check_value(PgraftBytes value);
extern PgraftBytes pgraft_prefix_end(PgraftBytes prefix);
extern void pgraft_not_null(FunctionCallInfo fcinfo, int number,
							const char *name);

extern bool pgraft_is_text(PgraftBytes bytes);
extern char *pgraft_text_or_null(PgraftBytes bytes);
extern char *pgraft_shown(PgraftBytes bytes);
extern char *pgraft_cstring(PgraftBytes bytes, const char *what);
extern Datum pgraft_datum(PgraftBytes bytes, PgraftKind kind, const char *what);

#endif							/* PGRAFT_TEXT_H */
