# shellcheck shell=bash
# The cluster that pgraft_cluster works on: the description of the one in $DIR and its servers, or, with
# --dsn, a server that somebody else made; and how they are asked. To be sourced by it.

declare -a NODES=() CHOSEN=()   # names, in the order of their numbers
declare -A PORT=() RAFT_PORT=() # by name
BINDIR='' RUN_USER='' SOCKETS='' NODE='' LABEL='' MEMBER='' REPLY=''
DSN='' PSQL='' SCHEMA='' ADVICE='' TIMEOUT=''
declare -a DSNS=()                # of each --dsn; DSN is the first
declare -A DSN_OF=() SCHEMA_OF=() # of servers that are asked one by one, by the name that stands for a node

save() {
	{
		echo "# written by pgraft_cluster; the ports stand in the nodes' own configuration, too"
		echo "bindir=$BINDIR"
		echo "user=$RUN_USER"
		echo "sockets=$SOCKETS"
		local node
		for node in "${NODES[@]}"; do
			echo "node=$node ${PORT[$node]} ${RAFT_PORT[$node]}"
		done
		[ ${#NEW_SETTINGS[@]} -eq 0 ] || printf 'setting=%s\n' "${NEW_SETTINGS[@]}"
	} >"$DIR/cluster.conf.new"
	mv "$DIR/cluster.conf.new" "$DIR/cluster.conf"
	[ "$(id -un)" = "$RUN_USER" ] || chown "$RUN_USER" "$DIR/cluster.conf"
}

load() {
	[ -f "$DIR/cluster.conf" ] || fail "$WRONG_CALL" "there is no cluster in $DIR" \
		'Make one (pgraft_cluster init), name its directory (--dir), or a server that somebody else made (--dsn)'
	local line value name port raft_port
	while IFS= read -r line; do
		value=${line#*=}
		case ${line%%=*} in
			bindir) BINDIR=$value ;;
			user) RUN_USER=$value ;;
			sockets) SOCKETS=$value ;;
			node)
				read -r name port raft_port <<<"$value"
				NODES+=("$name")
				PORT[$name]=$port
				RAFT_PORT[$name]=$raft_port
				;;
			# for the nodes that are added later
			setting) NEW_SETTINGS+=("$value") ;;
		esac
	done <"$DIR/cluster.conf"
	if [ "$(id -un)" != "$RUN_USER" ] && [ "$(id -u)" -ne 0 ]; then
		fail "$WRONG_CALL" "the cluster in $DIR belongs to $RUN_USER" "Call this as $RUN_USER or as root"
	fi
}

WHERE_PGRAFT_IS="SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
	WHERE e.extname = 'pgraft'"

find_psql() {
	PSQL=$(command -v psql) || PSQL=$("$("$REPO/scripts/find_pg_config")" --bindir 2>/dev/null)/psql
	[ -x "$PSQL" ] || die "--dsn needs psql" "Install it (Debian: apt install postgresql-client)"
}

# connect: finds where pgraft is in the database of DSN
connect() {
	query dsn "$WHERE_PGRAFT_IS"
	SCHEMA=$REPLY
	[ -n "$SCHEMA" ] || die "pgraft is not installed in the database that --dsn names" \
		'Run CREATE EXTENSION pgraft there, or name another database (dbname=…)'
}

