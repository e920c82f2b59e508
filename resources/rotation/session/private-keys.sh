# Private keys: created, installed in the place of old ones, rolled back.

# install_key PATH BEFORE AFTER MODE BYTES|made OWNER: the file gets the hash AFTER; what it was (BEFORE, or "absent")
# stays beside it as PATH.latchkey-old. "made": it is what do_create_key has left beside it. OWNER: whose folder it is,
# by number.
do_install_key() {
	cd_as_known_owner "$1" "${6-}"
	before=$2 new_hash=$3 new_mode=$4
	check_words "$before" "$new_hash" "$new_mode"
	find_sync .
	rm -f "./$name.latchkey-part"
	hash_of "./$name"
	[ "$hashed" != "$new_hash" ] || flushed already
	now=$hashed part=./$name.latchkey-part old=./$name.latchkey-old
	read_stat "./$name"
	if [ "$before" = absent ]; then
		[ -z "$mode" ] || no changed "$now"
		make_empty "$part" || { why_of "$problem"; no "$why" "$problem"; }
	else
		check_file || no "$refusal" "$detail"
		[ "$now" = "$before" ] || no changed "$now"
		keep_old
		copy_whole "./$name" "$part" || { why_of "$problem"; no "$why" "$problem"; }
	fi
	open_part
	if [ "$5" = made ]; then
		[ -f "./$name.latchkey-new" ] || no absent "$folder/$name.latchkey-new"
		problem=$(cat "./$name.latchkey-new" 2>&1 >"$part")
	else problem=$(put_bytes "$5" 2>&1 >"$part")
	fi || { why_of "$problem"; no "$why"; }
	close_part
	[ "$before" != absent ] || chmod "$new_mode" "$part"
	hash_of "$part"
	[ "$hashed" = "$new_hash" ] || no bad-bytes "$hashed"
	wait_to_replace "$now"
	problem=$($move "$part" "./$name" 2>&1) || { why_of "$problem"; fail "$why" "$problem"; }
	part=
	sync_folder || { why_of "$problem"; fail "$why" "$problem"; }
	[ "$5" != made ] || rm -f "./$name.latchkey-new"
	ok put
}

# OpenSSH's client reads the public key when it is connected, and the private key once the server has taken that:
# where the two change in between it refuses them ("contents do not match public"). So they change while no ssh of this
# host has begun within three seconds; where logins follow each other without a pause, after six. A client that begins
# later than this looks reads its first file later than the rename that follows.
wait_for_logins() {
	while [ $waits -lt 120 ] && is_logging_in; do
		sleep 0.05 || { sleep 1; waits=$((waits + 19)); }
		waits=$((waits + 1))
	done
}

# wait_to_replace HASH: for such a moment, in which the file still has that hash: somebody may have put another one
# there meanwhile.
wait_to_replace() {
	waits=0
	while :; do
		[ "$before" = absent ] || wait_for_logins
		hash_of "./$name"
		[ "$hashed" = "$1" ] || no changed "$hashed"
		# The check took so long that a client may have begun.
		[ "$before" != absent ] && [ $waits -lt 120 ] && is_logging_in || return 0
	done
}

