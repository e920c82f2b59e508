# What an offline script changes, and how it rolls that back.

do_phases() {
	for phase in $offline_phases; do
		at_phase=$phase
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
	if [ $phase = grant ]; then letter=a; else letter=r verified=yes; fi
	each_file write_one
	require_left $phase
	# A new key whose line stood there before is verified, too, before the old one goes.
	if [ $phase = grant ] && [ -n "$offline_key" ]; then changed=yes; fi
	if [ -z "$why" ] && [ $changed = yes ] && [ -n "$(format_accounts)" ]; then confirm_login; fi
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
	elif [ $verified = yes ]; then
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
	inspect_file
	if [ $phase = revoke ] && [ "$seen" = "$h_to" ] && [ $ours = yes ]; then changed=yes; fi
	if [ -n "$seen" ]; then case $seen in "$h_removed" | "$h_to") return ;; esac; fi
	if [ "$status" != ok ]; then refused=${answer:-no-answer}; fi
	if [ -n "$refused" ]; then answer=$refused; leave_or_stop $phase; return; fi
	if [ "$seen" != "$h_from" ]; then why="$path was changed by somebody else"; return; fi
	if [ -z "$timer_kind" ]; then answer=no-rollback-timer; leave_or_stop $phase; return; fi
	if [ $phase = grant ] && ! agree_to_keys; then return; fi
	hold_folder
	if [ "$status" != ok ]; then leave_or_stop $phase; return; fi
	if [ $phase = grant ]; then back=; else back=$lines; fi
	armed_at=${armed_at:-$(date +%s)}
	send_request arm "$path" "$id$letter" "$offline_token" "$timer_kind" "$offline_seconds" "$h_to" "$h_from" "$back"
	[ "$status" != ok ] || with_pieces write_pieces "$id" $from $to
	if [ "$status" != ok ]; then
		refused_answer=$answer
		inspect_file
		# It may have been written before its account kept the answer from us.
		if [ "$seen" != "$h_to" ]; then answer=$refused_answer; leave_or_stop $phase; return; fi
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
	[ -n "$offline_unverified" ] && [ $signature_checked != yes ] || return 0
	put_line "Nothing verifies the keys that this script adds.\
 Compare each with what you received over another channel than the script:"
	put_line "$offline_unverified"
	put_line "Type yes to add them, or anything else to leave the files as they are:"
	read -r reply || reply=
	# Once for all files.
	if [ "$reply" = yes ]; then offline_unverified=; return; fi
	why='nobody confirmed the keys that it adds' refused_keys=yes
	return 1
}

# The lock of the folder of $path; one whose time is over is broken, as by a run.
hold_folder() {
	send_request begin "$path" "$offline_token" "$offline_who" 3600
	set -- $answer
	[ "${1-}" = held ] && [ "${5:-0}" -lt "${6:-0}" ] 2>/dev/null || return
	send_request begin "$path" "$offline_token" "$offline_who" 3600 "$2"
}

write_pieces() { insist write "$path" "$id$letter" "$offline_token" "$h_from" "$h_from,$h_to" "$h_to" "$@"; }

# The addition is rolled back, once its script had come to its end. The old line stands, so whoever has the old key
# gets in.
roll_back() {
	at_phase=grant
	put_line "This removes the new lines again.\
 Whoever has replaced the old key with the new one can no longer log in here."
	put_line "Type yes to go on:"
	read -r reply || reply=
	if [ "$reply" = yes ]; then each_file see_old_line; else why='nobody confirmed the rollback'; fi
	if [ -n "$why" ]; then put_line "nothing was rolled back: $why" >&2; return; fi
	each_file roll_back_one
	[ -n "$left" ] || why='as requested (--rollback)'
}

see_old_line() {
	inspect_file
	case $seen in "$h_before" | "$h_added") return ;; esac
	# An account that keeps us out of its own folder keeps no other from being rolled back.
	may_leave_out || why="$path is not the file that this script wrote"
}

roll_back_one() {
	inspect_file
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

confirm_login() {
	put_line "Log in now over a new connection, as $(format_accounts)${offline_key:+, with the key $offline_key}."
	put_line "It is rolled back after $offline_seconds seconds.\
 Does the login work? Type yes to keep the change; anything else rolls it back:"
	read -r reply || reply=
	[ "$reply" = yes ] || why="nobody confirmed that the login works"
}

# All at once: an account that does not answer costs no other the time of its own rollback timer.
disarm_files() {
	disarmed_at=$(date +%s)
	disarmed=$(each_file disarm_apart; wait)
	each_file check_disarmed
}

# Of what is left out the end removes what is armed: nothing of it stands. One write, short enough that no other comes
# into it.
disarm_apart() {
	if is_left_out $phase; then return; fi
	{
		send_request disarm "$path" "$id$letter" "$offline_token"
		name_reason
		set -- $answer
		name_lock_owner "${3-}"
		# As a refusal has them: the word, the token and who holds it.
		put_line "$id $status $reason${lock_owner_name:+ - $lock_owner_name}"
	} &
}

# What came of $id, into $status and $answer.
read_disarmed() {
	while read -r disarmed_id status answer; do [ "$disarmed_id" != "$id" ] || return; done <<DISARMED
$disarmed
DISARMED
	status=lost answer=
}

check_disarmed() {
	if is_left_out $phase; then return; fi
	read_disarmed
	if [ "$status" = ok ] || [ -n "$why" ]; then return; fi
	refused_answer=$answer
	find_stages
	inspect_file
	answer=$refused_answer
	if may_leave_out && ! is_too_late; then
		# What stands there all the same was verified.
		[ "$seen" = "$h_to" ] || leave_or_stop $phase
		return
	fi
	case $answer in fired*) why="$path was rolled back before the login was verified" ;; *) explain ;; esac
}

# Before its time, and where this script has armed nothing, only what runs as its account can have fired it, or says
# so. What an earlier script has armed says nothing of the others: what it rolled back was found as it was before, and
# was armed anew.
is_too_late() {
	case $answer in
		fired*) [ -n "$armed_at" ] && [ $((disarmed_at - armed_at)) -ge "$offline_seconds" ] ;;
		*) return 1 ;;
	esac
}

# One phase alone: once the new line was verified, whoever holds the new key may have nothing else.
undo_one() {
	if is_left_out $phase; then return; fi
	if is_verified; then letter=r goal=$h_added wrote=$h_removed; else letter=a goal=$h_before wrote=$h_added; fi
	[ "$goal" != "$wrote" ] || return
	inspect_file
	case $seen in
		"$goal" | "$h_before") return ;;
		"$wrote")
			insist write "$path" "$id$letter" "$offline_token" "$goal" "$wrote" "$goal"
			[ "$status:$letter" != ok:a ] || is_rolled_back=yes
			[ "$status" != ok ] || return
			;;
	esac
	left="$left$path$nl"
	keep
}

# What was kept in the folder of $path stays there, and the result names it.
keep() {
	case $nl$kept in
		*"$nl${path%/*}/.latchkey/$offline_token$nl"*) ;;
		*) kept="$kept${path%/*}/.latchkey/$offline_token$nl" ;;
	esac
}
