# Carries out the part of a plan that is about one host, there, by whoever has carried this script to it. It follows the
# hand's library and the data of the plan (functions each_file, add_file and remove_file), and asks at its standard input
# whether the new key logs in: nobody else could tell. Run again after it was ended, it goes on from what it finds.
#
#   sh SCRIPT            does it, and writes latchkey-result-TOKEN.txt beside it
#   sh SCRIPT --check    only looks

carry() {
	carry_only=${1-}
	hand_prepare
	nonce=carried seq=0 by_root=no began=$(date +%s) outcome=failed why=
	case $carry_only in '' | --check) ;; *) put_line "usage: sh $0 [--check]" >&2; exit 2 ;; esac
	put_line "plan $carry_plan for $carry_host"
	look_all
	if [ -n "$why" ]; then put_line "nothing was changed: $why" >&2; finish; exit 1; fi
	if [ -n "$carry_only" ]; then put_line 'nothing is in the way; nothing was changed'; exit 0; fi
	if [ "$all_done" = yes ]; then outcome=committed; else carry_phases; fi
	end_all
	finish
	[ $outcome = committed ]
}

# ask VERB WORD...: into $status (ok, no, fail or lost), $said, and what was told as hash, into $seen, and refusal, into $refused.
ask() {
	seq=$((seq + 1)) request=$seq
	for word do
		quote "$word"
		request="$request $quoted"
	done
	answer=$(hand_do "$request" 2>/dev/null)
	status=lost said= seen= refused= holder= way_found= is_there=no
	while read -r _ _ _ kind rest; do
		case $kind in
			ok | no | fail) status=$kind said=$rest ;;
			tell)
				case $rest in
					'hash '*) seen=${rest#hash } ;;
					'refusal '*) refused=${rest#refusal } ;;
					'file '*) is_there=yes ;;
					'lock '*) holder=${rest#lock } holder=${holder%% *} ;;
					'dead-man'*) way_found=${rest#dead-man} ;;
				esac
				;;
		esac
	done <<ANSWER
$answer
ANSWER
}

# Every file is one that the plan knows, or nothing is touched.
look_all() {
	all_done=yes proved=no
	each_file look_one
}

look_one() {
	[ -z "$why" ] || return
	ask look "$path"
	case $status in ok) ;; *) why="$path could not be looked at"; return ;; esac
	if [ -n "$refused" ]; then why="$path cannot be changed safely: $refused"; return; fi
	case $seen in
		"$h_removed") ;;
		"$h_before" | "$h_added") all_done=no ;;
		*) why="$path is another file than the plan was made for" ;;
	esac
	# A removal whose run was ended has still to be proved, and the host may yet take it back.
	[ "$holder" != "$carry_token" ] || all_done=no
	see_proved
	for way in $way_found; do break; done
	[ -n "${way-}" ] || why="this host cannot take back by itself what is not proved (no systemd-run, at, setsid or nohup)"
	# A timer of systemd would be asked for by another login.
	case "$way_found" in *sleep*) way=sleep ;; *at*) way=at ;; esac
	carry_way=${way-}
}

# Whether an earlier run got past the proof: it has removed, has begun to, or has ended with the new line there.
see_proved() {
	if [ "$h_removed" != "$h_added" ] && [ "$seen" = "$h_removed" ]; then proved=yes; fi
	if [ "$h_added" != "$h_before" ] && [ "$seen" = "$h_added" ] && [ "$holder" != "$carry_token" ]; then proved=yes; fi
	if [ -e "${path%/*}/.latchkey/$carry_token/before-${id}r" ]; then proved=yes; fi
}

carry_phases() {
	for phase in added removed; do
		changed=no
		if [ $phase = added ]; then letter=a; else letter=r proved=yes; fi
		each_file write_one
		# A new key whose line stood there before is proved, too, before the old one goes.
		if [ $phase = added ] && [ -n "$carry_key" ]; then changed=yes; fi
		if [ -z "$why" ] && [ $changed = yes ]; then prove; fi
		each_file disarm_one
		if [ -n "$why" ]; then
			if [ $proved = yes ]; then
				put_line "what was removed is put back, and what was added stays: $why" >&2
				phase=removed letter=r
			else
				put_line "taken back: $why" >&2
			fi
			each_file undo_one
			return
		fi
	done
	outcome=committed
}

