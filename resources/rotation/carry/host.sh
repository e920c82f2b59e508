# Which host a carried script is on: it is for the one that has the host key which is pinned for it, and does nothing on another. Root
# shows that its private half is here by a signature of the script's nonce, and signs the result with it.

# check_host: refuses another host. Into $host_key the file of the key that signs; empty where none can.
check_host() {
	host_key= host_is=unknown
	unset SSH_AUTH_SOCK SSH_ASKPASS DISPLAY
	if [ -n "$carry_pin" ] && has ssh-keygen; then see_host_keys; fi
	here="${carry_host% *} (host key ${carry_pin:-not known})"
	case $host_is in
		proved) put_line "this is $here"; return ;;
		other)
			refuse_script "this is not $here: no host key of this host is that one. Run it there; if that host has another key by now, scan it and plan again"
			;;
		public) doubt="only root can show that this is $here: its public file alone can be read" ;;
		*) doubt="no host key can be read here, so nothing shows that this is $here" ;;
	esac
	[ -n "$unverified_host" ] || [ -n "$only_looks" ] || refuse_script "$doubt. Run it as root; or, if you have seen for yourself that this is that host, with --unverified-host"
	put_line "$doubt"
}

see_host_keys() {
	IFS=$nl
	set -- $(list_host_keys)
	IFS=' 	
'
	for host_key_file do
		if [ "$my_uid" = 0 ]; then see_private_key "$host_key_file"; else see_public_key "$host_key_file.pub"; fi
		if [ "$seen_key" = "$carry_pin" ]; then
			if [ "$my_uid" = 0 ]; then host_is=proved; else host_is=public; fi
			return
		fi
		[ -z "$seen_key" ] || host_is=other
	done
}

# The private host keys of every sshd of root that listens, of one that would be started now, and those in their usual place.
list_host_keys() {
	{
		if [ "$my_uid" = 0 ] && has sshd; then
			find_sshd
			put_line "$sshd_listeners" | while read -r _ title; do
				[ -n "$title" ] || continue
				take_sshd_words "$title"
				[ -z "$sshd_config" ] || is_roots_path "$sshd_config" || continue
				IFS=$nl
				set -- $sshd_options -T
				IFS=' 	
'
				"$(command -v sshd)" "$@"
			done
			"$(command -v sshd)" -T
		fi </dev/null 2>/dev/null | sed -n 's/^hostkey //p'
		set +f
		for entry in /etc/ssh/ssh_host_*_key; do [ ! -e "$entry" ] && [ ! -e "$entry.pub" ] || put_line "$entry"; done
		set -f
	} | awk '!seen[$0]++'
}

# The fingerprint of the private key in a file of root's, into $seen_key, by what it signs; $host_key where that is the pinned one. An
# ssh-keygen that cannot sign (before OpenSSH 8.1) tells it of the private half all the same.
see_private_key() {
	seen_key=
	is_roots_path "$1" && [ -f "$1" ] || return
	if sign_with "$1" latchkey-host "$carry_nonce"; then
		who_signed latchkey-host "$carry_nonce"
		[ "$seen_key" != "$carry_pin" ] || host_key=$1
	fi
	[ -z "$seen_key" ] || return
	set -- $(ssh-keygen -y -P '' -f "$1" 2>/dev/null | ssh-keygen -E sha256 -l -f - 2>/dev/null)
	seen_key=${2-}
}

see_public_key() {
	seen_key=
	is_roots_path "$1" && [ -f "$1" ] && [ -r "$1" ] || return
	set -- $(ssh-keygen -E sha256 -l -f "$1" 2>/dev/null)
	seen_key=${2-}
}

# sign_with FILE NAMESPACE TEXT: what the key signs of the text and its line end, as one word, into $signature.
sign_with() {
	sign_as_host "$2" "$3$nl" "$1"
	signature=$(put_line "$signatures" | sed '/^-----/d' | tr -d '\n')
	[ -n "$signature" ]
}

# who_signed NAMESPACE TEXT: the fingerprint of the key that has signed this in $signature, into $seen_key; empty where none has.
who_signed() {
	seen_key=$(put_line "$2" | ssh-keygen -Y check-novalidate -n "$1" -s /dev/fd/3 2>/dev/null 3<<-SIGNATURE
		-----BEGIN SSH SIGNATURE-----
		$signature
		-----END SSH SIGNATURE-----
	SIGNATURE
	) || seen_key=
	seen_key=${seen_key##* }
}
