# Makes the new key on the host that holds the old one, and puts it in its place: its private half never leaves the
# host. Follows offline/ in the scripts of that host, with the data of the plan: holder_path, holder_before, holder_key
# (the old key's fingerprint), holder_mode, holder_public (what stands in its .pub file after the key; empty: there is
# no such file), holder_keeps, key_type, key_bits, key_comment, key_length, and key_line, the new key (type and
# base64), where it was made by an earlier script.

# Beside the result: the new key, once it is made; empty while it is.
name_key_file() { key_file=${results}latchkey-key-$carry_token.pub; }

look_key() {
	name_key_file
	[ -n "$key_line" ] || read_key "$key_file" || read_told || key_line=
	case " $carry_phases " in *' create-key '*) [ -n "$key_line" ] || all_done=no ;; esac
	# Whoever is asked whether the login works has to know with what.
	if stands_half; then carry_key="$holder_path of this host" proved=yes
	elif [ -n "$key_line" ]; then carry_key="$holder_path.latchkey-new of this host"
	fi
	case " $carry_phases " in *' install-key '* | *' finish '*) ;; *) return ;; esac
	case $half in
		new) [ "$half_old" = none ] || [ "${carry_phases##* }" != finish ] || all_done=no ;;
		before) all_done=no ;;
		*) why="$holder_path is not the key that the plan was made for" ;;
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

# Of an earlier run that got to its end: what its result tells, if that key is in its place.
read_told() {
	key_line=$(sed -n 's/^key //p' "${results}latchkey-result-$carry_token.txt" 2>/dev/null) && stands_half
}

look_half() {
	blob=${key_line#* }
	ask look_half "$holder_path" "$holder_before" "${blob:-none}"
	told_of half
	half=${words%% *}
	told_of half.latchkey-new
	half_new=$words
	told_of half.latchkey-old
	half_old=${words%% *}
	told_of public
	half_public=${words%% *}
}

# Whether the new half is in the place of the old one.
stands_half() { look_half; [ -n "$key_line" ] && [ "$half" = new ]; }

# The old private half signs a fresh nonce before a new one is made beside it, or put in its place: what a file shows
# of a key anybody can write there. Otherwise $why, which is said.
refuse_half() { verify_half || { put_line "no new key is created or installed: $why" >&2; return 1; }; }

verify_half() {
	path=$holder_path
	fresh=$(od -An -v -N32 -tx1 /dev/urandom 2>/dev/null | tr -d ' \n')
	if [ ${#fresh} != 64 ]; then why='this host has no /dev/urandom for a nonce'; return 1; fi
	place=$(put_line "$holder_path" | hex)
	statement="latchkey-possession 1 nonce $fresh key $holder_key plan $carry_plan host $carry_host path $place"
	ask sign "$holder_path" "$statement"
	if [ "$status" != ok ]; then explain; return 1; fi
	told_of hash
	if [ "$words" != "$holder_before" ]; then why="$holder_path was changed by somebody else"; return 1; fi
	told_of actor
	holder_actor=$words
	told_of proof
	case $words in
		raw,*)
			why="$holder_path is written as OpenSSL does, which no script can check: ssh-keygen -p -f it, and plan again"
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
	[ "${signed_by##* }" != "$holder_key" ] || return 0
	why="$holder_path did not sign with the old key: it shows a public key whose private one it does not hold"
	return 1
}

create_key() {
	[ -z "$key_line" ] || return 0
	refuse_half || return 0
	how=fresh path=$holder_path
	[ ! -e "$key_file" ] || how=again
	[ $how = again ] || is_free || return 0
	if ! (: >"$key_file"); then why="$key_file cannot be written to $(pwd)"; return; fi
	ask make "$holder_path" "$key_type" "$key_bits" "$key_comment" $how "$holder_actor"
	case $status,$said in
		# What lies there is another run's.
		no,new-occupied*) rm -f "$key_file" ;;
		# What it may have made by then is this script's own: nothing lay there before.
		fail,* | lost,*) ask make "$holder_path" "$key_type" "$key_bits" "$key_comment" again "$holder_actor" ;;
	esac
	if [ "$status" != ok ]; then explain; return; fi
	told_of key
	if ! take_key $words; then key_line= why='the new key that was created cannot be read'; return; fi
	if ! key_signs; then
		key_line= why='the new private key signs with another key than its public key file shows'
		return
	fi
	put_line "$key_line" >"$key_file"
	put_line "created the new key: $key_line"
	each_file know_again
	carry_key="$holder_path.latchkey-new of this host"
}