write_one() {
	[ -z "$why" ] || return
	if [ $phase = added ]; then to=$h_added from=$h_before; else to=$h_removed from=$h_added; fi
	[ "$to" != "$from" ] || return
	ask look "$path"
	if [ $phase = removed ] && [ "$seen" = "$to" ] && [ "$holder" = "$carry_token" ]; then changed=yes; fi
	[ "$seen" != "$h_removed" ] && [ "$seen" != "$to" ] || return
	if [ "$seen" != "$from" ]; then why="$path was changed by somebody else"; return; fi
	ask begin "$path" "$carry_token" "$carry_who" 3600
	if [ $status != ok ]; then why="the folder of $path is held: $said"; return; fi
	if [ $phase = added ]; then back=; else back=$lines; fi
	ask arm "$path" "$id$letter" "$carry_token" "$carry_way" "$carry_seconds" "$to" "$from" "$back"
	if [ $status != ok ]; then why="$path: the host would not take it back by itself: $said"; return; fi
	if [ $phase = added ]; then add_file "$id"; else remove_file "$id"; fi
	if [ $status != ok ]; then why="$path could not be written: $said"; return; fi
	changed=yes
	put_line "$path: $phase"
}

# What add_file and remove_file call with the pieces.
write_pieces() { ask write "$path" "$id$letter" "$carry_token" "$from" "$from,$to" "$to" "$@"; }

prove() {
	put_line "Log in now by a new connection, as $carry_accounts${carry_key:+, with the key $carry_key}."
	put_line "Within $carry_seconds seconds it is taken back. Does it work? Type yes, or anything else to take it back:"
	read -r reply || reply=
	[ "$reply" = yes ] || why="nobody said that the login works"
}

disarm_one() {
	ask disarm "$path" "$id$letter" "$carry_token"
	[ $status = ok ] || [ -n "$why" ] || why="$path was taken back before the login was proved"
}

# One phase alone: once the new line was proved, whoever holds the new key may have nothing else.
undo_one() {
	if [ $phase = added ]; then goal=$h_before wrote=$h_added; else goal=$h_added wrote=$h_removed; fi
	[ "$goal" != "$wrote" ] || return
	ask look "$path"
	case $seen in "$goal" | "$h_before") return ;; "$wrote") ;; *) left="$path"; return ;; esac
	ask write "$path" "$id$letter" "$carry_token" "$goal" "$wrote" "$goal"
	[ $status = ok ] || left="$path"
}

end_all() {
	stands=no
	each_file end_one
	if [ $outcome = committed ]; then return; fi
	if [ -n "${left-}" ]; then outcome=needs-attention why="$left could not be taken back ($why)"
	elif [ $stands = yes ]; then outcome=added
	else outcome=rolled-back
	fi
}

end_one() {
	ask end "$path" "$carry_token"
	ask look "$path"
	[ "$seen" = "$h_before" ] || stands=yes
}

# The result, which `latchkey import` takes (outcome added: the new lines stand, and the old ones): what stands now, and a digest of what it says.
finish() {
	result=latchkey-result-$carry_token.txt
	{
		put_line 'latchkey-result-1'
		put_line "plan $carry_plan"
		put_line "host $carry_host"
		put_line "token $carry_token"
		put_line "began $began"
		put_line "ended $(date +%s)"
		put_line "outcome $outcome"
		encode "$why"
		put_line "why $encoded"
		each_file tell_one
	} >"$result.part" && hash_of "$result.part" && put_line "end $hashed" >>"$result.part" && mv -f "$result.part" "$result"
	put_line "$outcome; carry $result back, and give it to latchkey import"
}

tell_one() {
	ask look "$path"
	put_line "file $id ${seen:-none}"
}
