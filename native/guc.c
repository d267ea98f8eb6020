/*
 * guc.c
 *	  pgraft's settings: what PostgreSQL checks of them, and how the engine gets
 *	  them.
 *
 * PostgreSQL checks types, units and ranges.  What a cluster's settings mean
 * together, the engine checks when it starts (org.pgraft.config).  It gets all of
 * them as lines "name=value", times in milliseconds and sizes in bytes.
 *
 * Threads: the main thread of any process.  Locks: none.
 */
#include "prelude.h"

#include <limits.h>

#include "utils/guc.h"

#include "guc.h"

int			pgraft_max_requests;
int			pgraft_large_buffers;
int			pgraft_command_timeout;
int			pgraft_hang_timeout;
int			pgraft_jvm_heap;
int			pgraft_read_consistency = PGRAFT_READ_LINEARIZABLE;
int			pgraft_on_jvm_crash = PGRAFT_CRASH_RESTART_WORKER;
char	   *pgraft_libjvm;
char	   *pgraft_jvm_options;
char	   *pgraft_notify_database;
char	   *pgraft_notify_keys;

static char *name;
static char *listen_address;
static char *initial_cluster;
static char *cluster_id;
static char *address;
static char *data_dir;
static char *metrics_address;
static char *metrics_tls_cert_file;
static char *metrics_tls_key_file;
static char *metrics_token_file;
static int	node_id;
static int	port;
static int	max_store_size;
static int	election_timeout;
static int	heartbeat_interval;
static int	fsync_timeout;
static int	snapshot_interval;
static int	max_log_entries;
static int	compaction_threshold;
static int	compaction_age;
static int	metrics_port;
static bool metrics_enabled;
static int	tls_enabled = 0;
static char *tls_cert_file;
static char *tls_key_file;
static char *tls_ca_file;
static char *tls_allowed_names;
static bool allow_insecure;

#define LOG_LEVEL_WARNING	2
/* An enum's variable has its default from the start: builds with assertions insist on it. */
static int	log_level = LOG_LEVEL_WARNING;

static const struct config_enum_entry read_consistencies[] = {
	{"linearizable", PGRAFT_READ_LINEARIZABLE, false},
	{"local", PGRAFT_READ_LOCAL, false},
	{NULL, 0, false}
};

static const struct config_enum_entry crash_actions[] = {
	{"restart_worker", PGRAFT_CRASH_RESTART_WORKER, false},
	{"crash_restart", PGRAFT_CRASH_RESTART_SERVER, false},
	{NULL, 0, false}
};

/* The order of org.pgraft.config.LogLevel. */
static const struct config_enum_entry log_levels[] = {
	{"debug", 0, false},
	{"info", 1, false},
	{"warning", LOG_LEVEL_WARNING, false},
	{"error", 3, false},
	{NULL, 0, false}
};

/* The order of org.pgraft.config.TlsMode; what a boolean may be called, too. */
static const struct config_enum_entry tls_modes[] = {
	{"off", 0, false},
	{"accept", 1, false},
	{"prefer", 2, false},
	{"on", 3, false},
	{"false", 0, true},
	{"no", 0, true},
	{"0", 0, true},
	{"true", 3, true},
	{"yes", 3, true},
	{"1", 3, true},
	{NULL, 0, false}
};

/* ---------- checks ---------- */

/* A name goes into lists that are separated by commas and equals signs. */
static bool
check_name(char **newval, void **extra, GucSource source)
{
	if (strpbrk(*newval, ",= \t\n") != NULL || strlen(*newval) > 63)
	{
		GUC_check_errdetail("A name has at most 63 bytes, and no blank, comma or equals sign.");
		return false;
	}
	return true;
}

static bool
check_cluster_id(char **newval, void **extra, GucSource source)
{
	if ((*newval)[0] == '\0' || strlen(*newval) > 127)
	{
		GUC_check_errdetail("A cluster id has 1 to 127 bytes.");
		return false;
	}
	return true;
}

