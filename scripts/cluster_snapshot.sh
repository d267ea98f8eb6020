# shellcheck shell=bash
# Snapshots of the store: taken in place of the log before, saved to a file, and restored from one. To be
# sourced by pgraft_cluster.

SNAPSHOT_SECONDS=600 # for a large store; --timeout gives another time

command_snapshot() {
	local what=${1:-take}
	[ $# -eq 0 ] || shift
	case $what in
		take) snapshot_take "$@" ;;
		save | verify) "snapshot_$what" "$@" ;;
		restore) snapshot_restore "$@" ;;
		*) wrong_call "snapshot does not know $what" 'It is take, save FILE, verify FILE or restore FILE' ;;
	esac
}

# file_of WHAT ARGUMENT…: sets FILE; the server opens it, so with --dsn it is on the server's machine
file_of() {
	local what=$1
	shift
	[ $# -ge 1 ] || wrong_call "snapshot $what needs a file"
	FILE=$1
	if [ -z "$DSN" ]; then
		FILE=$(absolute "$FILE")
	elif [[ $FILE != /* ]]; then
		wrong_call "\"$FILE\" is no absolute path" "With --dsn the file is on the server's machine, and its name begins with /"
	fi
}

# of one member: each takes its own, by itself as well
snapshot_take() {
	nothing_but 1 'snapshot take' "$@"
	local node=dsn
	if [ $# -eq 1 ]; then
		[ -z "$DSN" ] || wrong_call "with --dsn, the server that answers takes the snapshot" 'Name no node'
		named "$1"
		node=$NODE
	else
		through_any
		node=$MEMBER
	fi
	patiently "$node" 'pgraft_snapshot()' "$SNAPSHOT_SECONDS"
	local index=$REPLY
	query "$node" 'SELECT node_id FROM pgraft_node_status()'
	say "n$REPLY has a snapshot with the log's entries up to $index"
	fact node "n$REPLY"
	fact_json index "$index"
}

# show_backup NODE CALL WORD: what the server says of the file, with its name
show_backup() {
	patiently "$1" "to_json(b) FROM $2 b" "$SNAPSHOT_SECONDS"
	local described=$REPLY
	query "$1" "SELECT format('%s %s: %s keys at revision %s, %s bytes, sha256 %s', $(literal "$3"), j->>'file',
		j->>'keys', j->>'revision', j->>'bytes', j->>'sha256') FROM CAST($(literal "$described") AS json) j"
	say "$REPLY"
	fact_json backup "$described"
}

snapshot_save() {
	file_of save "$@"
	nothing_but 1 'snapshot save' "$@"
	through_any
	ADVICE='Look what is wrong with pgraft_cluster doctor, and take another name for the file if it is there'
	patiently "$MEMBER" "file FROM pgraft_backup($(literal "$FILE"))" "$SNAPSHOT_SECONDS"
	ADVICE="The file was written, but is not to be relied on: remove $FILE, and save again"
	show_backup "$MEMBER" "pgraft_backup_verify($(literal "$FILE"))" 'saved and verified'
}

snapshot_verify() {
	file_of verify "$@"
	nothing_but 1 'snapshot verify' "$@"
	local node=dsn
	if [ -z "$DSN" ]; then
		node=$(running | head -n 1)
		[ -n "$node" ] || fail "$NOT_ACCEPTED" "no server in $DIR runs" 'Start one: pgraft_cluster start'
	fi
	show_backup "$node" "pgraft_backup_verify($(literal "$FILE"))" verified
}

# Founds a new cluster: of the server of --dsn, that belongs to none, or of as many as init makes in $DIR.
snapshot_restore() {
	local node
	file_of restore "$@"
	shift
	if [ -n "$DSN" ]; then
		nothing_but 0 'snapshot restore FILE' "$@"
		patiently dsn "pgraft_init($(literal "$FILE"))" "$SNAPSHOT_SECONDS"
		query dsn 'SELECT node_id FROM pgraft_node_status()'
		say "restored $FILE: n$REPLY is a cluster of one; add others by pgraft_cluster add"
		fact restored "$FILE"
		fact_list nodes "n$REPLY"
		return
	fi
	read_new_cluster 'snapshot restore' "$@"
	run test -r "$FILE" || die "the servers' user cannot read $FILE" \
		"Copy it to where the user of the servers reads it, and give it to that user (chown)"
	trap remove_all EXIT
	make_cluster wait
	start_waiting n1
	query n1 "SELECT FROM pgraft_backup_verify($(literal "$FILE"))"
	patiently n1 "pgraft_init($(literal "$FILE"))" "$SNAPSHOT_SECONDS"
	trap - EXIT
	MEMBER=n1
	for node in "${NODES[@]:1}"; do
		start_waiting "$node"
		change "pgraft_add_node(${node#n}, '127.0.0.1', ${RAFT_PORT[$node]})"
	done
	say "restored $FILE to ${NODES[*]} in $DIR"
	fact restored "$FILE"
}
