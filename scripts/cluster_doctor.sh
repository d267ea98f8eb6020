# shellcheck shell=bash
# What is commonly wrong with a cluster, looked for on each node of one that pgraft_cluster runs, or on the
# servers of --dsn and in what those know of the others. To be sourced by it.
# shellcheck disable=SC2004 # DSN_OF and SCHEMA_OF have names for keys

declare -a FINDINGS=() # what and hint, in turn
declare -a SERVERS=()  # of --dsn
ELECTION_SECONDS=5     # for a leader to be there again, at least, before nobody is said to lead

found() { # found WHAT HINT
	FINDINGS+=("$1" "$2")
	[ "$FORMAT" = json ] || printf '%s%s%s\n  %s\n' "$YELLOW" "$1" "$PLAIN" "$2"
}

# log_of NODE, configuration_of NODE: where to look; of a server that somebody else made, in words
log_of() {
	[ -n "$DSN" ] && echo "the server's log" || echo "pgraft_cluster logs $1"
}

configuration_of() {
	[ -n "$DSN" ] && echo "the server's postgresql.conf" || echo "$DIR/$1/postgresql.conf"
}

database_of() {
	if [ -n "$DSN" ]; then echo 'that --dsn names'; else echo postgres; fi
}

# Settings that must be the same on all nodes, or that are safe but wrong when they differ.
SAME_SETTINGS=(pgraft.cluster_id pgraft.election_timeout pgraft.max_store_size pgraft.tls_enabled server_version)

# examine_server NODE: fails if nothing more can be asked from it
examine_server() {
	local node=$1 preloaded state message installed hint
	if [ -z "$DSN" ] && ! postmaster_pid "$node" >/dev/null; then
		found "$node: the server does not run" "pgraft_cluster start $node; the log is pgraft_cluster logs $node"
		return 1
	fi
	if ! preloaded=$(quick "$node" 'SHOW shared_preload_libraries'); then
		found "$node: the server does not answer" "See $(log_of "$node")"
		return 1
	fi
	if [[ ,${preloaded// /}, != *,pgraft,* ]]; then
		found "$node: pgraft is not in shared_preload_libraries" "Add it in $(configuration_of "$node") and restart $node"
		return 1
	fi
	installed=$(quick "$node" "SELECT installed_version = default_version FROM pg_available_extensions WHERE name = 'pgraft'") || true
	case $installed in
		t) ;;
		f) found "$node: the extension is of another version than the library" "ALTER EXTENSION pgraft UPDATE" ;;
		*)
			found "$node: the extension is not installed in the database $(database_of)" "CREATE EXTENSION pgraft"
			return 1
			;;
	esac
	state=$(quick "$node" 'SELECT pgraft_get_worker_state()') || state=unknown
	message=$(quick "$node" 'SELECT message FROM pgraft_node_status()') || true
	hint="See $(log_of "$node")"
	# in another state it tells of something else
	[[ $state != @(ERROR|WAITING|STOPPED) ]] || hint=${message:-$hint}
	if [ "$state" != RUNNING ]; then
		found "$node: the worker is $state" "$hint"
	elif [ -n "$message" ]; then
		found "$node: $message" 'What was in use before stays in use. Mend it, and reload: SELECT pg_reload_conf()'
	fi
	if [ "$(quick "$node" 'SELECT metrics_state FROM pgraft_node_status()')" = failed ]; then
		found "$node: the page for Prometheus is not served" "Another program may have its port: see pgraft.metrics_port"
	fi
	if [ -z "$DSN" ] && ! port_in_use "${RAFT_PORT[$node]}"; then
		found "$node: nobody listens on the members' port ${RAFT_PORT[$node]}" "$hint"
	fi
}

# examine_settings NODE…: those that differ from the first node's
examine_settings() {
	local setting first other node
	for setting in "${SAME_SETTINGS[@]}"; do
		first=$(quick "$1" "SHOW $setting") || continue
		for node in "${@:2}"; do
			other=$(quick "$node" "SHOW $setting") || continue
			[ "$other" = "$first" ] ||
				found "$setting is $first on $1, but $other on $node" "Set it to the same value on all nodes"
		done
	done
}

# who_leads NODE…: prints the node to ask about the others, and fails if nobody leads; with --dsn one of those
# named, which answer
who_leads() {
	local node named
	if [ -n "$DSN" ]; then
		for node in "$@"; do
			if [ "$(quick "$node" 'SELECT pgraft_get_leader() > 0')" = t ]; then
				echo "$node"
				return
			fi
		done
		return 1
	fi
	! leader || return 0
	# a leader without the extension cannot be asked, but others may follow it
	for node in $(running); do
		named=$(quick "$node" 'SELECT nullif(pgraft_get_leader(), 0)') || continue
		if [ -n "$named" ] && [ "n$named" != "$node" ] && postmaster_pid "n$named" >/dev/null; then
			echo "$node"
			return
		fi
	done
	return 1
}

# examine_reach NODE…: members that no --dsn leads to, whose port for members does not answer here; while
# nobody leads, the servers themselves do not know who is reached
examine_reach() {
	local node id host port members='' asked=,
	for node in "$@"; do
		# one may have ended meanwhile
		id=$(quick "$node" 'SELECT node_id FROM pgraft_node_status()') || continue
		asked+=$id,
		[ -n "$members" ] ||
			members=$(quick "$node" 'SELECT node_id, address, port FROM pgraft_members() ORDER BY node_id') || continue
	done
	while IFS='|' read -r id host port; do
		if [ -z "$id" ] || [[ $asked == *,$id,* ]]; then
			continue
		fi
		# shellcheck disable=SC2016 # for the other bash
		timeout 3 bash -c 'exec 3<>"/dev/tcp/$1/$2"' bash "$host" "$port" 2>/dev/null ||
			found "n$id does not answer at $host:$port" 'See that its server runs, and that this machine may reach that port'
	done <<<"$members"
}

