# shellcheck shell=bash
# What pgraft_cluster shows of a cluster: list asks one member for what it knows of all, status asks each
# server in $DIR for what it knows of itself, watch repeats. To be sourced by it.

# What the lease holder last measured of each member; null is unknown. While nobody leads, a voter is no more
# than that: who led is remembered, and may be dead.
MEMBERS="SELECT coalesce(m.name, 'n' || m.node_id) AS member, m.node_id AS id, m.address || ':' || m.port AS host,
		CASE WHEN NOT m.is_voter THEN 'learner' WHEN coalesce(l.id, 0) = 0 THEN 'voter'
			WHEN m.is_leader THEN 'leader' ELSE 'follower' END AS role,
		CASE WHEN m.reachable THEN 'healthy' WHEN m.reachable IS NULL THEN 'unknown' ELSE 'unreachable' END AS state,
		m.current_term AS term, m.applied_index AS applied, r.lag, m.last_contact_ms AS contact_ms
	FROM pgraft_members() m CROSS JOIN pgraft_get_leader() AS l(id)
	LEFT JOIN pgraft_log_get_replication_status() r USING (node_id) ORDER BY m.node_id"

command_list() {
	nothing_but 0 list "$@"
	through_any
	query "$MEMBER" "SELECT count(*) FROM pgraft_members()"
	if [ "$REPLY" = 0 ]; then
		query "$MEMBER" "SELECT worker_state || coalesce(': ' || nullif(message, ''), '') FROM pgraft_node_status()"
		fail "$NOT_ACCEPTED" "that server is a member of no cluster" 'Ask another one, or add it to a cluster' "Its worker is $REPLY"
	fi
	if [ "$FORMAT" = json ]; then
		query "$MEMBER" "SELECT json_agg(l) FROM ($MEMBERS) l"
		jq -c . <<<"$REPLY"
	else
		query "$MEMBER" "$MEMBERS" -P format=aligned -P tuples_only=off -P footer=off -P null=-
		printf '%s\n' "$REPLY"
	fi
}

# describe NODE: process|pid|state|term|holder|applied, as far as they are known
describe() {
	local pid row
	if ! pid=$(postmaster_pid "$1"); then
		echo 'down|||||'
		return
	fi
	row=$(quick "$1" "SELECT CASE WHEN pgraft_is_leader() THEN 'leader' WHEN s.state = 'leader' THEN 'no lease'
			ELSE s.state END, s.current_term, nullif(s.leader_id, 0), pgraft_get_applied_index()
		FROM pgraft_get_cluster_status() s") || row='unknown|||'
	echo "up|$pid|$row"
}

command_status() {
	nothing_but 0 status "$@"
	if [ "$FORMAT" = json ]; then
		status_json
	else
		status_table
	fi
}

status_table() {
	local node process pid state term holder applied colour
	printf '%s%-6s %-9s %-8s %-6s %-6s %-13s %-6s %-7s %s%s\n' "$BOLD" \
		NODE PROCESS PID PORT RAFT STATE TERM LEADER APPLIED "$PLAIN"
	for node in "${NODES[@]}"; do
		IFS='|' read -r process pid state term holder applied <<<"$(describe "$node")"
		case $state in
			leader) colour=$GREEN ;;
			follower) colour=$PLAIN ;;
			'') colour=$DIM ;;
			*) colour=$YELLOW ;;
		esac
		printf '%s%-6s %-9s %-8s %-6s %-6s %-13s %-6s %-7s %s%s\n' "$colour" "$node" \
			"$process" "${pid:--}" "${PORT[$node]}" "${RAFT_PORT[$node]}" \
			"${state:--}" "${term:--}" "${holder:+n}${holder:--}" "${applied:--}" "$PLAIN"
	done
}

# one object per node; what is not known is null
status_json() {
	local node process pid state term holder applied
	for node in "${NODES[@]}"; do
		IFS='|' read -r process pid state term holder applied <<<"$(describe "$node")"
		jq -n --arg node "$node" --arg process "$process" --arg pid "$pid" --arg port "${PORT[$node]}" \
			--arg raft_port "${RAFT_PORT[$node]}" --arg state "$state" --arg term "$term" \
			--arg leader "${holder:+n}$holder" --arg applied "$applied" \
			'$ARGS.named | map_values(if . == "" then null else . end)
				| reduce ("pid", "port", "raft_port", "term", "applied") as $number (.; .[$number] |= if . == null then . else tonumber end)'
	done | jq -cs .
}

# as often as it says, until it is interrupted; one line per round as JSON
command_watch() {
	local seconds=${1:-2} show=command_status
	nothing_but 1 watch "$@"
	[[ $seconds =~ ^[0-9]+([.][0-9]+)?$ ]] || wrong_call "watch needs a number of seconds"
	[ -z "$DSN" ] || show=command_list
	while :; do
		if [ "$FORMAT" = table ]; then
			[ ! -t 1 ] || printf '\e[H\e[2J'
			date '+%F %T'
		fi
		# what cannot be asked now may come back, so the next round is not given up
		("$show") || true
		sleep "$seconds"
	done
}
