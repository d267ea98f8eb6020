# shellcheck shell=bash
# The servers that --dsn names, one by one: psql connects to the first that answers, which is enough to ask or
# to change a cluster, but not to examine all of its servers. To be sourced by pgraft_cluster.

declare -a SERVER_DSNS=() # a connection string for each, in their order
declare -a SERVER_NAMES=() # host or host:port, in the same order
declare -A KEYWORDS=()     # of DSN, as libpq reads them

# keywords_of_dsn: sets KEYWORDS from DSN of the form "host=a,b user='c d'", of which the last of a name counts;
# fails if it is not of that form
keywords_of_dsn() {
	local rest=$DSN name value
	local pattern="^[[:space:]]*([^=[:space:]]+)[[:space:]]*=[[:space:]]*('(([^'\\]|\\\\.)*)'|(([^'[:space:]\\]|\\\\.)([^[:space:]\\]|\\\\.)*)?)"
	KEYWORDS=()
	while [[ $rest =~ $pattern ]]; do
		rest=${rest:${#BASH_REMATCH[0]}}
		name=${BASH_REMATCH[1]} value=${BASH_REMATCH[3]}${BASH_REMATCH[5]}
		KEYWORDS[$name]=''
		while [[ $value =~ ^([^\\]*)\\(.)(.*)$ ]]; do
			KEYWORDS[$name]+=${BASH_REMATCH[1]}${BASH_REMATCH[2]}
			value=${BASH_REMATCH[3]}
		done
		KEYWORDS[$name]+=$value
	done
	[[ $rest =~ ^[[:space:]]*$ ]]
}

# with_keywords NAME=VALUE…: prints DSN with these in the place of its own; not with those that it has not, for
# which the environment may count
with_keywords() {
	local name value server='' quote="'"
	local -A keywords=()
	for name in "${!KEYWORDS[@]}"; do
		keywords[$name]=${KEYWORDS[$name]}
	done
	for value in "$@"; do
		name=${value%%=*}
		[ -z "${keywords[$name]+there}" ] || keywords[$name]=${value#*=}
	done
	while IFS= read -r name && [ -n "$name" ]; do
		value=${keywords[$name]//\\/\\\\}
		server+=" $name='${value//$quote/\\$quote}'"
	done < <(printf '%s\n' "${!keywords[@]}" | LC_ALL=C sort)
	printf '%s' "${server# }"
}

# list_of COMMAS: sets LIST to its entries, also empty ones
list_of() {
	IFS=, read -r -a LIST <<<"$1,"
}

# add_server DSN HOST ADDRESS PORT
add_server() {
	SERVER_DSNS+=("$1")
	SERVER_NAMES+=("${2:-${3:-the server}}${4:+:$4}${2:+${3:+ ($3)}}")
}

servers_of_keywords() {
	local -a LIST hosts addresses ports
	local i host address port
	list_of "${KEYWORDS[host]:-}"
	hosts=("${LIST[@]}")
	list_of "${KEYWORDS[hostaddr]:-}"
	addresses=("${LIST[@]}")
	list_of "${KEYWORDS[port]:-}"
	ports=("${LIST[@]}")
	for ((i = 0; i < (${#hosts[@]} > ${#addresses[@]} ? ${#hosts[@]} : ${#addresses[@]}); i++)); do
		host=${hosts[i]:-} address=${addresses[i]:-}
		# a single port is for all
		if [ ${#ports[@]} -eq 1 ]; then
			port=${ports[0]}
		else
			port=${ports[i]:-}
		fi
		add_server "$(with_keywords "host=$host" "hostaddr=$address" "port=$port")" "$host" "$address" "$port"
	done
}

# servers_of_dsn: sets SERVER_DSNS and SERVER_NAMES. One that says otherwise where its server is, by a file of
# services, by the environment, or by the query of a URI, is taken as a whole.
servers_of_dsn() {
	local -a LIST=()
	local host before after
	local uri='^(postgres(ql)?://([^@/]*@)?)([^/?]*)(.*)$' elsewhere='[?&]((host|hostaddr)=|port=[0-9]*[^0-9&])'
	SERVER_DSNS=() SERVER_NAMES=()
	if [[ $DSN =~ $uri ]]; then
		before=${BASH_REMATCH[1]} after=${BASH_REMATCH[5]}
		list_of "${BASH_REMATCH[4]}"
		if [[ ! $after =~ $elsewhere ]]; then
			for host in "${LIST[@]}"; do
				add_server "$before$host$after" "$host" '' ''
			done
		fi
	elif keywords_of_dsn; then
		servers_of_keywords
	fi
	if [ ${#SERVER_DSNS[@]} -le 1 ]; then
		SERVER_DSNS=("$DSN")
		SERVER_NAMES=("${SERVER_NAMES[0]:-the server}")
	fi
}
