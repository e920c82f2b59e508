# What a carried script changes, and how it takes that back.

do_phases() {
	for phase in $carry_phases; do
		at=$phase
		case $phase in
			create-key) create_key ;;
			grant | revoke) change_files ;;
			install-key) install_key ;;
		esac
		[ -z "$why" ] || return
	done
}

change_files() {
	changed=no refused_keys= armed_at=
	if [ $phase = grant ]; then letter=a; else letter=r proved=yes; fi
	each_file write_one
	require_left $phase
	# A new key whose line stood there before is proved, too, before the old one goes.
	if [ $phase = grant ] && [ -n "$carry_key" ]; then changed=yes; fi
	if [ -z "$why" ] && [ $changed = yes ] && [ -n "$(say_accounts)" ]; then prove; fi
	disarm_files
	require_left $phase
	if [ -z "$why" ]; then
		[ $phase = grant ] || [ $changed = no ] ||
			put_line "whether sshd now refuses the removed keys was not checked:\
 a command or another file may still grant them; scan this host"
		return
	fi
	if [ -n "$refused_keys" ]; then
		put_line "nothing is added: $why" >&2
	elif [ $proved = yes ]; then
		put_line "the removed lines are restored, and the added ones stay: $why" >&2
	else
		put_line "rolled back: $why" >&2
	fi
	each_file undo_one
}

write_one() {
	[ -z "$why" ] || return
	find_stages
	[ "$h_to" != "$h_from" ] || return
	if is_left_out $phase; then return; fi
	look
	if [ $phase = revoke ] && [ "$seen" = "$h_to" ] && [ $ours = yes ]; then changed=yes; fi
	if [ -n "$seen" ]; then case $seen in "$h_removed" | "$h_to") return ;; esac; fi
	if [ "$status" != ok ]; then refused=${said:-no-answer}; fi
	if [ -n "$refused" ]; then said=$refused; leave_or_stop $phase; return; fi
	if [ "$seen" != "$h_from" ]; then why="$path was changed by somebody else"; return; fi
	if [ -z "$way" ]; then said=no-rollback-timer; leave_or_stop $phase; return; fi
	if [ $phase = grant ] && ! agree_to_keys; then return; fi
	hold_folder
	if [ "$status" != ok ]; then leave_or_stop $phase; return; fi
	if [ $phase = grant ]; then back=; else back=$lines; fi
	armed_at=${armed_at:-$(date +%s)}
	ask arm "$path" "$id$letter" "$carry_token" "$way" "$carry_seconds" "$h_to" "$h_from" "$back"
	[ "$status" != ok ] || with_pieces write_pieces "$id" $from $to
	if [ "$status" != ok ]; then
		refusal_said=$said
		look
		# What was written may have been written before its account kept us from hearing of it.
		if [ "$seen" != "$h_to" ]; then said=$refusal_said; leave_or_stop $phase; return; fi
	fi
	changed=yes
	case $phase in grant) put_line "$path: added" ;; *) put_line "$path: removed" ;; esac
}

find_stages() {
	if [ $phase = grant ]; then from=before to=added h_from=$h_before h_to=$h_added
	else from=added to=removed h_from=$h_added h_to=$h_removed
	fi
}

# Before the first line is written: a key that nothing verifies is compared and agreed to, so that while a question
# about it is open, and after whoever was asked has hung up, no file has it. Neither the signature of the script, which
# was checked, nor a key that signed where it was made needs that.
agree_to_keys() {
	[ -n "$carry_unverified" ] && [ $signature_checked != yes ] || return 0
	put_line "Nothing verifies the keys that this script adds.\
 Compare each with what you received over another channel than the script:"
	put_line "$carry_unverified"
	put_line "Type yes to add them, or anything else to leave the files as they are:"
	read -r reply || reply=
	# Once for all files.
	if [ "$reply" = yes ]; then carry_unverified=; return; fi
	why='nobody confirmed the keys that it adds' refused_keys=yes
	return 1
}

# The lock of the folder of $path; one whose time is over is broken, as by a run.
hold_folder() {
	ask begin "$path" "$carry_token" "$carry_who" 3600
	set -- $said
	[ "${1-}" = held ] && [ "${5:-0}" -lt "${6:-0}" ] 2>/dev/null || return
	ask begin "$path" "$carry_token" "$carry_who" 3600 "$2"
}

write_pieces() { insist write "$path" "$id$letter" "$carry_token" "$h_from" "$h_from,$h_to" "$h_to" "$@"; }