static bool
check_data_dir(char **newval, void **extra, GucSource source)
{
	if ((*newval)[0] == '\0')
		return true;
	if (!is_absolute_path(*newval) || strlen(*newval) >= MAXPGPATH - 128)
	{
		GUC_check_errdetail("The directory must be an absolute path of less than %d bytes.",
							MAXPGPATH - 128);
		return false;
	}
	canonicalize_path(*newval);
	if (DataDir != NULL && path_is_prefix_of_path(DataDir, *newval))
	{
		GUC_check_errdetail("Inside the data directory, base backups and pg_rewind would copy it.");
		GUC_check_errhint("Choose a directory beside it.");
		return false;
	}
	return true;
}

static bool
check_notify_database(char **newval, void **extra, GucSource source)
{
	if (strlen(*newval) >= NAMEDATALEN)
	{
		GUC_check_errdetail("A database's name has at most %d bytes.",
							NAMEDATALEN - 1);
		return false;
	}
	return true;
}

/* ---------- definitions ---------- */

static void
define_identity(void)
{
	DefineCustomStringVariable("pgraft.name",
							   "This node's name in pgraft.initial_cluster.", NULL,
							   &name, "", PGC_POSTMASTER, 0,
							   check_name, NULL, NULL);
	DefineCustomStringVariable("pgraft.initial_cluster",
							   "The first members of the cluster, name=host:port separated by commas.",
							   "The same list, in the same order, on all members.",
							   &initial_cluster, "", PGC_POSTMASTER, 0,
							   NULL, NULL, NULL);
	DefineCustomStringVariable("pgraft.listen_address",
							   "The address the members' port is bound to.", NULL,
							   &listen_address, "127.0.0.1", PGC_POSTMASTER, 0,
							   NULL, NULL, NULL);
	DefineCustomStringVariable("pgraft.cluster_id",
							   "The name of the cluster; nodes with another name are refused.",
							   NULL,
							   &cluster_id, "pgraft", PGC_POSTMASTER, 0,
							   check_cluster_id, NULL, NULL);
	DefineCustomIntVariable("pgraft.node_id",
							"This node's id.",
							"0 takes it from pgraft.name and pgraft.initial_cluster, or is 1 without them.",
							&node_id, 0, 0, 1000000, PGC_POSTMASTER, 0,
							NULL, NULL, NULL);
	DefineCustomStringVariable("pgraft.address",
							   "The address at which the other members reach this node.",
							   NULL,
							   &address, "", PGC_POSTMASTER, 0,
							   NULL, NULL, NULL);
	DefineCustomIntVariable("pgraft.port",
							"The members' port.",
							"0 takes it from pgraft.initial_cluster, or is 7001.",
							&port, 0, 0, 65535, PGC_POSTMASTER, 0,
							NULL, NULL, NULL);
	DefineCustomStringVariable("pgraft.data_dir",
							   "Where log, votes, store and snapshots live.",
							   "Empty: beside the data directory, with the suffix \".pgraft\".",
							   &data_dir, "", PGC_POSTMASTER, GUC_SUPERUSER_ONLY,
							   check_data_dir, NULL, NULL);
}

