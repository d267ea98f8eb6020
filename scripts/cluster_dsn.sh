# shellcheck shell=bash
# The servers that --dsn names, one by one: psql connects to the first that answers, which is enough to ask or
# to change a cluster, but not to examine all of its servers. To be sourced by pgraft_cluster.

declare -a SERVER_DSNS=() # a connection string for each, in their order
declare -a SERVER_NAMES=() # host or host:port, in the same order

# keyword NAME: prints its value in DSN, which is of the form "host=a,b user=c"; the last one counts
keyword() {
	local rest=" $DSN" value=''
	local pattern="[[:space:]]$1[[:space:]]*=[[:space:]]*('([^']*)'|([^'[:space:]]*))"
	while [[ $rest =~ $pattern ]]; do
		value=${BASH_REMATCH[2]}${BASH_REMATCH[3]}
		rest=${rest#*"${BASH_REMATCH[0]}"}
	done
	printf '%s' "$value"
}

# one_of COMMAS INDEX: a single value is for all servers
one_of() {
	local -a values
	IFS=, read -r -a values <<<"$1"
	if [ ${#values[@]} -gt 1 ]; then
		echo "${values[$2]:-}"
	else
		echo "${values[0]:-}"
	fi
}

# servers_of_dsn: sets SERVER_DSNS and SERVER_NAMES. One that says otherwise where its server is, by a file of
# services or by the environment, is taken as a whole.
servers_of_dsn() {
	local -a hosts=() addresses=()
	local host address port server uri='^(postgres(ql)?://([^@/]*@)?)([^/?]*)(.*)$' i
	SERVER_DSNS=() SERVER_NAMES=()
	if [[ $DSN =~ $uri ]]; then
		local before=${BASH_REMATCH[1]} after=${BASH_REMATCH[5]}
		IFS=, read -r -a hosts <<<"${BASH_REMATCH[4]}"
		if [ ${#hosts[@]} -gt 1 ]; then
			for host in "${hosts[@]}"; do
				SERVER_DSNS+=("$before$host$after")
				SERVER_NAMES+=("$host")
			done
		fi
	else
		IFS=, read -r -a hosts <<<"$(keyword host)"
		IFS=, read -r -a addresses <<<"$(keyword hostaddr)"
		for ((i = 0; i < (${#hosts[@]} > ${#addresses[@]} ? ${#hosts[@]} : ${#addresses[@]}); i++)); do
			host=${hosts[i]:-} address=${addresses[i]:-}
			port=$(one_of "$(keyword port)" "$i")
			# what comes last counts
			server=$DSN
			[ -z "$host" ] || server+=" host='$host'"
			[ -z "$address" ] || server+=" hostaddr='$address'"
			[ -z "$port" ] || server+=" port='$port'"
			SERVER_DSNS+=("$server")
			SERVER_NAMES+=("${host:-$address}${port:+:$port}")
		done
	fi
	if [ ${#SERVER_DSNS[@]} -le 1 ]; then
		SERVER_DSNS=("$DSN")
		SERVER_NAMES=("${SERVER_NAMES[0]:-the server}")
	fi
}
