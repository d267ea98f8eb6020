# shellcheck shell=bash
# What the scripts that make images for the tests share. To be sourced after scripts/lib.sh.
#
# PGRAFT_TEST_BASE_IMAGE names the base image, by default debian:trixie. If that is neither here nor
# to be had from a registry, an equal one is made from Debian's packages by mmdebstrap (as root).

suite=trixie
base=${PGRAFT_TEST_BASE_IMAGE:-debian:$suite}
export DOCKER_BUILDKIT=0

say() {
	printf '%s\n' "$*" >&2
}

# The mirror this machine's own apt uses for Debian; nothing on another distribution.
debian_mirror() {
	[ "$(. /etc/os-release && echo "$ID")" = debian ] || return 0
	# shellcheck disable=SC2016 # the dollars are for apt
	apt-get indextargets --format '$(SITE) $(ORIGIN) $(CODENAME)' 'Created-By: Packages' 2>/dev/null |
		awk -v code="$(. /etc/os-release && echo "$VERSION_CODENAME")" \
			'$2 == "Debian" && $3 == code { sub(/\/$/, "", $1); print $1; exit }'
}

make_base() { # make_base NAME: import a minimal Debian made from packages
	local name=$1 work mirror
	command -v mmdebstrap >/dev/null || die "no image $base, and mmdebstrap is not installed"
	say "making $name from Debian's packages"
	work=$(mktemp -d)
	# the settings by which this machine's apt reaches its mirror serve in the image, too
	apt-config dump | grep -E '^Acquire::(http|https|Check-|Retries)' >"$work/apt.conf" || true
	mirror=$(debian_mirror)
	if ! mmdebstrap --quiet --variant=minbase --aptopt="$work/apt.conf" "$suite" "$work/base.tar" \
		${mirror:+"$mirror"} >&2; then
		rm -rf "$work"
		die "mmdebstrap failed"
	fi
	docker import "$work/base.tar" "$name" >/dev/null
	rm -rf "$work"
}

find_base() { # sets base to an image that is here
	if docker image inspect "$base" >/dev/null 2>&1; then
		return
	fi
	if docker image inspect "pgraft-base:$suite" >/dev/null 2>&1; then
		base=pgraft-base:$suite
		return
	fi
	say "looking for $base in the registry"
	if timeout 120 docker pull --quiet "$base" >/dev/null 2>&1; then
		return
	fi
	[ -z "${PGRAFT_TEST_BASE_IMAGE:-}" ] || die "cannot get the image $base"
	base=pgraft-base:$suite
	make_base "$base"
}

# One build at a time on this machine: two would make the same images twice.
lock_images() {
	exec 9>"${TMPDIR:-/tmp}/pgraft-image-$(id -u).lock"
	flock 9
}

hash_of() { # hash_of FILE…: of the contents and names of files and directories
	find "$@" -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -c 1-12
}

build_image() { # build_image NAME WHAT DIRECTORY [ARGUMENT…]: by a Dockerfile in it, quietly unless it fails
	local name=$1 what=$2 directory=$3 log
	shift 3
	say "$what"
	log=$(mktemp)
	if ! docker build --network host --tag "$name" "$@" "$directory" >"$log" 2>&1; then
		tail -n 40 "$log" >&2
		rm -f "$log"
		return 1
	fi
	rm -f "$log"
}

# The image with PostgreSQL 17 and what builds pgraft; sets packages.
find_packages() {
	local here=$REPO/tests/container
	packages=pgraft-packages:$(sha256sum "$here/Dockerfile" | cut -c 1-12)
	docker image inspect "$packages" >/dev/null 2>&1 && return
	find_base
	build_image "$packages" "installing PostgreSQL 17 and a JDK into $packages (a minute or two)" "$here" \
		--build-arg "BASE=$base" || die "could not build $packages"
}

# builder IMAGE COMMAND FILE…: a container with a copy of these sources in /src that will run the command there.
# The downloads of this machine's Maven serve in it. It has this machine's network, or another that "network" names.
# Prints its id.
builder() {
	local image=$1 command=$2 container copy repository=$HOME/.m2/repository
	shift 2
	mkdir -p "$repository"
	container=$(docker create --network "${network:-host}" --volume "$repository:/root/.m2/repository" "$image" \
		sh -c "cd /src && $command")
	copy=$(mktemp -d)
	mkdir "$copy/src"
	(cd "$REPO" && cp -a --parents "$@" "$copy/src/")
	docker cp "$copy/src" "$container:/src" >/dev/null
	rm -rf "$copy"
	echo "$container"
}
