# shellcheck shell=bash
# What is commonly wrong with a cluster, looked for on each node of one that pgraft_cluster runs. To be
# sourced by it.

FINDINGS=0

found() { # found WHAT HINT
	FINDINGS=$((FINDINGS + 1))
	printf '%s%s%s\n  %s\n' "$YELLOW" "$1" "$PLAIN" "$2"
}

# Settings that must be the same on all nodes, or that are safe but wrong when they differ.
SAME_SETTINGS=(pgraft.cluster_id pgraft.election_timeout pgraft.max_store_size pgraft.tls_enabled server_version)

# examine_server NODE: fails if nothing more can be asked from it
examine_server() {
	local node=$1 preloaded state message installed
	if ! postmaster_pid "$node" >/dev/null; then
		found "$node: the server does not run" "pgraft_cluster start $node; the log is pgraft_cluster logs $node"
		return 1
	fi
	if ! preloaded=$(quick "$node" 'SHOW shared_preload_libraries'); then
		found "$node: the server does not answer" "See pgraft_cluster logs $node"
		return 1
	fi
	if [[ ,${preloaded// /}, != *,pgraft,* ]]; then
		found "$node: pgraft is not in shared_preload_libraries" "Add it in $DIR/$node/postgresql.conf and restart $node"
		return 1
	fi
	installed=$(quick "$node" "SELECT installed_version = default_version FROM pg_available_extensions WHERE name = 'pgraft'") || true
	case $installed in
		t) ;;
		f) found "$node: the extension is of another version than the library" "ALTER EXTENSION pgraft UPDATE" ;;
		*)
			found "$node: the extension is not installed in the database postgres" "CREATE EXTENSION pgraft"
			return 1
			;;
	esac
	state=$(quick "$node" 'SELECT pgraft_get_worker_state()') || state=unknown
	message=$(quick "$node" 'SELECT message FROM pgraft_node_status()') || true
	if [ "$state" != RUNNING ]; then
		found "$node: the worker is $state" "${message:-See pgraft_cluster logs $node}"
	fi
	if [ "$(quick "$node" 'SELECT metrics_state FROM pgraft_node_status()')" = failed ]; then
		found "$node: the page for Prometheus is not served" "Another program may have its port: see pgraft.metrics_port"
	fi
	if ! port_in_use "${RAFT_PORT[$node]}"; then
		found "$node: nobody listens on the members' port ${RAFT_PORT[$node]}" "${message:-See pgraft_cluster logs $node}"
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

# examine_cluster NODE: what the members know of each other
examine_cluster() {
	local name health voters
	if ! name=$(leader); then
		found 'no node leads' 'A majority of the members has to run and to reach each other; see the other findings'
		return
	fi
	while IFS='|' read -r node health; do
		[ -z "$node" ] || found "n$node is $health for the leader" "See that its server runs and reaches the others"
	done < <(quick "$name" "SELECT member, health FROM pgraft.cluster_health WHERE health <> 'healthy'")
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

command_doctor() {
	local node
	local -a answering=()
	nothing_but 0 doctor "$@"
	for node in "${NODES[@]}"; do
		if examine_server "$node"; then
			answering+=("$node")
		fi
	done
	if [ ${#answering[@]} -gt 0 ]; then
		examine_settings "${answering[@]}"
		examine_cluster
	fi
	examine_certificates
	if [ "$FINDINGS" -gt 0 ]; then
		exit 1
	fi
	echo "nothing wrong was found with ${NODES[*]}"
}