# Whether nothing lies where the new half is made; otherwise $why.
is_free() {
	look_half
	if [ "$status" = ok ]; then
		case $half_new in none | 'none '*) return 0 ;; esac
		said=new-occupied
	fi
	explain
	return 1
}

# What the new key signs of the nonce, into $signature; empty where ssh-keygen cannot, or its private half is not
# there.
ask_new_key() {
	signature=
	ask sign_new "$holder_path" "${key_line#* }" "$carry_nonce"
	told_of proof
	case $words in '' | *[!A-Za-z0-9+/=]*) ;; *) signature=$words ;; esac
}

# Whether $key_line is what the private half signs with, as far as this host can tell; the workstation asks for the
# signature, too.
key_signs() {
	ask_new_key
	[ -n "$signature" ] || ! can_verify || return 1
	[ -n "$signature" ] || return 0
	who_signed latchkey-new-key "$carry_nonce"
	set -- $(put_line "$key_line" | ssh-keygen -E sha256 -l -f - 2>/dev/null)
	[ "$seen_key" = "${2-none}" ]
}

know_again() { look; know_one; }

install_key() {
	look_half
	path=$holder_path
	if [ "$half" != new ]; then
		case $half_new in
			'new '*) ;;
			*) why="$holder_path.latchkey-new, the new key that was created here, is not there"; return ;;
		esac
		refuse_half || return 0
		insist hide_public "$holder_path" "$blob"
		[ "$status" != ok ] ||
			insist put "$holder_path" "$holder_before" "${half_new#new }" "$holder_mode" made "$holder_actor"
		if [ "$status" != ok ]; then
			explain
			# Beside another private key than its own it would keep everybody from logging in by that.
			look_half
			[ "$half" != before ] || insist show_public "$holder_path" ''
			return
		fi
		look_half
	fi
	if [ -n "$holder_public" ] && [ "$half_public" != new ]; then
		insist show_public "$holder_path" "$key_line$holder_public"
		if [ "$status" != ok ]; then explain; return; fi
	fi
	put_line "$holder_path: the new key is installed; the old one is kept beside it until the end"
	carry_key="$holder_path of this host"
}

# At the end nothing is kept of the old half, or of a new one that was taken back.
end_key() {
	path=$holder_path old_kept=no
	case $outcome in
		committed)
			if ! stands_half; then late="$holder_path is not the new key"; return; fi
			# The old key goes on to count where an account is left out.
			if [ "$holder_keeps" = yes ] || [ -n "$left_out" ]; then
				clear_half keep_half "$holder_path" "$holder_before" && see_kept &&
					clear_half tidy_half "$holder_path" nothing
			else clear_half commit_put "$holder_path" && clear_half tidy_half "$holder_path" nothing
			fi
			;;
		rolled-back)
			case " $carry_phases " in *' create-key '*) ;; *) return ;; esac
			[ -e "$key_file" ] || return
			# Ended from here on, it takes what it finds for its own, and relies on nothing of it.
			key_line=
			(: >"$key_file") || :
			clear_half undo_put "$holder_path" "$holder_before" "$holder_before" && bring_public_back &&
				clear_half tidy_half "$holder_path" old
			;;
	esac
}

# keep_half has seen it there by its hash: anything else of that name is no old key.
see_kept() { [ "$said" != kept ] || old_kept=yes; }

tell_kept_key() { if [ "$outcome,${old_kept-}" = committed,yes ]; then put_line 'old-key kept'; fi; }

# A hand-over that was ended has hidden it.
bring_public_back() {
	[ -z "$holder_public" ] || [ "$half_public" != none ] || clear_half show_public "$holder_path" ''
}

clear_half() {
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
	case "$outcome $carry_phases " in 'committed '* | 'rolled-back '*'create-key '*) rm -f "$key_file" ;; esac
}
