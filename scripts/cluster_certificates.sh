# shellcheck shell=bash
# The certificates of a cluster that pgraft_cluster runs: in $DIR/certificates those of all and the
# authority that signed them, in each data directory what its node uses. To be sourced by it.

CERTIFICATES=''

signer() { # signer COMMAND [ARGUMENT…]
	"$REPO/scripts/pgraft_certificates" --dir "$CERTIFICATES" "$@" >/dev/null
}

# tls_settings: one per line, of a node whose certificate is in its data directory
tls_settings() {
	cat <<-'END'
		pgraft.tls_enabled=on
		pgraft.tls_cert_file=pgraft.crt
		pgraft.tls_key_file=pgraft.key
		pgraft.tls_ca_file=pgraft-ca.crt
	END
}

# install_file FILE NODE NAME: a copy in the node's data directory, whole or not at all
install_file() {
	local to=$DIR/$2/$3
	cp "$1" "$to.new"
	[ "$(id -un)" = "$RUN_USER" ] || chown "$RUN_USER" "$to.new"
	chmod 600 "$to.new"
	mv "$to.new" "$to"
}

# certify NODE: a new certificate, in its place
certify() {
	signer member "$1" 127.0.0.1
	install_file "$CERTIFICATES/$1.key" "$1" pgraft.key
	install_file "$CERTIFICATES/$1.crt" "$1" pgraft.crt
}

trust() { # trust NODE: the authorities of now
	install_file "$CERTIFICATES/ca.crt" "$1" pgraft-ca.crt
}

# served NODE: what the node's port for members shows to who asks: the serial number of its certificate,
# and the names of the authorities that it accepts
served() {
	local shown
	shown=$(openssl s_client -connect "127.0.0.1:${RAFT_PORT[$1]}" -alpn h2 -cert "$CERTIFICATES/$1.crt" \
		-key "$CERTIFICATES/$1.key" </dev/null 2>/dev/null | tr -d '\0') || true # what the server says in HTTP/2 has null bytes
	openssl x509 -noout -serial <<<"$shown" 2>/dev/null || return 1
	grep '^CN' <<<"$shown"
}

# reload_until FUNCTION: has every server that runs read its files again, until FUNCTION NODE is content
reload_until() {
	local content=$1 node deadline=$((SECONDS + 60))
	for node in $(running); do
		run "$BINDIR/pg_ctl" -D "$DIR/$node" -s reload
	done
	for node in $(running); do
		until "$content" "$node"; do
			[ "$SECONDS" -lt "$deadline" ] || die "$node does not use its new certificates" "See pgraft_cluster logs $node"
			sleep 0.2
		done
	done
}

shows_newest_certificate() {
	local shown
	shown=$(served "$1") && grep -qx "$(openssl x509 -in "$CERTIFICATES/$1.crt" -noout -serial)" <<<"$shown"
}

accepts_newest_authority() {
	local shown
	shown=$(served "$1") &&
		grep -qx "$(openssl x509 -in "$CERTIFICATES/authority.crt" -noout -subject | sed 's/^subject=//')" <<<"$shown"
}

accepts_newest_authority_alone() {
	local shown
	accepts_newest_authority "$1" && shown=$(served "$1") && [ "$(grep -c '^CN' <<<"$shown")" -eq 1 ]
}

command_certificates() {
	local node authority=no
	if [ "${1:-}" = --authority ]; then
		authority=yes
		shift
	fi
	nothing_but 0 certificates "$@"
	[ -d "$CERTIFICATES" ] || die "the cluster in $DIR was made without --tls" 'Make another one with it (pgraft_cluster init --tls), or set pgraft.tls_* by hand: docs/security.md'
	umask 077
	if [ "$authority" = yes ]; then
		signer renew-authority
		for node in "${NODES[@]}"; do trust "$node"; done
		reload_until accepts_newest_authority
	fi
	for node in "${NODES[@]}"; do certify "$node"; done
	reload_until shows_newest_certificate
	if [ "$authority" = yes ]; then
		signer forget-old-authority
		for node in "${NODES[@]}"; do trust "$node"; done
		reload_until accepts_newest_authority_alone
	fi
	say "renewed the certificates of ${NODES[*]}"
	fact_list renewed "${NODES[@]}"
	fact_json authority "$([ "$authority" = yes ] && echo true || echo false)"
}
