# shellcheck shell=bash
# What pgraft_cluster prints: words for people, or with --format json one JSON value on stdout, made by
# jq; and how it fails. To be sourced by it.
#
# Exit statuses, which scripts may rely on (pgraft_cluster(1) has them, too)
FAILED=1      # it failed; doctor: something was found
WRONG_CALL=2  # nothing was done: the call is wrong
NOT_ACCEPTED=3 # nothing was done: no server answers, nobody leads, or the cluster did not accept it
UNKNOWN=4     # it may have been done

FORMAT=table
declare -a FACTS=() # jq's arguments: what the command did

# begin_output: what is meant for the caller goes to descriptor 3, also from inside of $( )
begin_output() {
	exec 3>&1
	case $FORMAT in
		table) ;;
		json)
			if ! command -v jq >/dev/null; then
				FORMAT=table
				fail "$FAILED" "--format json needs jq" "Install it (Debian: apt install jq)"
			fi
			;;
		*)
			local unknown=$FORMAT
			FORMAT=table
			fail "$WRONG_CALL" "unknown format $unknown" "It is table or json"
			;;
	esac
}

# fail STATUS MESSAGE [HINT [DETAIL [SQLSTATE]]]: the last word of this script
fail() {
	if [ "$FORMAT" = json ]; then
		jq -cn --argjson status "$1" --arg message "$2" --arg detail "${4:-}" --arg hint "${3:-}" --arg sqlstate "${5:-}" \
			'{error: ($ARGS.named | map_values(if . == "" then null else . end))}' >&3
	else
		printf '%s%s: %s%s\n' "$RED" "${0##*/}" "$2" "$PLAIN" >&2
		[ -z "${4:-}" ] || printf '  DETAIL: %s\n' "$4" >&2
		[ -z "${3:-}" ] || printf '  HINT: %s\n' "$3" >&2
	fi
	exit "$1"
}

# die MESSAGE [HINT]: in the place of the one in lib.sh
die() {
	fail "$FAILED" "$@"
}

wrong_call() { # wrong_call MESSAGE [HINT]
	fail "$WRONG_CALL" "$1" "${2:-See pgraft_cluster help}"
}

# no_leader [WHAT IS MISSING]
no_leader() {
	fail "$NOT_ACCEPTED" "${1:-no node leads}" \
		'A majority of the members has to run and to reach each other: see pgraft_cluster doctor'
}

# server_error TEXT PSQL'S-STATUS: fails with what psql wrote with VERBOSITY=verbose
server_error() {
	local line key='' severity_and_code='^[^:]+:  ([0-9A-Z]{5}): (.*)$'
	local -A part=([message]='' [DETAIL]='' [HINT]='')
	local code='' unknown='' status=$FAILED
	while IFS= read -r line; do
		if [[ $line =~ $severity_and_code ]]; then
			# the error comes last; a call that was ended is told before by a warning what may become of it
			if [ "$code" = 08007 ]; then
				unknown=yes
			else
				part[DETAIL]='' part[HINT]=''
			fi
			code=${BASH_REMATCH[1]} key=message part[message]=${BASH_REMATCH[2]}
		elif [[ $line =~ ^(DETAIL|HINT):\ \ (.*)$ ]]; then
			key=${BASH_REMATCH[1]} part[$key]=${BASH_REMATCH[2]}
		elif [[ $line =~ ^(LOCATION|CONTEXT|QUERY|STATEMENT|LINE\ [0-9]+): ]]; then
			key=''
		elif [ -n "$key" ]; then
			part[$key]+=" $line"
		fi
	done <<<"$1"
	if [ "$2" -eq 2 ]; then
		# psql's status for a connection that was not made, or was lost while the server was at work
		status=$UNKNOWN
		[[ $1 != 'psql: error: '* ]] || status=$NOT_ACCEPTED
	fi
	if [ -z "$code" ]; then
		# psql's own words
		part[message]=$(tr -d '\t' <<<"${1#psql: error: }" | paste -s -d ' ')
	fi
	if [ "$status" -eq "$NOT_ACCEPTED" ] && [ -z "$code" ]; then
		part[HINT]='See that the server runs and lets you in; --dsn may name several (host=a,b,c), and passwords are in ~/.pgpass'
	fi
	case $code in
		08007) status=$UNKNOWN ;;
		PGR01) status=$NOT_ACCEPTED ;;
		42501) ADVICE='Connect as a superuser, or as a role to which this was granted' ;;
	esac
	[ -z "$unknown" ] || status=$UNKNOWN
	if [ "$status" -eq "$UNKNOWN" ]; then
		ADVICE=${ADVICE:-Look with pgraft_cluster list; to run the same command again is safe}
	fi
	fail "$status" "${part[message]}" "${part[HINT]:-$ADVICE}" "${part[DETAIL]}" "$code"
}

say() { # say TEXT: for people
	[ "$FORMAT" = json ] || printf '%s\n' "$*"
}

fact() { # fact NAME TEXT
	FACTS+=(--arg "$1" "$2")
}

fact_json() { # fact_json NAME JSON
	FACTS+=(--argjson "$1" "$2")
}

fact_list() { # fact_list NAME TEXT…
	[ "$FORMAT" = json ] || return 0
	FACTS+=(--argjson "$1" "$(jq -cn '$ARGS.positional' --args "${@:2}")")
}

# end_output COMMAND: the facts of an action, as one object
end_output() {
	[ "$FORMAT" = json ] && [ ${#FACTS[@]} -gt 0 ] || return 0
	jq -cn --arg command "$1" "${FACTS[@]}" '$ARGS.named'
}
