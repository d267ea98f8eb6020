/*
 * text.c
 *	  SQL arguments to what travels to the engine, and back.
 *
 * Keys and values are octets to the engine.  Text is UTF-8 there, whatever the
 * encoding of the database, so that members whose databases differ understand
 * each other; bytea goes as it is.  What cannot be converted is an error, never
 * a replacement character.
 *
 * Threads: a backend's only thread.  Locks: none.
 */
#include "prelude.h"

#include "catalog/namespace.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"

#include "text.h"

/* Names, in the context of an error, what could not be converted. */
static void
conversion_context(void *what)
{
	errcontext("converting the %s for pgraft", (const char *) what);
}

/* Text of the database's encoding in UTF-8; *data need not end with a NUL. */
PgraftBytes
pgraft_utf8(const char *data, int len, const char *what)
{
	ErrorContextCallback callback;
	PgraftBytes bytes;
	char	   *converted;

	callback.callback = conversion_context;
	callback.arg = unconstify(char *, what);
	callback.previous = error_context_stack;
	error_context_stack = &callback;
	converted = pg_server_to_any(data, len, PG_UTF8);
	error_context_stack = callback.previous;

	bytes.data = converted;
	bytes.len = converted == data ? len : (int) strlen(converted);
	return bytes;
}

/* A text or bytea value as octets; detoasted, in the current memory context. */
PgraftBytes
pgraft_from_varlena(const struct varlena *value, PgraftKind kind,
					const char *what)
{
	PgraftBytes bytes;

	bytes.data = VARDATA_ANY(value);
	bytes.len = VARSIZE_ANY_EXHDR(value);
	return kind == PGRAFT_TEXT ? pgraft_utf8(bytes.data, bytes.len, what) : bytes;
}

/* Raises the error of an argument that must not be NULL, when it is. */
void
pgraft_not_null(FunctionCallInfo fcinfo, int number, const char *name)
{
	if (number >= PG_NARGS() || PG_ARGISNULL(number))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s must not be null", name)));
}

void
pgraft_check_key(PgraftBytes key)
{
	if (key.len == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("key must not be empty")));
	if (key.len > PGRAFT_KEY_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("key is too long"),
				 errdetail("The key has %d bytes in UTF-8; a key has 1 to %d.",
						   key.len, PGRAFT_KEY_MAX)));
}

void
pgraft_check_value(PgraftBytes value)
{
	if (value.len > PGRAFT_VALUE_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("value is too long"),
				 errdetail("The value has %d bytes in UTF-8; a value has at most %d.",
						   value.len, PGRAFT_VALUE_MAX)));
}

PgraftBytes
pgraft_key_argument(FunctionCallInfo fcinfo, int number, PgraftKind kind)
{
	PgraftBytes key;

	pgraft_not_null(fcinfo, number, "key");
	key = pgraft_from_varlena(PG_GETARG_VARLENA_PP(number), kind, "key");
	pgraft_check_key(key);
	return key;
}

/* A prefix may be empty, and then every key begins with it. */
PgraftBytes
pgraft_prefix_argument(FunctionCallInfo fcinfo, int number, PgraftKind kind)
{
	PgraftBytes prefix;

	pgraft_not_null(fcinfo, number, "prefix");
	prefix = pgraft_from_varlena(PG_GETARG_VARLENA_PP(number), kind, "prefix");
	if (prefix.len > 0)
		pgraft_check_key(prefix);
	return prefix;
}

PgraftBytes
pgraft_value_argument(FunctionCallInfo fcinfo, int number, PgraftKind kind,
					  const char *name)
{
	PgraftBytes value;

	pgraft_not_null(fcinfo, number, name);
	value = pgraft_from_varlena(PG_GETARG_VARLENA_PP(number), kind, name);
	pgraft_check_value(value);
	return value;
}

/*
 * The end of the range of the keys that begin with a prefix: the prefix with its
 * last byte raised by one.  "\0" stands for the end of the key space, which is
 * what an empty prefix or one of 0xff bytes only has.
 */
PgraftBytes
pgraft_prefix_end(PgraftBytes prefix)
{
	static const PgraftBytes to_the_end = {"\0", 1};
	PgraftBytes end;
	char	   *bytes;

	end.len = prefix.len;
	while (end.len > 0 && (unsigned char) prefix.data[end.len - 1] == 0xff)
		end.len--;
	if (end.len == 0)
		return to_the_end;
	bytes = palloc(end.len);
	memcpy(bytes, prefix.data, end.len);
	bytes[end.len - 1]++;
	end.data = bytes;
	return end;
}

/* Whether octets of the engine are text in UTF-8. */
bool
pgraft_is_text(PgraftBytes bytes)
{
	return pg_verify_mbstr(PG_UTF8, bytes.data, bytes.len, true);
}

/* Octets of the engine in the database's encoding, or NULL when they are not text there. */
char *
pgraft_text_or_null(PgraftBytes bytes)
{
	int			encoding = GetDatabaseEncoding();
	char	   *copy;
	char	   *converted;
	int			size;
	Oid			procedure;

	if (!pgraft_is_text(bytes))
		return NULL;
	copy = pnstrdup(bytes.data, bytes.len);
	if (encoding == PG_UTF8 || encoding == PG_SQL_ASCII)
		return copy;
	procedure = FindDefaultConversionProc(PG_UTF8, encoding);
	if (!OidIsValid(procedure))
		return NULL;
	size = bytes.len * MAX_CONVERSION_GROWTH + 1;
	converted = palloc(size);
	if (pg_do_encoding_conversion_buf(procedure, PG_UTF8, encoding,
									  (unsigned char *) copy, bytes.len,
									  (unsigned char *) converted, size,
									  true) != bytes.len)
		return NULL;
	return converted;
}

/* The same for people to read: what is not text comes as bytea is written. */
char *
pgraft_shown(PgraftBytes bytes)
{
	char	   *text = pgraft_text_or_null(bytes);
	char	   *hex;

	if (text != NULL)
		return text;
	hex = palloc(2 + 2 * bytes.len + 1);
	strcpy(hex, "\\x");
	hex[2 + hex_encode(bytes.data, bytes.len, hex + 2)] = '\0';
	return hex;
}

/*
 * Octets of the engine as a string in the database's encoding; for what there is
 * a bytea variant of, or what is never anything but text.
 */
char *
pgraft_cstring(PgraftBytes bytes, const char *what)
{
	ErrorContextCallback callback;
	char	   *copy;
	char	   *converted;

	if (!pgraft_is_text(bytes))
		ereport(ERROR,
				(errcode(ERRCODE_CHARACTER_NOT_IN_REPERTOIRE),
				 errmsg("the %s in pgraft's store is not text", what),
				 errhint("It was written as bytea; read it with the function's bytea variant.")));
	copy = pnstrdup(bytes.data, bytes.len);
	callback.callback = conversion_context;
	callback.arg = unconstify(char *, what);
	callback.previous = error_context_stack;
	error_context_stack = &callback;
	converted = pg_any_to_server(copy, bytes.len, PG_UTF8);
	error_context_stack = callback.previous;
	return converted;
}

/* Octets of the engine as text or bytea. */
Datum
pgraft_datum(PgraftBytes bytes, PgraftKind kind, const char *what)
{
	if (kind == PGRAFT_TEXT)
		return CStringGetTextDatum(pgraft_cstring(bytes, what));
	return PointerGetDatum(cstring_to_text_with_len(bytes.data, bytes.len));
}