static void
define_times(void)
{
	DefineCustomIntVariable("pgraft.election_timeout",
							"Shortest time without a leader after which an election begins.",
							NULL,
							&election_timeout, 1000, 100, 60000,
							PGC_POSTMASTER, GUC_UNIT_MS, NULL, NULL, NULL);
	DefineCustomIntVariable("pgraft.heartbeat_interval",
							"Time between two renewals of the leader's lease.",
							"What is more than a quarter of pgraft.election_timeout counts as a quarter.",
							&heartbeat_interval, 200, 10, 10000,
							PGC_SIGHUP, GUC_UNIT_MS, NULL, NULL, NULL);
	DefineCustomIntVariable("pgraft.fsync_timeout",
							"A leader whose log takes longer to reach the disk gives up its lease.",
							NULL,
							&fsync_timeout, 1000, 10, 60000,
							PGC_SIGHUP, GUC_UNIT_MS, NULL, NULL, NULL);
	DefineCustomIntVariable("pgraft.hang_timeout",
							"A duty of the engine that is not done for longer ends the worker.",
							NULL,
							&pgraft_hang_timeout, 10000, 1000, 600000,
							PGC_SIGHUP, GUC_UNIT_MS, NULL, NULL, NULL);
	DefineCustomIntVariable("pgraft.command_timeout",
							"How long a function waits for the cluster.", NULL,
							&pgraft_command_timeout, 5000, 1, 3600000,
							PGC_USERSET, GUC_UNIT_MS, NULL, NULL, NULL);
}

