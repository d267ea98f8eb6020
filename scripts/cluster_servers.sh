# shellcheck shell=bash
# The servers of a cluster in $DIR: made, started, stopped, killed, destroyed. To be sourced by pgraft_cluster.
# shellcheck disable=SC2004 # PORT and RAFT_PORT have names for keys

declare -A NEW=() # what was asked for: nodes, port, raft_port, tls
declare -a NEW_SETTINGS=() # of each postgresql.conf

port_number() { # port_number TEXT
	if [[ ! $1 =~ ^[0-9]{1,5}$ ]] || [ "$1" -lt 1 ] || [ "$1" -gt 65535 ]; then
		wrong_call "\"$1\" is no port" 'A port goes from 1 to 65535'
	fi
}

# read_new_cluster COMMAND ARGUMENT…: sets NEW and NEW_SETTINGS
read_new_cluster() {
	local name=$1
	shift
	NEW=([nodes]=3 [port]=5433 [raft_port]=7001 [tls]=no)
	while [ $# -gt 0 ]; do
		case $1 in
			--tls)
				NEW[tls]=yes
				shift
				;;
			--nodes | --port | --raft-port | --set | --pg-config)
				[ $# -ge 2 ] || wrong_call "$1 needs a value"
				case $1 in
					--nodes) NEW[nodes]=$2 ;;
					--port) NEW[port]=$2 ;;
					--raft-port) NEW[raft_port]=$2 ;;
					--set)
						[[ $2 =~ ^[A-Za-z_][A-Za-z0-9_.]*= && $2 != *$'\n'* ]] || wrong_call "\"$2\" is no setting" 'It is NAME=VALUE'
						NEW_SETTINGS+=("$2")
						;;
					--pg-config) PG_CONFIG=$2 ;;
				esac
				shift 2
				;;
			*) wrong_call "$name does not know $1" ;;
		esac
	done
	if [[ ! ${NEW[nodes]} =~ ^[0-9]{1,2}$ ]] || [ "${NEW[nodes]}" -lt 1 ] || [ "${NEW[nodes]}" -gt 31 ]; then
		wrong_call "a cluster cannot have ${NEW[nodes]} nodes" '--nodes goes from 1 to 31'
	fi
	port_number "${NEW[port]}"
	port_number "${NEW[raft_port]}"
	[ ! -e "$DIR/cluster.conf" ] || wrong_call "there is a cluster in $DIR already" 'Destroy it, or choose another --dir'
	if [ -d "$DIR" ] && [ -n "$(ls -A "$DIR")" ]; then
		wrong_call "$DIR is not empty" 'Choose another --dir'
	fi

	PG_CONFIG=${PG_CONFIG:-$("$REPO/scripts/find_pg_config" || true)}
	[ -n "$PG_CONFIG" ] || die "no PostgreSQL found" 'Pass --pg-config'
	"$PG_CONFIG" --version >/dev/null 2>&1 ||
		wrong_call "$PG_CONFIG does not answer like the pg_config of a PostgreSQL" 'Name that of your server with --pg-config'
	BINDIR=$("$PG_CONFIG" --bindir)
	[ -f "$("$PG_CONFIG" --pkglibdir)/pgraft.so" ] ||
		die "pgraft is not installed in $("$PG_CONFIG" --version)" "make install PG_CONFIG=$PG_CONFIG"
	RUN_USER=$(server_user) || die "there is no user for the servers" 'Make one: useradd --system pgraft'
}

