# bash completion for pgraft_cluster: commands, options, and the nodes of the directory that is meant
# shellcheck shell=bash

# the directory that the line names, or the one that is meant without
_pgraft_cluster_directory() {
	local i
	for ((i = 1; i < COMP_CWORD; i++)); do
		if [ "${COMP_WORDS[i]}" = --dir ]; then
			echo "${COMP_WORDS[i + 1]/#\~/$HOME}"
			return
		fi
	done
	if [ -n "${PGRAFT_CLUSTER_DIR:-}" ]; then
		echo "$PGRAFT_CLUSTER_DIR"
	elif [ "$(id -u)" -eq 0 ]; then
		echo /var/lib/pgraft
	else
		echo "${XDG_STATE_HOME:-$HOME/.local/state}/pgraft"
	fi
}

_pgraft_cluster_nodes() {
	# what cannot be read has no nodes to offer
	sed -n 's/^node=\([^ ]*\) .*/\1/p' "$(_pgraft_cluster_directory)/cluster.conf" 2>/dev/null
}

_pgraft_cluster_files() { # _pgraft_cluster_files OPTION-OF-COMPGEN WORD
	compopt -o filenames 2>/dev/null # which fails where no completion runs
	mapfile -t COMPREPLY < <(compgen "$1" -- "$2")
}

_pgraft_cluster() {
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command='' subcommand='' arguments=0 words='' i
	local everywhere='--dir --dsn --format --timeout'
	local commands='init start stop restart kill status certificates psql logs destroy list watch doctor add remove replace
		transfer snapshot help'
	local new='--nodes --tls --pg-config --port --raft-port --set'
	COMPREPLY=()

	case $before in
		--dir)
			_pgraft_cluster_files -d "$word"
			return
			;;
		--pg-config)
			_pgraft_cluster_files -f "$word"
			return
			;;
		--format) words='table json' ;;
		--mode) words='fast immediate smart' ;;
		--dsn | --timeout | --nodes | --port | --raft-port | --set) return ;;
	esac
	if [ -n "$words" ]; then
		mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
		return
	fi

	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
			--dir | --dsn | --format | --timeout | --mode | --nodes | --port | --raft-port | --set | --pg-config) i=$((i + 1)) ;;
			-*) ;;
			*)
				if [ -z "$command" ]; then
					command=${COMP_WORDS[i]}
				else
					arguments=$((arguments + 1))
					subcommand=${subcommand:-${COMP_WORDS[i]}}
				fi
				;;
		esac
	done

	case $command in
		'') words="$commands $everywhere --help" ;;
		init) words="$new $everywhere" ;;
		start | restart | kill) words="$(_pgraft_cluster_nodes) $everywhere" ;;
		stop) words="$(_pgraft_cluster_nodes) --mode $everywhere" ;;
		remove | replace | transfer | psql | logs)
			words=$everywhere
			[ "$arguments" -gt 0 ] || words+=" $(_pgraft_cluster_nodes)"
			;;
		certificates) words="--authority $everywhere" ;;
		destroy) words="--yes $everywhere" ;;
		snapshot)
			words=$everywhere
			case $subcommand:$arguments in
				:0) words+=' take save verify restore' ;;
				take:1) words+=" $(_pgraft_cluster_nodes)" ;;
				save:1 | verify:1 | restore:1)
					if [[ $word != -* ]]; then
						_pgraft_cluster_files -f "$word"
						return
					fi
					;;
				restore:*) words+=" $new" ;;
			esac
			;;
		status | list | watch | doctor | add) words=$everywhere ;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}

complete -F _pgraft_cluster pgraft_cluster