static void
define_sizes(void)
{
	DefineCustomIntVariable("pgraft.max_store_size",
							"The quota of the store.",
							"A write that would exceed it is refused on all members alike.",
							&max_store_size, 2048, 16, INT_MAX,
							PGC_POSTMASTER, GUC_UNIT_MB, NULL, NULL, NULL);
	DefineCustomIntVariable("pgraft.max_requests",
							"How many sessions can wait for the engine at once.",
							NULL,
							&pgraft_max_requests, 256, 16, 4096,
							PGC_POSTMASTER, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("pgraft.large_buffers",
							"Buffers for requests and results above 8 kB.", NULL,
							&pgraft_large_buffers, 8, 1, 64,
							PGC_POSTMASTER, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("pgraft.snapshot_interval",
							"Log entries between two snapshots.", NULL,
							&snapshot_interval, 10000, 100, INT_MAX,
							PGC_SIGHUP, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("pgraft.max_log_entries",
							"Entries kept in the log behind a snapshot.", NULL,
							&max_log_entries, 1000, 0, INT_MAX,
							PGC_POSTMASTER, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("pgraft.compaction_threshold",
							"Revisions of history kept in the store.", NULL,
							&compaction_threshold, 10000, 100, INT_MAX,
							PGC_SIGHUP, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("pgraft.compaction_age",
							"How long history is kept in the store.",
							"0 keeps it as long as pgraft.compaction_threshold does.",
							&compaction_age, 0, 0, INT_MAX,
							PGC_SIGHUP, GUC_UNIT_S, NULL, NULL, NULL);
}

static void
define_tls(void)
{
	DefineCustomEnumVariable("pgraft.tls_enabled",
							 "Whether members talk over TLS, showing each other certificates.",
							 "accept takes connections of either kind and makes plain ones, prefer makes encrypted ones: steps of a cluster that changes.",
							 &tls_enabled, 0, tls_modes, PGC_POSTMASTER, 0,
							 NULL, NULL, NULL);
	DefineCustomStringVariable("pgraft.tls_cert_file",
							   "This node's certificate for the other members.",
							   "A relative path begins in the data directory.",
							   &tls_cert_file, "", PGC_SIGHUP, 0,
							   NULL, NULL, NULL);
	DefineCustomStringVariable("pgraft.tls_key_file",
							   "The private key of this node's certificate.", NULL,
							   &tls_key_file, "", PGC_SIGHUP, GUC_SUPERUSER_ONLY,
							   NULL, NULL, NULL);
	DefineCustomStringVariable("pgraft.tls_ca_file",
							   "The certificates of those who sign the members' certificates.",
							   NULL,
							   &tls_ca_file, "", PGC_SIGHUP, 0,
							   NULL, NULL, NULL);
	DefineCustomStringVariable("pgraft.tls_allowed_names",
							   "Names of which a member's certificate must have one, separated by commas.",
							   "Empty: every certificate of pgraft.tls_ca_file is a member's.",
							   &tls_allowed_names, "", PGC_SIGHUP, 0,
							   NULL, NULL, NULL);
	DefineCustomBoolVariable("pgraft.allow_insecure",
							 "Let other machines reach a members' port without TLS.",
							 NULL,
							 &allow_insecure, false, PGC_POSTMASTER, 0,
							 NULL, NULL, NULL);
}

static void
define_metrics(void)
{
	DefineCustomBoolVariable("pgraft.metrics_enabled",
							 "Serve the page for Prometheus.", NULL,
							 &metrics_enabled, false, PGC_POSTMASTER, 0,
							 NULL, NULL, NULL);
	DefineCustomIntVariable("pgraft.metrics_port",
							"The port of the page for Prometheus.", NULL,
							&metrics_port, 9100, 1, 65535, PGC_POSTMASTER, 0,
							NULL, NULL, NULL);
	DefineCustomStringVariable("pgraft.metrics_address",
							   "The address of the page for Prometheus.", NULL,
							   &metrics_address, "127.0.0.1", PGC_POSTMASTER, 0,
							   NULL, NULL, NULL);
	DefineCustomStringVariable("pgraft.metrics_tls_cert_file",
							   "The certificate of the page for Prometheus.",
							   "Empty: it is served in plain text.",
							   &metrics_tls_cert_file, "", PGC_SIGHUP, 0,
							   NULL, NULL, NULL);
	DefineCustomStringVariable("pgraft.metrics_tls_key_file",
							   "The private key of that certificate.", NULL,
							   &metrics_tls_key_file, "", PGC_SIGHUP,
							   GUC_SUPERUSER_ONLY, NULL, NULL, NULL);
	DefineCustomStringVariable("pgraft.metrics_token_file",
							   "A file with the token that Prometheus must bear.",
							   "Empty: who reaches the page may read it.",
							   &metrics_token_file, "", PGC_SIGHUP,
							   GUC_SUPERUSER_ONLY, NULL, NULL, NULL);
}

static void
define_jvm(void)
{
	DefineCustomStringVariable("pgraft.libjvm",
							   "The library of the Java virtual machine, Java 17 or later.",
							   NULL,
							   &pgraft_libjvm, PGRAFT_LIBJVM, PGC_POSTMASTER,
							   GUC_SUPERUSER_ONLY, NULL, NULL, NULL);
	DefineCustomStringVariable("pgraft.jvm_options",
							   "Further options of the Java virtual machine, separated by blanks.",
							   NULL,
							   &pgraft_jvm_options, "", PGC_POSTMASTER,
							   GUC_SUPERUSER_ONLY, NULL, NULL, NULL);
	DefineCustomIntVariable("pgraft.jvm_heap",
							"The heap of the Java virtual machine.", NULL,
							&pgraft_jvm_heap, 64, 32, 4096,
							PGC_POSTMASTER, GUC_UNIT_MB, NULL, NULL, NULL);
	DefineCustomEnumVariable("pgraft.on_jvm_crash",
							 "What a crash of the Java virtual machine does.", NULL,
							 &pgraft_on_jvm_crash, PGRAFT_CRASH_RESTART_WORKER,
							 crash_actions, PGC_POSTMASTER, 0,
							 NULL, NULL, NULL);
	DefineCustomEnumVariable("pgraft.log_level",
							 "The least severe messages of the engine that go to the server's log.",
							 NULL,
							 &log_level, LOG_LEVEL_WARNING, log_levels, PGC_SIGHUP, 0,
							 NULL, NULL, NULL);
}

/* Called once, while the library is preloaded. */
void
pgraft_define_settings(void)
{
	define_identity();
	define_times();
	define_sizes();
	define_tls();
	define_metrics();
	define_jvm();
	DefineCustomEnumVariable("pgraft.read_consistency",
							 "Whether reads see every acknowledged write, or this node's state.",
							 NULL,
							 &pgraft_read_consistency, PGRAFT_READ_LINEARIZABLE,
							 read_consistencies, PGC_USERSET, 0,
							 NULL, NULL, NULL);
	DefineCustomStringVariable("pgraft.notify_database",
							   "The database whose sessions may LISTEN for events.",
							   "Empty: events are not sent as notifications.",
							   &pgraft_notify_database, "", PGC_POSTMASTER, 0,
							   check_notify_database, NULL, NULL);
	DefineCustomStringVariable("pgraft.notify_keys",
							   "What the keys begin with whose changes are sent to that database as notifications.",
							   "* stands for all keys; empty: changes of keys are not sent.",
							   &pgraft_notify_keys, "", PGC_POSTMASTER, 0,
							   NULL, NULL, NULL);
	MarkGUCPrefixReserved("pgraft");
}

/* ---------- for others ---------- */

/* The engine's directory; the text lives until the next call. */
const char *
pgraft_data_directory(void)
{
	static char path[MAXPGPATH];

	if (data_dir[0] != '\0')
		return data_dir;
	snprintf(path, sizeof(path), "%s.pgraft", DataDir);
	return path;
}

static List *
add_text(List *lines, const char *setting, const char *value)
{
	return lappend(lines, psprintf("%s=%s", setting, value));
}

static List *
add_int(List *lines, const char *setting, int64 value)
{
	return lappend(lines, psprintf("%s=%lld", setting, (long long) value));
}

/* The settings as the engine gets them, in the current memory context. */
List *
pgraft_settings_lines(void)
{
	List	   *lines = NIL;

	lines = add_text(lines, "name", name);
	lines = add_text(lines, "initial_cluster", initial_cluster);
	lines = add_text(lines, "listen_address", listen_address);
	lines = add_text(lines, "cluster_id", cluster_id);
	lines = add_int(lines, "node_id", node_id);
	lines = add_text(lines, "address", address);
	lines = add_int(lines, "port", port);
	lines = add_text(lines, "data_dir", pgraft_data_directory());
	lines = add_text(lines, "pgdata", DataDir);
	lines = add_int(lines, "election_timeout", election_timeout);
	lines = add_int(lines, "heartbeat_interval", heartbeat_interval);
	lines = add_int(lines, "fsync_timeout", fsync_timeout);
	lines = add_int(lines, "hang_timeout", pgraft_hang_timeout);
	lines = add_int(lines, "max_store_size",
					(int64) max_store_size * 1024 * 1024);
	lines = add_int(lines, "snapshot_interval", snapshot_interval);
	lines = add_int(lines, "max_log_entries", max_log_entries);
	lines = add_int(lines, "compaction_threshold", compaction_threshold);
	lines = add_int(lines, "compaction_age", (int64) compaction_age * 1000);
	lines = add_text(lines, "tls_enabled", tls_modes[tls_enabled].name);
	lines = add_text(lines, "tls_cert_file", tls_cert_file);
	lines = add_text(lines, "tls_key_file", tls_key_file);
	lines = add_text(lines, "tls_ca_file", tls_ca_file);
	lines = add_text(lines, "tls_allowed_names", tls_allowed_names);
	lines = add_text(lines, "allow_insecure", allow_insecure ? "on" : "off");
	lines = add_text(lines, "metrics_enabled", metrics_enabled ? "on" : "off");
	lines = add_int(lines, "metrics_port", metrics_port);
	lines = add_text(lines, "metrics_address", metrics_address);
	lines = add_text(lines, "metrics_tls_cert_file", metrics_tls_cert_file);
	lines = add_text(lines, "metrics_tls_key_file", metrics_tls_key_file);
	lines = add_text(lines, "metrics_token_file", metrics_token_file);
	lines = add_text(lines, "log_level", log_levels[log_level].name);
	/* Every process that may need a place in LMDB's table of readers. */
	lines = add_int(lines, "max_processes", MaxBackends + NUM_AUXILIARY_PROCS);
	return lines;
}