# named ARGUMENT: sets NODE to the name in $DIR ("2" and "n2" are n2), or with --dsn to the member's id;
# and LABEL to what it is called
named() {
	local name=n${1#n} node
	if [ -n "$DSN" ]; then
		member_id "$1"
		return
	fi
	for node in "${NODES[@]}"; do
		if [ "$node" = "$name" ]; then
			NODE=$name LABEL=$name
			return
		fi
	done
	wrong_call "there is no node $1 in $DIR" "Its nodes are ${NODES[*]}"
}

# member_id ARGUMENT: sets NODE to the id of the member of that name, or to the number itself: it may be
# that of a node that is no member any more
member_id() {
	query dsn "SELECT node_id FROM pgraft_members() WHERE name = $(literal "$1")"
	NODE=$REPLY LABEL=$1
	if [ -z "$NODE" ] && [[ $1 =~ ^n?([1-9][0-9]{0,6})$ ]]; then
		NODE=${BASH_REMATCH[1]} LABEL=n${BASH_REMATCH[1]}
	fi
	[ -n "$NODE" ] || wrong_call "there is no member \"$1\"" 'See pgraft_cluster list; a member is named by its name or its id'
}

# nothing_but COUNT COMMAND ARGUMENT…: refuses surplus arguments, before anything is done
nothing_but() {
	local count=$1 name=$2
	shift 2
	[ $# -le "$count" ] || wrong_call "$name does not know ${*:$((count + 1))}"
}

# choose ARGUMENT…: sets CHOSEN to the nodes meant, all of them without arguments
choose() {
	local argument
	CHOSEN=()
	if [ $# -eq 0 ]; then
		CHOSEN=("${NODES[@]}")
	fi
	for argument in "$@"; do
		named "$argument"
		CHOSEN+=("$NODE")
	done
}

# ---- asking ----------------------------------------------------------------------------------

run() {
	# descriptor 3 is the caller's; a server that kept it would keep the caller waiting for its end
	as_user "$RUN_USER" "$@" 3>&-
}

literal() { # literal TEXT: as SQL
	local text=${1//\\/\\\\}
	printf "E'%s'" "${text//"'"/"''"}"
}

# sql NODE STATEMENT [PSQL-ARGUMENT…]: prints the rows, unaligned
sql() {
	local node=$1 statement=$2 schema
	local -a psql=(env -u LC_ALL LC_MESSAGES=C "PGCONNECT_TIMEOUT=${PGCONNECT_TIMEOUT:-5}")
	shift 2
	if [ -n "$DSN" ]; then
		schema=${SCHEMA_OF[$node]-$SCHEMA}
		"${psql[@]}" "$PSQL" -w -d "${DSN_OF[$node]:-$DSN}" -X -q -A -t -v ON_ERROR_STOP=1 "$@" \
			-c "${schema:+SET search_path = $schema, pg_catalog; }$statement" </dev/null
	else
		run "${psql[@]}" "$BINDIR/psql" -h "$SOCKETS" -p "${PORT[$node]}" -U postgres \
			-d postgres -X -q -A -t -v ON_ERROR_STOP=1 "$@" -c "$statement"
	fi
}

# quick NODE STATEMENT: the same for the eyes of this script: short, and silent when it fails
quick() {
	sql "$1" "SET statement_timeout = '3s'; SET pgraft.command_timeout = '2s'; $2" 2>/dev/null
}

# query NODE STATEMENT [PSQL-ARGUMENT…]: sets REPLY to the rows, or fails with the server's words. To be
# called in this shell, not in $( ).
query() {
	local errors text status=0
	errors=$(mktemp)
	REPLY=$(sql "$@" -v VERBOSITY=verbose 2>"$errors") || status=$?
	text=$(<"$errors")
	rm -f "$errors"
	[ "$status" -eq 0 ] || server_error "$text" "$status"
	# a warning
	[ -z "$text" ] || grep -v '^LOCATION:' <<<"$text" >&2 || true
}

# patiently NODE CALL DEFAULT: query with the time that --timeout gives, or DEFAULT seconds
patiently() {
	query "$1" "SET pgraft.command_timeout = '${TIMEOUT:-$3}s'; SELECT $2"
}

# leader: prints the name of the node that holds the lease, and fails if there is none
leader() {
	local node
	for node in "${NODES[@]}"; do
		postmaster_pid "$node" >/dev/null || continue
		if [ "$(quick "$node" 'SELECT pgraft_is_leader()')" = t ]; then
			echo "$node"
			return
		fi
	done
	return 1
}

# through_leader: sets MEMBER to the node to ask for a change; a server of --dsn hands it on to its leader
through_leader() {
	MEMBER=dsn
	[ -n "$DSN" ] || MEMBER=$(leader) || no_leader
}

# through_any: sets MEMBER to a node that takes part, the leader if there is one
through_any() {
	local node
	MEMBER=dsn
	[ -z "$DSN" ] || return 0
	! MEMBER=$(leader) || return 0
	for node in $(running); do
		if [ "$(quick "$node" 'SELECT pgraft_get_worker_state()')" = RUNNING ]; then
			MEMBER=$node
			return
		fi
	done
	fail "$NOT_ACCEPTED" "no server in $DIR answers as a member" 'See pgraft_cluster status, and start them: pgraft_cluster start'
}

# ---- one server of $DIR ----------------------------------------------------------------------

postmaster_pid() { # postmaster_pid NODE: prints the pid and succeeds if the server runs
	local pid
	# head's own error is the answer where the file is not there
	pid=$(head -n 1 "$DIR/$1/postmaster.pid" 2>/dev/null) || return 1
	[ -n "$pid" ] && [ -d "/proc/$pid" ] || return 1
	[ "$(tr '\0' '\n' <"/proc/$pid/cmdline" 2>/dev/null | head -n 1)" = "$BINDIR/postgres" ] || return 1
	echo "$pid"
}

running() {
	local node
	for node in "${NODES[@]}"; do
		if postmaster_pid "$node" >/dev/null; then
			echo "$node"
		fi
	done
}

make_node() { # make_node NODE [SETTING…]: initdb and the configuration
	local node=$1 setting value
	shift
	run "$BINDIR/initdb" -D "$DIR/$node" -U postgres -E UTF8 --no-locale --no-sync \
		--auth-local=trust --auth-host=scram-sha-256 --pwfile="$DIR/password" >"$DIR/initdb.log" 2>&1 ||
		{ cat "$DIR/initdb.log" >&2 && die "initdb failed for $node" "Mend what it says above, and try again"; }
	rm -f "$DIR/initdb.log"
	{
		echo "listen_addresses = '127.0.0.1'"
		echo "port = ${PORT[$node]}"
		echo "unix_socket_directories = '$SOCKETS'"
		echo "cluster_name = '$node'"
		echo "log_line_prefix = '%m [%p] '"
		echo "shared_preload_libraries = 'pgraft'"
		for setting in "$@"; do
			value=${setting#*=}
			printf "%s = '%s'\n" "${setting%%=*}" "${value//"'"/"''"}"
		done
	} >>"$DIR/$node/postgresql.conf"
	if [ -d "$CERTIFICATES" ]; then
		trust "$node"
		certify "$node"
	fi
}

start_node() { # start_node NODE: returns when the server accepts connections
	local node=$1 tries=0 output
	: >>"$DIR/$node.log"
	[ "$(id -un)" = "$RUN_USER" ] || chown "$RUN_USER" "$DIR/$node.log"
	# After kill -9 the rest of the old server may still be there for a moment.
	until output=$(run "$BINDIR/pg_ctl" -D "$DIR/$node" -l "$DIR/$node.log" -w -t 60 -s start 2>&1); do
		tries=$((tries + 1))
		if [ "$tries" -ge 20 ] || postmaster_pid "$node" >/dev/null ||
			! tail -n 3 "$DIR/$node.log" | grep -qE 'shared memory|lock file'; then
			printf '%s\n' "$output" >&2
			tail -n 15 "$DIR/$node.log" >&2
			return 1
		fi
		sleep 0.5
	done
	# Each node is a primary of its own, so each needs the extension.
	sql "$node" 'SET client_min_messages = warning; CREATE EXTENSION IF NOT EXISTS pgraft' >/dev/null
}

# start_waiting NODE: one that belongs to no cluster; returns when it waits to be added
start_waiting() {
	local deadline=$((SECONDS + 60))
	start_node "$1" || die "$1 did not start" "See pgraft_cluster logs $1"
	until [ "$(quick "$1" 'SELECT pgraft_get_worker_state()')" = WAITING ]; do
		[ "$SECONDS" -lt "$deadline" ] ||
			die "$1 does not wait to be added after a minute" "See pgraft_cluster logs $1, and remove it: pgraft_cluster remove $1"
		sleep 0.1
	done
}

stop_node() { # stop_node NODE MODE
	if postmaster_pid "$1" >/dev/null; then
		run "$BINDIR/pg_ctl" -D "$DIR/$1" -w -t 60 -s -m "$2" stop
	fi
}

# in_parallel FUNCTION NODE…: run it for all at once; fails if one of them fails
in_parallel() {
	local function=$1 node pid failed=0
	local -a pids=()
	shift
	for node in "$@"; do
		"$function" "$node" &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid" || failed=1
	done
	return "$failed"
}

stop_fast() {
	stop_node "$1" fast
}

stop_immediate() {
	stop_node "$1" immediate
}

stop_smart() {
	stop_node "$1" smart
}
