/*
 * jvm_options.c
 *	  The options with which the Java virtual machine is created.
 *
 * The administrator's options come first and pgraft's own after them, because the
 * JVM takes the last of two that contradict each other.  Those without which the
 * server would suffer can so not be overridden; for heap and compiler, which an
 * administrator may know better, the order is the other way round.
 *
 * Threads: the worker's main thread.  Locks: none.
 */
#include "prelude.h"

#include <dlfcn.h>
#include <lmdb.h>

#include "storage/fd.h"

#include "guc.h"
#include "jvm_options.h"
#include "shared.h"

static List *
add(List *options, const char *format,...) pg_attribute_printf(2, 3);

static List *
add(List *options, const char *format,...)
{
	char		text[2 * MAXPGPATH];
	va_list		arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	return lappend(options, pstrdup(text));
}

/* The path without symbolic links; false: there is none, or it is too long. */
static bool
resolve(const char *name, char path[MAXPGPATH])
{
	char	   *resolved = realpath(name, NULL);
	bool		fits;

	if (resolved == NULL)
		return false;
	fits = strlcpy(path, resolved, MAXPGPATH) < MAXPGPATH;
	free(resolved);
	return fits;
}

/* The directory of the engine's jars: pgraft/ beside this library. */
static char *
engine_directory(void)
{
	Dl_info		info;
	char		path[MAXPGPATH];

	if (dladdr((void *) pgraft_jvm_option_texts, &info) == 0 ||
		!resolve(info.dli_fname, path))
		ereport(FATAL,
				(errcode(ERRCODE_SYSTEM_ERROR),
				 errmsg("pgraft cannot find its own library")));
	get_parent_directory(path);
	strlcat(path, "/pgraft", sizeof(path));
	if (!resolve(pstrdup(path), path))
		ereport(FATAL,
				(errcode_for_file_access(),
				 errmsg("could not access directory \"%s\": %m", path)));
	return pstrdup(path);
}

static int
by_name(const ListCell *a, const ListCell *b)
{
	return strcmp(lfirst(a), lfirst(b));
}

/*
 * All jars, because the JVM expands no wildcards; by name, because the archive of
 * classes counts only for the path it was made with (see scripts/class_archive).
 */
static char *
class_path(const char *directory)
{
	StringInfoData path;
	List	   *jars = NIL;
	ListCell   *cell;
	DIR		   *dir = AllocateDir(directory);
	struct dirent *entry;

	while ((entry = ReadDir(dir, directory)) != NULL)
	{
		int			len = strlen(entry->d_name);

		if (len > 4 && strcmp(entry->d_name + len - 4, ".jar") == 0)
			jars = lappend(jars, pstrdup(entry->d_name));
	}
	FreeDir(dir);
	list_sort(jars, by_name);

	initStringInfo(&path);
	foreach(cell, jars)
		appendStringInfo(&path, "%s%s/%s", path.len > 0 ? ":" : "", directory,
						 (char *) lfirst(cell));
	return path.data;
}

/* The liblmdb that sessions read with, so that the engine writes with the same. */
static const char *
lmdb_library(void)
{
	Dl_info		info;

	if (dladdr((void *) mdb_env_create, &info) == 0)
		ereport(FATAL,
				(errcode(ERRCODE_SYSTEM_ERROR),
				 errmsg("pgraft cannot find the library of LMDB")));
	return info.dli_fname;
}

/* The feature release of the JDK a libjvm.so belongs to; 0: not known. */
static int
java_release(void)
{
	char		path[MAXPGPATH];
	char		line[256];
	FILE	   *file;
	int			release = 0;

	/* <home>/lib/server/libjvm.so and <home>/release */
	if (!resolve(pgraft_libjvm, path))
		return 0;
	for (int i = 0; i < 3; i++)
		get_parent_directory(path);
	strlcat(path, "/release", sizeof(path));
	file = AllocateFile(path, "r");
	if (file == NULL)
		return 0;
	while (release == 0 && fgets(line, sizeof(line), file) != NULL)
	{
		if (sscanf(line, "JAVA_VERSION=\"%d", &release) != 1)
			release = 0;
	}
	FreeFile(file);
	return release;
}

static List *
add_administrators(List *options)
{
	char	   *rest = pstrdup(pgraft_jvm_options);
	char	   *option;

	while ((option = strsep(&rest, " \t\n")) != NULL)
	{
		if (option[0] != '\0')
			options = lappend(options, option);
	}
	return options;
}

