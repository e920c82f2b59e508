# Which host an offline script is on: it is for the one that has the host key which is pinned for it, and does nothing
# on another. Root shows that its private key is here by a signature of the script's nonce, and signs the result with
# it.

# check_host: refuses another host. Into $host_key the file of the key that signs; empty where none can. That it is
# another one is known only where every host key of it was seen.
check_host() {
	host_key= host_is=unknown host_keys_seen=
	unset SSH_AUTH_SOCK SSH_ASKPASS DISPLAY
	if [ -n "$offline_pin" ] && has ssh-keygen; then see_host_keys; fi
	here="${offline_host% *} (host key ${offline_pin:-not known})"
	case $host_is in
		verified) put_line "this is $here"; return ;;
		other)
			refuse_script "this is not $here: no host key of this host is that one. Run it there;\
 if that host has another key by now, scan it and plan again"
			;;
		public)
			doubt="only root can show that this is $here: its public file alone can be read"
			[ "$my_uid" != 0 ] || doubt="nothing shows that this is $here: its public file is here,\
 and its private key cannot be used (locked, or kept elsewhere)"
			;;
		*)
			doubt="no host key that can be used here is that one, and not all can be used,\
 so nothing shows that this is $here"
			[ -n "$host_keys_seen" ] || doubt="no host key can be read here, so nothing shows that this is $here"
			;;
	esac
	remedy="Run it as root"
	if [ -z "$offline_pin" ]; then
		doubt="no host key of ${offline_host% *} was known when this was written, so nothing shows that this is that host"
		remedy="Run the collector there as root, import what it writes, and plan again"
	elif [ "$my_uid" = 0 ]; then remedy="Let root use that host key, as a file without a passphrase"
	fi
	[ -n "$unverified_host" ] || [ -n "$is_check" ] ||
		refuse_script "$doubt. $remedy; or, if you have seen for yourself that this is that host, use --unverified-host"
	put_line "$doubt"
}

see_host_keys() {
	unseen_key=
	IFS=$nl
	set -- $(list_host_keys)
	IFS=' 	
'
	for host_key_file do
		# sshd names its usual ones, whether they are there or not.
		[ -e "$host_key_file" ] || [ -e "$host_key_file.pub" ] || [ "$host_key_file" = more ] || continue
		seen_key=
		if [ "$my_uid" = 0 ]; then
			see_private_key "$host_key_file"
			if [ "$seen_key" = "$offline_pin" ]; then host_is=verified; return; fi
		fi
		if [ -z "$seen_key" ]; then
			[ "$my_uid" != 0 ] || unseen_key=yes
			see_public_key "$host_key_file.pub"
			if [ "$seen_key" = "$offline_pin" ]; then host_is=public; continue; fi
		fi
		if [ -n "$seen_key" ]; then host_keys_seen=yes; else unseen_key=yes; fi
	done
	[ $host_is != unknown ] || [ -z "$host_keys_seen" ] || [ -n "$unseen_key" ] || host_is=other
}

# The private host keys of every sshd of root that listens, of one that would be started now, and those in their usual
# place; "more" where an sshd that listens may have others.
list_host_keys() {
	{
		if [ "$my_uid" = 0 ] && has sshd; then
			find_sshd
			[ -z "$sshd_claims" ] || put_line 'hostkey more'
			put_line "$sshd_listeners" | while read -r _ title; do
				[ -n "$title" ] || continue
				take_sshd_words "$title"
				if [ -n "$sshd_config" ] && ! is_roots_path "$sshd_config"; then put_line 'hostkey more'; continue; fi
				IFS=$nl
				set -- $sshd_options -T
				IFS=' 	
'
				"$(command -v sshd)" "$@" || put_line 'hostkey more'
			done
			"$(command -v sshd)" -T
		fi </dev/null 2>/dev/null | sed -n 's/^hostkey //p'
		set +f
		for entry in /etc/ssh/ssh_host_*_key; do [ ! -e "$entry" ] && [ ! -e "$entry.pub" ] || put_line "$entry"; done
		set -f
	} | awk '!seen[$0]++'
}

# The fingerprint of the private key in a file of root's, into $seen_key, by what it signs; $host_key where that is the
# pinned one. An ssh-keygen that cannot sign (before OpenSSH 8.1) prints it for the private key all the same.
see_private_key() {
	seen_key=
	is_roots_path "$1" && [ -f "$1" ] || return
	if sign_with "$1" latchkey-host "$offline_nonce"; then
		who_signed latchkey-host "$offline_nonce"
		[ "$seen_key" != "$offline_pin" ] || host_key=$1
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

# who_signed NAMESPACE TEXT: the fingerprint of the key that has signed this in $signature, into $seen_key; empty where
# none has.
who_signed() {
	seen_key=$(put_line "$2" | ssh-keygen -Y check-novalidate -n "$1" -s /dev/fd/3 2>/dev/null 3<<-SIGNATURE
		-----BEGIN SSH SIGNATURE-----
		$signature
		-----END SSH SIGNATURE-----
	SIGNATURE
	) || seen_key=
	seen_key=${seen_key##* }
}
