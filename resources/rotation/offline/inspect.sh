# What a carried script finds on its host before it changes anything.

# Every file is one that the plan knows, or nothing is touched.
look_all() {
	all_done=yes proved=$carry_proved shown_in= all_shown=yes
	case " $carry_phases " in *' grant '*) phase=grant ;; *) phase=revoke ;; esac
	# What was added by an earlier script is not left out of that.
	[ "$carry_proved" = no ] || phase=revoke
	[ -z "$holder_path" ] || look_key
	each_file look_one
	if [ $all_shown = yes ] && [ -n "$shown_in" ]; then proved=yes; fi
	require_left $phase
}

look_one() {
	[ -z "$why" ] || return
	look
	if [ "$status" != ok ]; then refused=${said:-no-answer}; fi
	if [ -n "$refused" ] && ! is_at_goal; then said=$refused; leave_or_stop $phase; return; fi
	know_one
	case $seen in
		"$h_before" | "$h_added" | "$h_removed") ;;
		*)
			why="$path is not the file that the plan was made for"
			# An earlier try could not take it back.
			[ $ours = no ] || keep
			return
			;;
	esac
	find_goal
	if [ "$seen" != "$goal" ] && [ "$seen" != "$h_removed" ]; then all_done=no; fi
	# A removal whose run was ended has still to be proved, and the host may yet take it back.
	[ $ours = no ] || all_done=no
	see_proved
	if [ -n "$way" ] || is_at_goal; then return; fi
	dead_man_ways
	case " $ways " in
		*' sleep '* | *' at '*) said=no-rollback-timer; leave_or_stop $phase ;;
		*) why='this host cannot roll back by itself (it has no at, setsid or nohup)' ;;
	esac
}

# What this script leaves of the file.
find_goal() {
	case " $carry_phases " in
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
	with_pieces ask_pieces "$id" "$1" "$2"
	told_of hash
	take_hash "$words"
	foreseen=$hash
}

ask_pieces() { ask foresee "$path" "$@"; }

# Whether an earlier run got past the proof: it has removed, has begun to, or has ended with the new line there. A file
# of root's shows it for all; what an account has in its own file or folder, for that file alone (in $shown_in), and
# for all where every file does.
see_proved() {
	shown=no
	if [ "$h_removed" != "$h_added" ] && [ "$seen" = "$h_removed" ]; then shown=yes; fi
	if [ "$h_added" != "$h_before" ] && [ "$seen" = "$h_added" ] && [ $ours = no ]; then shown=yes; fi
	if [ -e "${path%/*}/.latchkey/$carry_token/before-${id}r" ]; then shown=yes; fi
	if [ $shown = no ]; then [ "$h_added" = "$h_before" ] || all_shown=no
	elif may_leave_out; then shown_in=$shown_in$id$nl
	else proved=yes
	fi
}

# Of $id, what its account may have feigned.
is_proved() {
	[ $proved = no ] || return 0
	case $nl$shown_in in *"$nl$id$nl"*) return 0 ;; esac
	return 1
}
