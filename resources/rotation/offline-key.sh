# Creates the new key on the host that has the old one, and installs it there: the private key never leaves the host.
# Follows offline/ in the scripts of that host, with the data of the plan: private_key_path, private_key_hash,
# private_key_mode, old_key (its fingerprint), public_key_tail (what stands in its .pub file after the key; empty:
# there is no such file), keeps_old_key, key_type, key_bits, key_comment, key_length, and key_line, the new key (type
# and base64), where an earlier script has created it.

# Beside the result: the new key, once it is created; empty while it is being created.
name_key_file() { key_file=${results}latchkey-key-$offline_token.pub; }

inspect_key() {
	name_key_file
	[ -n "$key_line" ] || read_key "$key_file" || read_key_of_result || key_line=
	case " $offline_phases " in *' create-key '*) [ -n "$key_line" ] || all_done=no ;; esac
	# Whoever is asked whether the login works has to know with what.
	if is_key_installed; then offline_key="$private_key_path of this host" verified=yes
	elif [ -n "$key_line" ]; then offline_key="$private_key_path.latchkey-new of this host"
	fi
	case " $offline_phases " in *' install-key '* | *' finish '*) ;; *) return ;; esac
	case $key_state in
		new) [ "$old_key_state" = none ] || [ "${offline_phases##* }" != finish ] || all_done=no ;;
		before) all_done=no ;;
		*) why="$private_key_path is not the key that the plan was made for" ;;
	esac
}

# read_key FILE: type and base64 of a public key in a file of our own, into $key_line.
read_key() {
	if [ ! -f "$1" ] || [ -L "$1" ]; then return 1; fi
	read -r word blob _ <"$1" && take_key "$word" "$blob"
}

# take_key TYPE BASE64: into $key_line, if it is as long as a key of that type.
take_key() {
	case ${2-} in '' | *[!A-Za-z0-9+/=]*) return 1 ;; esac
	key_line="$1 $2"
	[ ${#key_line} -eq "$key_length" ]
}

# Of an earlier run that got to its end: the key in its result, if that key is installed.
read_key_of_result() {
	key_line=$(sed -n 's/^key //p' "${results}latchkey-result-$offline_token.txt" 2>/dev/null) && is_key_installed
}

inspect_keys() {
	blob=${key_line#* }
	send_request inspect_keys "$private_key_path" "$private_key_hash" "${blob:-none}"
	read_fact key
	key_state=${words%% *}
	read_fact key.latchkey-new
	new_key_state=$words
	read_fact key.latchkey-old
	old_key_state=${words%% *}
	read_fact public
	public_key_state=${words%% *}
}

# Whether the new private key is in the place of the old one.
is_key_installed() { inspect_keys; [ -n "$key_line" ] && [ "$key_state" = new ]; }

# The old private key signs a fresh nonce before a new one is created beside it, or installed: what a file shows of a
# key anybody can write there. Otherwise $why, which is printed.
require_old_key() { verify_old_key || { put_line "no new key is created or installed: $why" >&2; return 1; }; }

verify_old_key() {
	path=$private_key_path
	fresh=$(od -An -v -N32 -tx1 /dev/urandom 2>/dev/null | tr -d ' \n')
	if [ ${#fresh} != 64 ]; then why='this host has no /dev/urandom for a nonce'; return 1; fi
	path_hex=$(put_line "$private_key_path" | hex)
	statement="latchkey-possession 1 nonce $fresh key $old_key plan $offline_plan host $offline_host path $path_hex"
	send_request sign "$private_key_path" "$statement"
	if [ "$status" != ok ]; then explain; return 1; fi
	read_fact hash
	if [ "$words" != "$private_key_hash" ]; then why="$private_key_path was changed by somebody else"; return 1; fi
	read_fact actor
	private_key_owner=$words
	read_fact signature
	case $words in
		raw,*)
			why="$private_key_path has OpenSSL's format, which no script can check:\
 convert it with ssh-keygen -p -f, and plan again"
			return 1
			;;
	esac
	signed_by=$(put_line "$statement" | tr -d '\n' |
		ssh-keygen -Y check-novalidate -n latchkey-possession -s /dev/fd/5 2>/dev/null 5<<SIGNED
-----BEGIN SSH SIGNATURE-----
$(put_line "${words#sshsig,}" | fold -w 70)
-----END SSH SIGNATURE-----
SIGNED
	) || signed_by=
	[ "${signed_by##* }" != "$old_key" ] || return 0
	why="$private_key_path did not sign with the old key: it shows a public key whose private one it does not hold"
	return 1
}

create_key() {
	[ -z "$key_line" ] || return 0
	require_old_key || return 0
	how=fresh path=$private_key_path
	[ ! -e "$key_file" ] || how=again
	[ $how = again ] || is_free || return 0
	if ! (: >"$key_file"); then why="$key_file cannot be written to $(pwd)"; return; fi
	request_new_key $how
	case $status,$answer in
		# What lies there is another run's.
		no,new-occupied*) rm -f "$key_file" ;;
		# What it may have made by then is this script's own: nothing lay there before.
		fail,* | lost,*) request_new_key again ;;
	esac
	if [ "$status" != ok ]; then explain; return; fi
	read_fact key
	if ! take_key $words; then key_line= why='the new key that was created cannot be read'; return; fi
	if ! key_signs; then
		key_line= why='the new private key signs with another key than its public key file shows'
		return
	fi
	put_line "$key_line" >"$key_file"
	put_line "created the new key: $key_line"
	each_file know_again
	offline_key="$private_key_path.latchkey-new of this host"
}

request_new_key() {
	send_request create_key "$private_key_path" "$key_type" "$key_bits" "$key_comment" "$1" "$private_key_owner"
}

# Whether nothing lies where the new private key is created; otherwise $why.
is_free() {
	inspect_keys
	if [ "$status" = ok ]; then
		case $new_key_state in none | 'none '*) return 0 ;; esac
		answer=new-occupied
	fi
	explain
	return 1
}