# patience_for NODE…: prints for how many seconds to wait for an election among these
patience_for() {
	local node seconds longest=$ELECTION_SECONDS
	for node in "$@"; do
		seconds=$(quick "$node" "SELECT ceil(3 * extract(epoch FROM current_setting('pgraft.election_timeout')::interval))::int") || continue
		[ "${seconds:-0}" -le "$longest" ] || longest=$seconds
	done
	echo "$longest"
}

# examine_cluster NODE…: what the members know of each other; these answer
examine_cluster() {
	local name node health voters deadline=''
	until name=$(who_leads "$@"); do
		deadline=${deadline:-$((SECONDS + $(patience_for "$@")))}
		if [ "$SECONDS" -ge "$deadline" ]; then
			[ -z "$DSN" ] || examine_reach "$@"
			found 'no node leads' 'A majority of the members has to run and to reach each other; see the other findings'
			return
		fi
		# an election may be under way
		sleep 0.5
	done
	while IFS='|' read -r node health; do
		[ -z "$node" ] || found "n$node is $health for the leader" "See that its server runs and reaches the others"
	done < <(quick "$name" "SELECT member, health FROM pgraft.cluster_health WHERE health <> 'healthy'")
	while read -r node; do
		[ -z "$node" ] || found "n$node: the store is full" 'Delete keys, or raise pgraft.max_store_size on all nodes'
	done < <(quick "$name" "SELECT memberid FROM pgraft.alarm_list WHERE alarm = 'NOSPACE'")
	voters=$(quick "$name" 'SELECT count(*) FROM pgraft_members() WHERE is_voter') || return 0
	if [ $((voters % 2)) -eq 0 ]; then
		found "the cluster has $voters members" "An odd number survives the loss of as many, and needs one server less"
	fi
}

examine_certificates() {
	local node file
	[ -d "$CERTIFICATES" ] || return 0
	for node in "${NODES[@]}"; do
		file=$DIR/$node/pgraft.crt
		openssl x509 -in "$file" -noout -checkend $((30 * 86400)) >/dev/null 2>&1 ||
			found "$node: the certificate in $file is out of date in less than 30 days" 'pgraft_cluster certificates'
	done
}

# name_servers: sets SERVERS to the servers of --dsn that let us in, by the names of their nodes where they have
# pgraft, and remembers how each is reached
name_servers() {
	local i where asked node schema begun words
	local -A first_at=() begun_at=() # by the names of nodes
	SERVERS=()
	for i in "${!DSNS[@]}"; do
		# a connection string may hold a password
		where="the server of --dsn"
		[ ${#DSNS[@]} -eq 1 ] || where="the server of --dsn number $((i + 1))"
		# as long as it is not known which node that is
		asked=@$i
		DSN_OF[$asked]=${DSNS[i]}
		SCHEMA_OF[$asked]=''
		if ! schema=$(quick "$asked" "$WHERE_PGRAFT_IS") || ! begun=$(quick "$asked" 'SELECT extract(epoch FROM pg_postmaster_start_time())'); then
			words=$(sql "$asked" 'SELECT' 2>&1 >/dev/null) || true
			words=${words%%$'\n'*}
			found "$where does not answer" "${words:-See that it runs and lets you in}"
			continue
		fi
		SCHEMA_OF[$asked]=$schema
		node=$(quick "$asked" "SELECT 'n' || node_id FROM pgraft_node_status()") || node=''
		if [ -n "$node" ] && [ -n "${begun_at[$node]:-}" ]; then
			# one server may have two addresses
			[ "${begun_at[$node]}" != "$begun" ] || continue
			found "$where is $node, as is ${first_at[$node]}" \
				'Give each its own pgraft.name or pgraft.node_id, and a directory of its own'
			node=''
		fi
		if [ -n "$node" ]; then
			begun_at[$node]=$begun
			first_at[$node]=$where
		fi
		node=${node:-$where}
		DSN_OF[$node]=${DSNS[i]}
		SCHEMA_OF[$node]=$schema
		SERVERS+=("$node")
	done
}

command_doctor() {
	local node
	local -a answering=() all=("${NODES[@]}")
	nothing_but 0 doctor "$@"
	if [ -n "$DSN" ]; then
		name_servers
		all=(${SERVERS[@]+"${SERVERS[@]}"})
	fi
	for node in "${all[@]}"; do
		if examine_server "$node"; then
			answering+=("$node")
		fi
	done
	if [ ${#answering[@]} -gt 0 ]; then
		examine_settings "${answering[@]}"
		examine_cluster "${answering[@]}"
	fi
	[ -n "$DSN" ] || examine_certificates
	if [ "$FORMAT" = json ]; then
		jq -cn '{command: "doctor", findings: [$ARGS.positional | range(0; length; 2) as $i | {what: .[$i], hint: .[$i + 1]}]}' \
			--args ${FINDINGS[@]+"${FINDINGS[@]}"}
	elif [ ${#FINDINGS[@]} -eq 0 ]; then
		echo "nothing wrong was found with ${all[*]}"
	fi
	[ ${#FINDINGS[@]} -eq 0 ] || exit "$FAILED"
}
