# What an offline script finds on its host before it changes anything.

# Every file is one that the plan knows, or nothing is touched.
inspect_all() {
	all_done=yes verified=$offline_verified shown_in= all_shown=yes
	case " $offline_phases " in *' grant '*) phase=grant ;; *) phase=revoke ;; esac
	# What was added by an earlier script is not left out of that.
	[ "$offline_verified" = no ] || phase=revoke
	[ -z "$private_key_path" ] || inspect_key
	each_file inspect_one
	if [ $all_shown = yes ] && [ -n "$shown_in" ]; then verified=yes; fi
	require_left $phase
}

inspect_one() {
	[ -z "$why" ] || return
	inspect_file
	if [ "$status" != ok ]; then refused=${answer:-no-answer}; fi
	if [ -n "$refused" ] && ! is_at_goal; then answer=$refused; leave_or_stop $phase; return; fi
	know_one
	case $seen in
		"$h_before" | "$h_added" | "$h_removed") ;;
		*)
			why="$path is not the file that the plan was made for"
			# An earlier try could not roll it back.
			[ $ours = no ] || keep
			return
			;;
	esac
	find_goal
	if [ "$seen" != "$goal" ] && [ "$seen" != "$h_removed" ]; then all_done=no; fi
	# A removal whose run was interrupted has still to be verified, and the host may yet roll it back.
	[ $ours = no ] || all_done=no
	find_verified
	if [ -n "$timer_kind" ] || is_at_goal; then return; fi
	find_timers
	case " $timers " in
		*' sleep '* | *' at '*) answer=no-rollback-timer; leave_or_stop $phase ;;
		*) why='this host cannot roll back by itself (it has no at, setsid or nohup)' ;;
	esac
}

# What this script leaves of the file.
find_goal() {
	case " $offline_phases " in
		*' revoke '*) goal=$h_removed ;;
		*' grant '*) goal=$h_added ;;
		*) goal=$seen ;;
	esac
}

# Nothing is left to be done there, so that nothing can be in its way.
is_at_goal() { find_goal; [ -n "$seen" ] && [ "$seen" = "$goal" ] && [ $ours = no ]; }

# Where the plan could not know the new key, the stages of a file are known by what leads back to the file before.
know_one() {
	[ "$h_added" = unknown ] || return 0
	# Before it is made, every file is as it was.
	[ -n "$key_line" ] || return 0
	for stage in before added removed; do
		foresee $stage before
		[ "$status" = ok ] || return 0
		[ "$foreseen" = "$h_before" ] || continue
		foresee $stage added
		h_added=${foreseen:-unknown}
		foresee $stage removed
		h_removed=${foreseen:-unknown}
		eval "added_$id=$h_added removed_$id=$h_removed"
		return
	done
}

# foresee FROM TO: the hash that the file has at stage TO, if it is at FROM now, into $foreseen; empty where nobody can
# tell. Never read here: root opens nothing by a name that an account can give to something else.
foresee() {
	with_pieces request_foresee "$id" "$1" "$2"
	read_fact hash
	take_hash "$words"
	foreseen=$hash
}

request_foresee() { send_request foresee "$path" "$@"; }

# Whether an earlier run got past the verification: it has removed, has begun to, or has ended with the new line there.
# A file of root's shows it for all; what an account has in its own file or folder, for that file alone (in $shown_in),
# and for all where every file does.
find_verified() {
	shown=no
	if [ "$h_removed" != "$h_added" ] && [ "$seen" = "$h_removed" ]; then shown=yes; fi
	if [ "$h_added" != "$h_before" ] && [ "$seen" = "$h_added" ] && [ $ours = no ]; then shown=yes; fi
	if [ -e "${path%/*}/.latchkey/$offline_token/before-${id}r" ]; then shown=yes; fi
	if [ $shown = no ]; then [ "$h_added" = "$h_before" ] || all_shown=no
	elif may_leave_out; then shown_in=$shown_in$id$nl
	else verified=yes
	fi
}

# Of $id, what its account may have feigned.
is_verified() {
	[ $verified = no ] || return 0
	case $nl$shown_in in *"$nl$id$nl"*) return 0 ;; esac
	return 1
}
