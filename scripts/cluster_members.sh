# shellcheck shell=bash
# Changes of a cluster's members. In $DIR the servers that come are made, and those that go are stopped;
# with --dsn they are somebody else's, and only told about. To be sourced by pgraft_cluster.
# shellcheck disable=SC2004 # PORT and RAFT_PORT have names for keys

MEMBER_SECONDS=60 # for a newcomer to catch up; --timeout gives another time
NEWCOMER=''

# make_newcomer LEADER: one more node that waits to be added; sets NEWCOMER, its name
make_newcomer() {
	local from=$1 last=${NODES[-1]} node number cluster
	number=$((${last#n} + 1))
	# the number of a node that was removed is not used again
	while [ -e "$DIR/n$number" ]; do
		number=$((number + 1))
	done
	node=n$number
	query "$from" 'SHOW pgraft.cluster_id'
	cluster=$REPLY
	PORT[$node]=$(free_port $((PORT[$last] + 1))) || die "no port is free" 'Stop something that listens on one'
	RAFT_PORT[$node]=$(free_port $((RAFT_PORT[$last] + 1))) || die "no port is free" 'Stop something that listens on one'
	umask 077
	configure_waiting "$node" "$cluster"
	NODES+=("$node")
	save
	start_waiting "$node"
	NEWCOMER=$node
}

# change CALL: made by MEMBER, with time to catch up
change() {
	ADVICE="Try again${MEMBER:+, on $MEMBER}: SELECT $1"
	[ -z "$DSN" ] || ADVICE='See pgraft_cluster list and doctor; to run the same command again is safe'
	patiently "$MEMBER" "$1" "$MEMBER_SECONDS"
	ADVICE=''
}

# newcomer_of COMMAND ARGUMENT…: sets NEWCOMER, ADDRESS and MEMBERS_PORT to ID ADDRESS [PORT], of a server that waits
newcomer_of() {
	local name=$1
	shift
	if [ $# -lt 2 ] || [ $# -gt 3 ]; then
		wrong_call "with --dsn, $name needs the new node's id and its address, and may have its port" \
			'The new server has to run and to wait: see "Add a node" in docs/operations.md'
	fi
	[[ $1 =~ ^n?([1-9][0-9]{0,6})$ ]] || wrong_call "\"$1\" is no node's id" "It is the new server's pgraft.node_id"
	NEWCOMER=${BASH_REMATCH[1]}
	ADDRESS=$2
	MEMBERS_PORT=${3:-7001}
	port_number "$MEMBERS_PORT"
}

command_add() {
	[ -n "$DSN" ] || nothing_but 0 add "$@"
	[ -z "$DSN" ] || newcomer_of add "$@"
	through_leader
	if [ -n "$DSN" ]; then
		change "pgraft_add_node($NEWCOMER, $(literal "$ADDRESS"), $MEMBERS_PORT)"
	else
		make_newcomer "$MEMBER"
		change "pgraft_add_node(${NEWCOMER#n}, '127.0.0.1', ${RAFT_PORT[$NEWCOMER]})"
	fi
	say "added n${NEWCOMER#n}"
	fact added "n${NEWCOMER#n}"
}

command_replace() {
	local kept=''
	if [ -n "$DSN" ]; then
		[ $# -ge 1 ] || wrong_call "replace needs the old node, and the new one's id and address"
		newcomer_of replace "${@:2}"
		named "$1"
		change "pgraft_replace_node($NODE, $NEWCOMER, $(literal "$ADDRESS"), $MEMBERS_PORT)"
	else
		[ $# -eq 1 ] || wrong_call "replace needs one node"
		named "$1"
		through_leader
		make_newcomer "$MEMBER"
		change "pgraft_replace_node(${NODE#n}, ${NEWCOMER#n}, '127.0.0.1', ${RAFT_PORT[$NEWCOMER]})"
		forget "$NODE"
		kept="; its data stays in $DIR/$NODE and $DIR/$NODE.pgraft"
	fi
	say "replaced $LABEL by n${NEWCOMER#n}$kept"
	fact replaced "$LABEL"
	fact by "n${NEWCOMER#n}"
}

command_remove() {
	[ $# -eq 1 ] || wrong_call "remove needs one node"
	local what='; stop its server, or take pgraft out of its shared_preload_libraries'
	named "$1"
	through_leader
	query "$MEMBER" "SELECT count(*) FROM pgraft_get_nodes() WHERE node_id = ${NODE#n}"
	if [ "$REPLY" != 0 ]; then
		change "pgraft_remove_node(${NODE#n})"
	elif [ -n "$DSN" ]; then
		wrong_call "node ${NODE#n} is no member" 'See pgraft_cluster list'
	fi
	# one in $DIR that was never added is only stopped and forgotten
	if [ -z "$DSN" ]; then
		forget "$NODE"
		what="; its data stays in $DIR/$NODE and $DIR/$NODE.pgraft"
	fi
	say "removed $LABEL$what"
	fact removed "$LABEL"
}

# forget NODE: stops a node that is no member any more, and drops its certificate
forget() {
	local other
	local -a rest=()
	stop_node "$1" fast
	for other in "${NODES[@]}"; do
		[ "$other" = "$1" ] || rest+=("$other")
	done
	NODES=(${rest[@]+"${rest[@]}"})
	save
	rm -f "$CERTIFICATES/$1.crt" "$CERTIFICATES/$1.key"
}

command_transfer() {
	[ $# -le 1 ] || wrong_call "transfer needs one node or none"
	local to=0 before deadline=$((SECONDS + 60))
	NODE=n0
	[ $# -eq 0 ] || named "$1"
	to=${NODE#n}
	through_leader
	query "$MEMBER" 'SELECT pgraft_get_leader()'
	before=$REPLY
	patiently "$MEMBER" "pgraft_transfer_leadership($to)" "$MEMBER_SECONDS"
	[ "$REPLY" = t ] || die "the leadership was not handed over" 'See pgraft_cluster list, and try again'
	# the next one leads when it has the lease
	until query "$MEMBER" 'SELECT node_id FROM pgraft_members() WHERE is_leader' && [ -n "$REPLY" ] &&
		{ [ "$REPLY" = "$to" ] || { [ "$to" = 0 ] && [ "$REPLY" != "$before" ]; }; }; do
		[ "$SECONDS" -lt "$deadline" ] || no_leader "no new leader after a minute"
		sleep 0.1
	done
	query "$MEMBER" "SELECT coalesce(name, 'n' || node_id) FROM pgraft_members() WHERE node_id = $REPLY"
	say "the leader is $REPLY"
	fact leader "$REPLY"
}