# The addition's way back, once its script had come to its end. The old line stands, so whoever has the old key gets
# in.
go_back() {
	at=grant
	put_line "This removes the new lines again.\
 Whoever has replaced the old key with the new one can no longer log in here."
	put_line "Type yes to go on:"
	read -r reply || reply=
	if [ "$reply" = yes ]; then each_file see_old_line; else why='nobody confirmed the rollback'; fi
	if [ -n "$why" ]; then put_line "nothing was rolled back: $why" >&2; return; fi
	each_file back_one
	[ -n "$left" ] || why='as requested (--rollback)'
}

see_old_line() {
	look
	case $seen in "$h_before" | "$h_added") return ;; esac
	# An account that keeps us out of its own folder keeps no other from going back.
	may_leave_out || why="$path is not the file that this script wrote"
}

back_one() {
	look
	[ "$seen" != "$h_before" ] || return
	if [ "$seen" != "$h_added" ]; then
		put_line "$path is not the file that this script wrote" >&2
		left="$left$path$nl"
		keep
		return
	fi
	letter=b h_from=$h_added h_to=$h_before
	hold_folder
	[ "$status" != ok ] || with_pieces write_pieces "$id" added before
	if [ "$status" = ok ]; then put_line "$path: rolled back"; return; fi
	explain
	left="$left$path$nl"
	keep
}

prove() {
	put_line "Log in now over a new connection, as $(say_accounts)${carry_key:+, with the key $carry_key}."
	put_line "It is rolled back after $carry_seconds seconds.\
 Does the login work? Type yes to keep the change; anything else rolls it back:"
	read -r reply || reply=
	[ "$reply" = yes ] || why="nobody confirmed that the login works"
}

# All at once: an account that does not answer costs no other the time of its own dead-man.
disarm_files() {
	disarmed_at=$(date +%s)
	disarmed=$(each_file disarm_apart; wait)
	each_file judge_disarmed
}

# Of what is left out the end takes away what is armed: nothing of it stands. One write, short enough that no other
# comes into it.
disarm_apart() {
	if is_left_out $phase; then return; fi
	{
		ask disarm "$path" "$id$letter" "$carry_token"
		name_reason
		set -- $said
		name_holder "${3-}"
		# As a refusal has them: the word, the token and who holds it.
		put_line "$id $status $reason${holder_name:+ - $holder_name}"
	} &
}

# What came of $id, into $status and $said.
told_disarmed() {
	while read -r told_id status said; do [ "$told_id" != "$id" ] || return; done <<DISARMED
$disarmed
DISARMED
	status=lost said=
}

judge_disarmed() {
	if is_left_out $phase; then return; fi
	told_disarmed
	if [ "$status" = ok ] || [ -n "$why" ]; then return; fi
	refusal_said=$said
	find_stages
	look
	said=$refusal_said
	if may_leave_out && ! is_too_late; then
		# What stands there all the same was proved.
		[ "$seen" = "$h_to" ] || leave_or_stop $phase
		return
	fi
	case $said in fired*) why="$path was rolled back before the login was verified" ;; *) explain ;; esac
}

# Before its time, and where this script has armed nothing, only what runs as its account can have fired it, or says
# so. What an earlier script has armed says nothing of the others: what it took back was found as it was before, and
# was armed anew.
is_too_late() {
	case $said in
		fired*) [ -n "$armed_at" ] && [ $((disarmed_at - armed_at)) -ge "$carry_seconds" ] ;;
		*) return 1 ;;
	esac
}

# One phase alone: once the new line was proved, whoever holds the new key may have nothing else.
undo_one() {
	if is_left_out $phase; then return; fi
	if is_proved; then letter=r goal=$h_added wrote=$h_removed; else letter=a goal=$h_before wrote=$h_added; fi
	[ "$goal" != "$wrote" ] || return
	look
	case $seen in
		"$goal" | "$h_before") return ;;
		"$wrote")
			insist write "$path" "$id$letter" "$carry_token" "$goal" "$wrote" "$goal"
			[ "$status:$letter" != ok:a ] || taken_back=yes
			[ "$status" != ok ] || return
			;;
	esac
	left="$left$path$nl"
	keep
}

# What was kept in the folder of $path stays there, and is told of.
keep() {
	case $nl$kept in
		*"$nl${path%/*}/.latchkey/$carry_token$nl"*) ;;
		*) kept="$kept${path%/*}/.latchkey/$carry_token$nl" ;;
	esac
}