# Times are in hundredths of a second, as /proc counts them.
is_logging_in() {
	IFS=' .' read -r up parts _ </proc/uptime || return 1
	set +f
	set -- /proc/[0-9]*/comm
	set -f
	for entry do
		IFS= read -r word <"$entry" && [ "$word" = ssh ] || continue
		IFS= read -r word <"${entry%comm}stat" || continue
		# The 22nd field; the second one ends with the last parenthesis.
		set -- ${word##*") "}
		age=$(($up$parts - ${20:-0}))
		if [ $age -ge 0 ] && [ $age -lt 300 ]; then return 0; fi
	done
	return 1
}

# Not by the shell's own `:`, which would end with the request where that fails.
make_empty() { problem=$( (: >"$1") 2>&1); }

keep_old() {
	if [ -e "$old" ]; then
		hash_of "$old"
		[ "$hashed" = "$before" ] || no old-occupied "$folder/${old#./}"
		return
	fi
	copy_whole "./$name" "$part" || { why_of "$problem"; no "$why" "$problem"; }
	sync_file "$part" || { why_of "$problem"; no "$why" "$problem"; }
	hash_of "$part"
	[ "$hashed" = "$before" ] || no changed "$hashed"
	problem=$($move "$part" "$old" 2>&1) || { why_of "$problem"; no "$why" "$problem"; }
}

# finish_key PATH: what was kept beside it is gone.
do_finish_key() {
	cd_as_owner "$1"
	remove_all "./$name.latchkey-old" "./$name.latchkey-new" "./$name.latchkey-part"
	sync_folder
	ok done
}

# Each is gone, or nothing is said to be done.
remove_all() {
	problem=$(rm -f "$@" 2>&1)
	is_gone "$@" || fail "$why" "$problem"
}

# Whether nothing is there under any of these names, not even a link to nowhere; otherwise $why, from $problem.
is_gone() {
	for entry do
		if [ -e "$entry" ] || [ -L "$entry" ]; then why_of "$problem"; return 1; fi
	done
}

# restore_key PATH WROTE BEFORE
do_restore_key() {
	cd_as_owner "$1"
	wrote=$2 before=$3 old=./$name.latchkey-old
	find_sync .
	rm -f "./$name.latchkey-part" "./$name.latchkey-new"
	hash_of "./$name"
	now=$hashed
	if [ "$before" = absent ]; then
		read_stat "./$name"
		[ -n "$mode" ] || flushed already
		[ "$now" = "$wrote" ] || no changed "$now"
		rm -f "./$name"
	elif [ "$now" = "$before" ]; then
		# Another one was kept by an earlier run.
		hash_of "$old"
		[ "$hashed" != "$before" ] || rm -f "$old"
		flushed already
	else
		[ "$now" = "$wrote" ] || no changed "$now"
		hash_of "$old"
		[ "$hashed" = "$before" ] || no no-before
		wait_to_replace "$wrote"
		problem=$($move "$old" "./$name" 2>&1) || { why_of "$problem"; fail "$why" "$problem"; }
	fi
	sync_folder
	ok done
}

# create_key PATH TYPE BITS COMMENT again|fresh OWNER: a key pair at PATH.latchkey-new; BITS 0: as many as usual. What
# lies there already counts as made by an earlier try of this run, if it is the owner's own; "fresh": there was none.
do_create_key() {
	cd_as_known_owner "$1" "${6-}"
	new=./$name.latchkey-new
	has ssh-keygen || no no-ssh-keygen
	for made in "$new" "$new.pub"; do
		read_stat "$made"
		case $mode,$uid,$links,${5-} in
			,*) ;;
			-*,"$my_uid",1,again) ;;
			*) no new-occupied "$folder/${made#./}" ;;
		esac
	done
	set -- "$1" "$2" "$3" "$4"
	find_sync .
	size=0
	if is_full; then no no-space; fi
	# A key pair that is not whole is worth nothing: the public key is written last.
	if [ ! -s "$new" ] || [ ! -s "$new.pub" ] || ! ssh-keygen -l -f "$new" >/dev/null 2>&1; then
		rm -f "$new" "$new.pub"
		set -- "$@" -q -t "$2" -N '' -C "$4" -f "$new"
		[ "$3" = 0 ] || set -- "$@" -b "$3"
		shift 4
		problem=$(ssh-keygen "$@" 2>&1 </dev/null) || {
			why_of "$problem"
			rm -f "$new" "$new.pub"
			[ $why != io-error ] || why=keygen
			no "$why" "$problem"
		}
	fi
	sync_file "$new" && sync_file "$new.pub" || { why_of "$problem"; no "$why"; }
	sync_folder
	hash_of "$new"
	report hash "$hashed"
	read -r word blob _ <"$new.pub"
	report key "$word" "$blob"
	send_data public <"$new.pub"
	ok made
}