/* Small and few: the JVM is a guest beside a database. */
static List *
add_sizes(List *options)
{
	options = add(options, "-XX:+UseSerialGC");
	options = add(options, "-Xms8m");
	options = add(options, "-Xmx%dm", pgraft_jvm_heap);
	options = add(options, "-XX:MaxDirectMemorySize=64m");
	options = add(options, "-XX:TieredStopAtLevel=1");
	options = add(options, "-XX:ReservedCodeCacheSize=32m");
	options = add(options, "-XX:MaxMetaspaceSize=96m");
	/* Netty, which Ratis carries under a name of its own. */
	options = add(options, "-Dorg.apache.ratis.thirdparty.io.netty.allocator.type=unpooled");
	options = add(options, "-Dorg.apache.ratis.thirdparty.io.netty.eventLoopThreads=2");
	return options;
}

/*
 * Classes as the installation has prepared them, mapped from a file, so that they
 * need neither be parsed nor be kept in memory of our own.  Without the archive, or
 * when it is not for this JVM, the JVM loads them from the jars.  One that is damaged
 * crashes it, so a start after one that did not last does without.
 */
static List *
add_archive(List *options, const char *engine)
{
	char	   *archive = psprintf("%s/pgraft.jsa", engine);

	if (access(archive, R_OK) == 0)
	{
		options = add(options, "-XX:SharedArchiveFile=%s", archive);
		/* At the address it was made for; elsewhere all of it would be rewritten. */
		options = add(options, "-XX:+UnlockDiagnosticVMOptions");
		options = add(options, "-XX:ArchiveRelocationMode=0");
	}
	return options;
}

static List *
add_signals_and_death(List *options, const char *data_directory)
{
	/* PostgreSQL's signals are PostgreSQL's. */
	options = add(options, "-Xrs");
	/* Guard pages in the main thread's stack would be met by C code. */
	options = add(options, "-XX:+UnlockExperimentalVMOptions");
	options = add(options, "-XX:+DisablePrimordialThreadGuardPages");
	/* Files in /tmp that would stay after a crash. */
	options = add(options, "-XX:+DisableAttachMechanism");
	options = add(options, "-XX:-UsePerfData");
	options = add(options, "-XX:-CreateCoredumpOnCrash");
	/* Both would leave by a way that PostgreSQL takes for a crash. */
	options = add(options, "-XX:-ExitOnOutOfMemoryError");
	options = add(options, "-XX:-CrashOnOutOfMemoryError");
	options = add(options, "-XX:-MaxFDLimit");
	options = add(options, "-XX:ErrorFile=%s/pgraft_hs_err_%%p.log",
				  data_directory);
	options = add(options, "-XX:+DisplayVMOutputToStderr");
	return options;
}

static List *
add_libraries(List *options, const char *data_directory)
{
	int			release = java_release();

	options = add(options, "--add-opens=java.base/java.nio=ALL-UNNAMED");
	options = add(options, "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED");
	if (release >= 24)
	{
		options = add(options, "--enable-native-access=ALL-UNNAMED");
		options = add(options, "--sun-misc-unsafe-memory-access=allow");
	}
	options = add(options, "-Dfile.encoding=UTF-8");
	options = add(options, "-Djava.awt.headless=true");
	/* Who connects to the metrics' port and says nothing must not keep it. */
	options = add(options, "-Dsun.net.httpserver.maxReqTime=30");
	options = add(options, "-Dsun.net.httpserver.maxRspTime=60");
	options = add(options, "-Djava.io.tmpdir=%s/tmp", data_directory);
	options = add(options, "-Djna.tmpdir=%s/tmp", data_directory);
	options = add(options, "-Djna.nosys=true");
	options = add(options, "-Djffi.extract.dir=%s/tmp", data_directory);
	options = add(options, "-Dlmdbjava.native.lib=%s", lmdb_library());
	options = add(options, "-Dslf4j.provider=org.pgraft.worker.ServerLogProvider");
	options = add(options, "-Dslf4j.internal.verbosity=WARN");
	/* gRPC of Ratis reads exceptions that come from other members. */
	options = add(options, "-Djdk.serialFilter=java.lang.*;java.util.*;java.io.*;org.apache.ratis.**;!*");
	return options;
}

/*
 * The options, in the current memory context; with the archive of classes, if there
 * is one, or without.
 */
List *
pgraft_jvm_option_texts(bool archive)
{
	char	   *engine = engine_directory();
	const char *data_directory = pgraft_data_directory();
	List	   *options = NIL;

	options = add_sizes(options);
	options = add(options, "-Xshare:auto");
	if (archive)
		options = add_archive(options, engine);
	options = add_administrators(options);
	options = add_signals_and_death(options, data_directory);
	options = add_libraries(options, data_directory);
	return lappend(options, psprintf("-Djava.class.path=%s", class_path(engine)));
}
