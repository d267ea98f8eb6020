# shellcheck shell=bash
# What the scripts share: messages, the user that servers run as, free ports, a private copy of a
# server with pgraft in it. To be sourced; sets no option of the caller's shell.

REPO=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd)

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
	BOLD=$'\e[1m' DIM=$'\e[2m' RED=$'\e[31m' GREEN=$'\e[32m' YELLOW=$'\e[33m' CYAN=$'\e[36m' PLAIN=$'\e[0m'
else
	BOLD='' DIM='' RED='' GREEN='' YELLOW='' CYAN='' PLAIN=''
fi
export BOLD DIM RED GREEN YELLOW CYAN PLAIN

die() {
	printf '%s%s: %s%s\n' "$RED" "${0##*/}" "$*" "$PLAIN" >&2
	exit 1
}

# PostgreSQL refuses to run as root: the user that runs the servers is the caller, or, when root
# calls, "postgres", or "pgraft", which is made if neither is there.
server_user() {
	if [ "$(id -u)" -ne 0 ]; then
		id -un
	elif id -u postgres >/dev/null 2>&1; then
		echo postgres
	else
		id -u pgraft >/dev/null 2>&1 ||
			useradd --system --user-group --no-create-home --shell /usr/sbin/nologin pgraft ||
			return 1
		echo pgraft
	fi
}

# as_user USER COMMAND…: run a command as the user of the servers, in a directory it can enter
as_user() {
	local user=$1
	shift
	if [ "$(id -un)" = "$user" ]; then
		(cd / && exec "$@")
	else
		(cd / && exec runuser -u "$user" -- "$@")
	fi
}

port_in_use() { # port_in_use PORT: something listens there on this machine
	(exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# free_port FIRST: the first port from FIRST on where nothing listens
free_port() {
	local port=$1
	while port_in_use "$port"; do
		port=$((port + 1))
		[ "$port" -le 65535 ] || return 1
	done
	echo "$port"
}

# scratch NAME: make a directory below TMPDIR that others can enter and print its path. The name holds
# this script's pid; what earlier scripts left behind when they were killed is removed first, with the
# servers that run there.
scratch() {
	local base=${TMPDIR:-/tmp}/pgraft-$1 left pid file dir
	for left in "$base"-[0-9]*-??????; do
		[ -d "$left" ] || continue
		pid=${left#"$base"-}
		[ ! -d "/proc/${pid%-*}" ] || continue
		for file in "$left"/*/data/postmaster.pid; do
			[ ! -f "$file" ] || kill -QUIT "$(head -n 1 "$file")" 2>/dev/null || true
		done
		rm -rf "$left" || true
	done
	dir=$(mktemp -d "$base-$$-XXXXXX") || return
	chmod 755 "$dir"
	echo "$dir"
}

# stage DIR: a private copy of the server of PG_CONFIG below DIR, with the pgraft that was built for
# it (PGRAFT_TARGET) installed there. PostgreSQL finds its files relative to its binaries, so the
# copy works, the installed server is not touched and no privilege is needed. Sets STAGED_BINDIR.
stage() {
	local dir=$1 part path
	for part in bindir pkglibdir sharedir; do
		path=$("$PG_CONFIG" "--$part")
		mkdir -p "$dir$(dirname "$path")" || return
		[ -d "$dir$path" ] || cp -a "$path" "$dir$(dirname "$path")/" || return
	done
	make --no-print-directory -s -C "$REPO" -f native/pgxs.mk srcdir=. PG_CONFIG="$PG_CONFIG" \
		TARGET="$PGRAFT_TARGET" DESTDIR="$dir" install || return
	JAVA_HOME=${JAVA_HOME:-$("$REPO/scripts/find_java_home")} \
		"$dir$("$PG_CONFIG" --pkglibdir)/pgraft/class_archive" || return
	STAGED_BINDIR=$dir$("$PG_CONFIG" --bindir)
	export STAGED_BINDIR
}