# make_cluster FORM: the nodes, that "form" a cluster when started, or "wait" for one
make_cluster() {
	local form=$1 node i port=${NEW[port]} raft_port=${NEW[raft_port]} members='' cluster_id
	# the servers' user has to come through what is above; the directory itself is theirs alone
	(umask 022 && mkdir -p "$(dirname "$DIR")")
	umask 077
	mkdir -p "$DIR"
	SOCKETS=$DIR/run
	mkdir "$SOCKETS"
	# A socket's path may have 107 bytes.
	if [ ${#SOCKETS} -gt 88 ]; then
		rmdir "$SOCKETS"
		SOCKETS=$(mktemp -d /tmp/pgraft-run-XXXXXX)
	fi
	head -c 18 /dev/urandom | base64 >"$DIR/password"
	[ "$(id -un)" = "$RUN_USER" ] || chown -R "$RUN_USER" "$DIR" "$SOCKETS"
	run test -x "$DIR" || die "the user $RUN_USER cannot enter $DIR" 'Choose another --dir'

	# clusters of the same name could be taken for one
	cluster_id=$(basename "$DIR" | tr -cd 'a-zA-Z0-9_.-' | head -c 60)-$(od -An -N3 -tx1 /dev/urandom | tr -d ' ')
	for ((i = 1; i <= NEW[nodes]; i++)); do
		node=n$i
		port=$(free_port "$port") || die "no port is free from ${NEW[port]} on" 'Pass another --port'
		raft_port=$(free_port "$raft_port") || die "no port is free from ${NEW[raft_port]} on" 'Pass another --raft-port'
		NODES+=("$node")
		PORT[$node]=$port
		RAFT_PORT[$node]=$raft_port
		members+=${members:+,}$node=127.0.0.1:$raft_port
		port=$((port + 1))
		raft_port=$((raft_port + 1))
	done
	if [ "${NEW[tls]}" = yes ]; then
		signer authority
	fi
	for node in "${NODES[@]}"; do
		if [ "$form" = form ]; then
			configure "$node" "$cluster_id" "pgraft.name=$node" "pgraft.initial_cluster=$members"
		else
			configure_waiting "$node" "$cluster_id"
		fi
	done
	save
	[ "$(id -un)" = "$RUN_USER" ] || chown -R "$RUN_USER" "$DIR"
	fact dir "$DIR"
	fact cluster_id "$cluster_id"
	fact_list nodes "${NODES[@]}"
}

# configure NODE CLUSTER-ID SETTING…: makes it, with what is the same on all beside that
configure() {
	local node=$1 cluster_id=$2
	local -a encrypted=()
	shift 2
	[ ! -d "$CERTIFICATES" ] || mapfile -t encrypted < <(tls_settings)
	make_node "$node" "pgraft.cluster_id=$cluster_id" "$@" \
		${encrypted[@]+"${encrypted[@]}"} ${NEW_SETTINGS[@]+"${NEW_SETTINGS[@]}"}
}

configure_waiting() { # configure_waiting NODE CLUSTER-ID
	configure "$1" "$2" "pgraft.node_id=${1#n}" "pgraft.address=127.0.0.1" "pgraft.port=${RAFT_PORT[$1]}"
}

command_init() {
	read_new_cluster init "$@"
	make_cluster form
	say "made ${NEW[nodes]} nodes in $DIR (servers of $("$BINDIR/postgres" --version), user $RUN_USER)"
}

command_start() {
	local node deadline=$((SECONDS + 60)) name state
	choose "$@"
	local -a down=()
	for node in "${CHOSEN[@]}"; do
		postmaster_pid "$node" >/dev/null || down+=("$node")
	done
	if [ ${#down[@]} -gt 0 ]; then
		in_parallel start_node "${down[@]}" || die "not every node started" 'See pgraft_cluster status, and logs of those that are down'
		say "started ${down[*]}"
	fi
	fact_list started ${down[@]+"${down[@]}"}
	if [ $(($(running | wc -l) * 2)) -le ${#NODES[@]} ]; then
		say "no majority runs, so there is no leader yet"
		fact_json leader null
		return
	fi
	until name=$(leader); do
		[ "$SECONDS" -lt "$deadline" ] || no_leader "no leader after a minute"
		sleep 0.2
	done
	for node in "${CHOSEN[@]}"; do
		until state=$(quick "$node" 'SELECT pgraft_get_worker_state()') && [[ $state == RUNNING || $state == WAITING ]]; do
			[ "$state" != ERROR ] || die "$node: $(quick "$node" 'SELECT message FROM pgraft_node_status()')" "See pgraft_cluster doctor"
			[ "$SECONDS" -lt "$deadline" ] || die "$node does not run after a minute" "See pgraft_cluster status, and logs $node"
			sleep 0.1
		done
	done
	say "the leader is $name"
	fact leader "$name"
}

command_stop() {
	local mode=fast
	if [ "${1:-}" = --mode ]; then
		mode=${2:-}
		shift 2 || wrong_call "--mode needs a value"
	fi
	case $mode in
		fast | immediate | smart) ;;
		*) wrong_call "unknown mode $mode" 'It is fast, immediate or smart' ;;
	esac
	choose "$@"
	in_parallel "stop_$mode" "${CHOSEN[@]}" || die "not every node stopped" 'Try --mode immediate'
	say "stopped ${CHOSEN[*]}"
	fact_list stopped "${CHOSEN[@]}"
}

command_restart() {
	choose "$@"
	command_stop "$@"
	command_start "$@"
}

command_kill() {
	[ $# -gt 0 ] || wrong_call "kill needs a node"
	local node pid
	choose "$@"
	for node in "${CHOSEN[@]}"; do
		pid=$(postmaster_pid "$node") || die "$node does not run" 'See pgraft_cluster status'
		kill -9 "$pid"
		say "killed $node (postmaster $pid)"
	done
	fact_list killed "${CHOSEN[@]}"
}

command_psql() {
	[ $# -ge 1 ] || wrong_call "psql needs a node"
	named "$1"
	shift
	run "$BINDIR/psql" -h "$SOCKETS" -p "${PORT[$NODE]}" -U postgres -d postgres "$@"
}

command_logs() {
	[ $# -ge 1 ] || wrong_call "logs needs a node"
	named "$1"
	shift
	exec tail "$@" "$DIR/$NODE.log"
}

remove_all() {
	local node
	for node in "${NODES[@]}"; do
		stop_node "$node" immediate || true
	done
	[ "$SOCKETS" = "$DIR/run" ] || rm -rf "$SOCKETS"
	rm -rf "$DIR"
}

command_destroy() {
	local answer sure=''
	if [ "${1:-}" = --yes ]; then
		sure=yes
		shift
	fi
	nothing_but 0 destroy "$@"
	if [ -z "$sure" ]; then
		[ -t 0 ] || wrong_call "nothing was destroyed: there is no terminal to ask on" 'Pass --yes to destroy it without being asked'
		read -r -p "Destroy the nodes ${NODES[*]} in $DIR with all their data? [y/N] " answer
		[[ $answer == [yY]* ]] || die "nothing was destroyed" 'Answer y, or pass --yes'
	fi
	remove_all
	say "destroyed the cluster in $DIR"
	fact_list destroyed "${NODES[@]}"
}
