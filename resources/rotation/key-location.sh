# What a session does on a host that has a private key: reads how far its replacement has come, and verifies by the
# host's own ssh that the new one logs in. Read after session/.

# inspect_keys PATH BEFORE BLOB: what lies at PATH and beside it, each as none, before, new or other, with its hash.
# BEFORE is the hash of the private key that was there, or "absent"; BLOB the new public key in base64. No bytes of a
# private key are sent. "begun": something of an installation is there that did not come to its end: the public key is
# hidden, or a piece lies there.
do_inspect_keys() {
	cd_as_owner "$1"
	before=$2 blob=$3
	check_words "$before"
	case $blob in *[!A-Za-z0-9+/=]*) no odd-words ;; esac
	blob_hex=$(put_line "$blob" | decode_base64 | hex)
	for suffix in '' .latchkey-new .latchkey-old; do
		classify_key "./$name$suffix"
		report "key$suffix" "$found" "$hashed"
	done
	classify_public "./$name.pub"
	report public "$found" "$hashed"
	if [ "$found" = none ] && is_there "./$name.latchkey-old.pub" || is_there "./$name.latchkey-part"; then
		report begun
	fi
	ok seen
}

# Whatever it is, also a link to nowhere.
is_there() { [ -e "$1" ] || [ -L "$1" ]; }

# sign_new PATH BLOB NONCE: what the new key signs of the nonce, wherever it lies by now.
do_sign_new() {
	cd_as_owner "$1"
	before=none blob=$2
	check_words "$3"
	case $blob in '' | *[!A-Za-z0-9+/=]*) no odd-words ;; esac
	blob_hex=$(put_line "$blob" | decode_base64 | hex)
	for suffix in .latchkey-new ''; do
		classify_key "./$name$suffix"
		[ $found = new ] || continue
		signed=$(put_line "$3" | ssh-keygen -Y sign -P '' -n latchkey-new-key -f "./$name$suffix" 2>/dev/null |
			sed '/^-----/d' | tr -d '\n')
		[ -n "$signed" ] || no cannot-sign
		report signature "$signed"
		ok signed
	done
	no absent
}

hex() { od -An -v -tx1 | tr -d ' \n'; }

decode_base64() {
	if has base64; then base64 -d
	else openssl base64 -d
	fi 2>/dev/null
}

# OpenSSH's format has the public key in clear; of others ssh-keygen prints it, where there is no passphrase.
classify_key() {
	found=other hashed=
	if [ -L "$1" ]; then return; fi
	if [ ! -e "$1" ]; then found=none; return; fi
	[ -f "$1" ] || return
	hash_of "$1"
	if [ -n "$hashed" ] && [ "$hashed" = "$before" ]; then found=before; return; fi
	case $(sed '/^-----/d' "$1" 2>/dev/null | decode_base64 | hex) in
		*"${blob_hex:-none}"*) found=new; return ;;
	esac
	case $(ssh-keygen -y -P '' -f "$1" 2>/dev/null) in *" $blob" | *" $blob "*) found=new ;; esac
}

classify_public() {
	found=other hashed=
	if [ ! -e "$1" ] && [ ! -L "$1" ]; then found=none; return; fi
	if [ -L "$1" ] || [ ! -f "$1" ]; then return; fi
	hash_of "$1"
	case $(head -c 65536 "$1" | tr '\n' ' ') in *" $blob "*) found=new ;; esac
}

# ssh offers the public key that lies beside a private one, and signs with the private one: while the two are
# exchanged there is none.
#
# hide_public PATH BLOB: no .pub file lies beside it; the old one is kept.
do_hide_public() {
	cd_as_owner "$1"
	blob=$2
	classify_public "./$name.pub"
	case $found in
		none) ok none ;;
		new) rm -f "./$name.pub" ;;
		*)
			if [ -d "./$name.pub" ] && [ ! -L "./$name.pub" ]; then no path-occupied "$folder/$name.pub"; fi
			if is_there "./$name.latchkey-old.pub"; then no old-occupied "$folder/$name.latchkey-old.pub"; fi
			problem=$(mv "./$name.pub" "./$name.latchkey-old.pub" 2>&1) || { why_of "$problem"; no "$why" "$problem"; }
			;;
	esac
	sync_folder
	ok hidden
}

# show_public PATH BYTES: a .pub file of these bytes lies beside it, with the mode of the old one unless that is a
# link; without bytes, the old one.
do_show_public() {
	cd_as_owner "$1"
	find_sync .
	old=./$name.latchkey-old.pub part=./$name.latchkey-part
	if [ -z "$2" ]; then
		# Beside one that was not hidden, it is what an earlier run has kept.
		if is_there "$old" && ! is_there "./$name.pub"; then
			problem=$(mv "$old" "./$name.pub" 2>&1) || { why_of "$problem"; fail "$why" "$problem"; }
		fi
		part=
		sync_folder
		ok done
	fi
	rm -f "$part"
	if [ -f "$old" ] && [ ! -L "$old" ]; then problem=$(cp -p "$old" "$part" 2>&1)
	else make_empty "$part" && problem=$(chmod 644 "$part" 2>&1)
	fi || { why_of "$problem"; no "$why" "$problem"; }
	problem=$(put_bytes "$2" 2>&1 >"$part") || { why_of "$problem"; no "$why"; }
	sync_file "$part" || { why_of "$problem"; no "$why" "$problem"; }
	problem=$($move "$part" "./$name.pub" 2>&1) || { why_of "$problem"; fail "$why" "$problem"; }
	part=
	sync_folder
	ok done
}