# What the new key signs of the nonce, into $signature; empty where ssh-keygen cannot sign, or the private key is not
# there.
read_new_key_signature() {
	signature=
	send_request sign_new "$private_key_path" "${key_line#* }" "$offline_nonce"
	read_fact signature
	case $words in '' | *[!A-Za-z0-9+/=]*) ;; *) signature=$words ;; esac
}

# Whether $key_line is what the private key signs with, as far as this host can tell; the workstation verifies the
# signature, too.
key_signs() {
	read_new_key_signature
	[ -n "$signature" ] || ! can_verify || return 1
	[ -n "$signature" ] || return 0
	who_signed latchkey-new-key "$offline_nonce"
	set -- $(put_line "$key_line" | ssh-keygen -E sha256 -l -f - 2>/dev/null)
	[ "$seen_key" = "${2-none}" ]
}

know_again() { inspect_file; know_one; }

install_key() {
	inspect_keys
	path=$private_key_path
	if [ "$key_state" != new ]; then
		case $new_key_state in
			'new '*) ;;
			*) why="$private_key_path.latchkey-new, the new key that was created here, is not there"; return ;;
		esac
		require_old_key || return 0
		insist hide_public "$private_key_path" "$blob"
		[ "$status" != ok ] ||
			insist install_key "$private_key_path" "$private_key_hash" "${new_key_state#new }" \
				"$private_key_mode" made "$private_key_owner"
		if [ "$status" != ok ]; then
			explain
			# Beside another private key than its own it would keep everybody from logging in by that.
			inspect_keys
			[ "$key_state" != before ] || insist show_public "$private_key_path" ''
			return
		fi
		inspect_keys
	fi
	if [ -n "$public_key_tail" ] && [ "$public_key_state" != new ]; then
		insist show_public "$private_key_path" "$key_line$public_key_tail"
		if [ "$status" != ok ]; then explain; return; fi
	fi
	put_line "$private_key_path: the new key is installed; the old one is kept beside it until the end"
	offline_key="$private_key_path of this host"
}

# At the end nothing is kept of the old private key, or of a new one that was rolled back.
end_key() {
	path=$private_key_path old_kept=no
	case $outcome in
		committed)
			if ! is_key_installed; then late="$private_key_path is not the new key"; return; fi
			# The old key goes on to count where an account is left out.
			if [ "$keeps_old_key" = yes ] || [ -n "$left_out" ]; then
				clear_key_files keep_old_key "$private_key_path" "$private_key_hash" && see_kept &&
					clear_key_files tidy_key "$private_key_path" nothing
			else
				clear_key_files finish_key "$private_key_path" && clear_key_files tidy_key "$private_key_path" nothing
			fi
			;;
		rolled-back)
			case " $offline_phases " in *' create-key '*) ;; *) return ;; esac
			[ -e "$key_file" ] || return
			# Ended from here on, it takes what it finds for its own, and relies on nothing of it.
			key_line=
			(: >"$key_file") || :
			clear_key_files restore_key "$private_key_path" "$private_key_hash" "$private_key_hash" && restore_public &&
				clear_key_files tidy_key "$private_key_path" old
			;;
	esac
}

# keep_old_key has seen it there by its hash: anything else of that name is no old key.
see_kept() { [ "$answer" != kept ] || old_kept=yes; }

format_kept_key() { if [ "$outcome,${old_kept-}" = committed,yes ]; then put_line 'old-key kept'; fi; }

# An installation that was interrupted has hidden it.
restore_public() {
	[ -z "$public_key_tail" ] || [ "$public_key_state" != none ] || clear_key_files show_public "$private_key_path" ''
}

clear_key_files() {
	insist "$@"
	[ "$status" != ok ] || return 0
	reason=$why
	explain
	late="what was kept of a private key could not be removed: $why" why=$reason
	return 1
}

# Once the result is there: until then, whoever runs the script again needs it.
forget_key() {
	name_key_file
	case "$outcome $offline_phases " in 'committed '* | 'rolled-back '*'create-key '*) rm -f "$key_file" ;; esac
}