# tidy_key PATH old|nothing: removes what ssh-keygen and our own logins have left beside it, and the old public key
# unless that stays.
do_tidy_key() {
	cd_as_owner "$1"
	remove_all "./$name.latchkey-new.pub"
	[ "$2" = old ] || remove_all "./$name.latchkey-old.pub"
	drop_login_files
	sync_folder
	ok done
}

# Where an old private key stays for good, in the way of no later run: named by the first eight digits of its hash.
name_kept() {
	check_words "$before"
	kept=./$name.latchkey-kept-${before%"${before#????????}"}
}

# keep_old_key PATH BEFORE: the old private key that is beside it (hash BEFORE) and its public key get the name that
# they keep.
# "kept": that very file has it now, also where an earlier try has given it.
do_keep_old_key() {
	cd_as_owner "$1"
	before=$2 old=./$name.latchkey-old
	name_kept
	remove_all "./$name.latchkey-new" "./$name.latchkey-part"
	if is_there "$old"; then
		hash_of "$old"
		[ "$hashed" = "$before" ] || no changed "$hashed"
		if is_there "$old.pub"; then
			problem=$($move "$old.pub" "$kept.pub" 2>&1) || { why_of "$problem"; no "$why" "$problem"; }
		fi
		problem=$($move "$old" "$kept" 2>&1) || { why_of "$problem"; fail "$why" "$problem"; }
	fi
	sync_folder
	if [ ! -L "$kept" ] && [ -f "$kept" ]; then
		hash_of "$kept"
		[ "$hashed" != "$before" ] || ok kept
	fi
	ok done
}

# put_back_kept PATH BEFORE inspect|move: the old private key that do_keep_old_key has kept (hash BEFORE) is there;
# with "move" it lies beside the new one again, under the name that it has during a run.
do_put_back_kept() {
	cd_as_owner "$1"
	before=$2 old=./$name.latchkey-old
	name_kept
	if is_there "$old"; then
		hash_of "$old"
		[ "$hashed" = "$before" ] || no old-occupied "$folder/${old#./}"
	else
		if [ -L "$kept" ] || [ ! -f "$kept" ]; then no not-kept "$folder/${kept#./}"; fi
		hash_of "$kept"
		[ "$hashed" = "$before" ] || no not-kept "$folder/${kept#./}"
	fi
	[ "$3" = move ] || ok done
	if ! is_there "$old"; then
		problem=$($move "$kept" "$old" 2>&1) || { why_of "$problem"; fail "$why" "$problem"; }
	fi
	if is_there "$kept.pub" && ! is_there "$old.pub"; then
		problem=$($move "$kept.pub" "$old.pub" 2>&1) || { why_of "$problem"; fail "$why" "$problem"; }
	fi
	sync_folder
	ok done
}

# drop_kept PATH BEFORE: what do_keep_old_key has kept is gone, if it is that very file.
do_drop_kept() {
	cd_as_owner "$1"
	before=$2
	name_kept
	if is_there "$kept"; then
		if [ -L "$kept" ] || [ ! -f "$kept" ]; then no not-a-file; fi
		hash_of "$kept"
		[ "$hashed" = "$before" ] || no not-kept "$folder/${kept#./}"
		remove_all "$kept.pub"
		remove_all "$kept"
	fi
	sync_folder
	ok done
}

drop_login_files() { for part in known config log said; do rm -f "./$name.latchkey-$part"; done; part=; }

# verify_login PATH KNOWN CONFIG WORD RUNS: logs in elsewhere with the private key at PATH and nothing else. KNOWN and
# CONFIG are the bytes of a known_hosts and an ssh_config file, which are there only meanwhile; WORD must come back
# where RUNS is "command". Where it is "nothing" ssh ends itself as soon as it is in, before anything runs there.
do_verify_login() {
	cd_as_owner "$1"
	word=$4 runs=$5
	check_words "$word"
	has ssh || no no-ssh
	[ -f "./$name" ] && [ ! -L "./$name" ] || no absent
	drop_login_files
	trap drop_login_files EXIT
	problem=$( (put_bytes "$2" >"./$name.latchkey-known" && put_bytes "$3" >"./$name.latchkey-config") 2>&1) || {
		why_of "$problem"
		no "$why" "$problem"
	}
	unset SSH_AUTH_SOCK SSH_ASKPASS DISPLAY
	SHELL=/bin/sh
	export SHELL
	limit=
	[ -z "$stop_after" ] || limit="$stop_after $login_seconds"
	# Its words are the same for every host: what they are about is in the file.
	set -- $limit ssh -F "./$name.latchkey-config" -T
	if [ "$runs" = command ]; then run_login "$@" latchkey sh -s
	else run_login "$@" -o PermitLocalCommand=yes -o 'LocalCommand=kill $PPID' -N latchkey
	fi
	report ended "$ended"
	head -c 65536 "./$name.latchkey-log" | send_data log
	head -c 4096 "./$name.latchkey-said" | send_data said
	ok tried
}

login_seconds=20

run_login() {
	"$@" >"./$name.latchkey-said" 2>"./$name.latchkey-log" <<-END
		$nl$nl$nl
		echo latchkey-''$word
	END
	ended=$?
}

# sshd_log SINCE: the last lines of sshd, of whatever login.
do_sshd_log() {
	check_words "$1"
	{
		for file in /var/log/auth.log /var/log/secure; do
			if [ -r "$file" ]; then tail -n 400 "$file"; fi
		done
		if has journalctl; then read_journal --since "@$1" -n 400; fi
	} | grep 'sshd' | tail -n 200 | send_data lines
	ok read
}
