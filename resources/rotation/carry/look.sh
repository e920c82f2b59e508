# What a carried script finds on its host before it changes anything.

# Every file is one that the plan knows, or nothing is touched.
look_all() {
	all_done=yes proved=$carry_proved carry_way=
	[ -z "$holder_path" ] || look_key
	each_file look_one
}

look_one() {
	[ -z "$why" ] || return
	look
	if [ "$status" != ok ]; then why="$path could not be looked at"; return; fi
	if [ -n "$refused" ]; then said=$refused; explain; return; fi
	know_one
	case $seen in
		"$h_before" | "$h_added" | "$h_removed") ;;
		*)
			why="$path is another file than the plan was made for"
			# An earlier try could not take it back.
			[ "$holder" != "$carry_token" ] || keep
			return
			;;
	esac
	case " $carry_phases " in *' remove '*) goal=$h_removed ;; *' add '*) goal=$h_added ;; *) goal=$seen ;; esac
	if [ "$seen" != "$goal" ] && [ "$seen" != "$h_removed" ]; then all_done=no; fi
	# A removal whose run was ended has still to be proved, and the host may yet take it back.
	[ "$holder" != "$carry_token" ] || all_done=no
	see_proved
	# A timer of systemd is started by whoever asks the hand, which is nobody here.
	case " $ways " in *' sleep '*) way=sleep ;; *' at '*) way=at ;; *) way= ;; esac
	[ -n "$way" ] || why='this host cannot take back by itself what is not proved (it has no at, setsid or nohup)'
	carry_way=$way
}

# Where the plan could not know the new key, the stages of a file are known by what leads back to the file before.
know_one() {
	[ "$h_added" = unknown ] || return 0
	# Before it is made, every file is as it was.
	[ -n "$key_line" ] || return 0
	for stage in before added removed; do
		with_pieces hash_pieces "$id" $stage before
		[ "$piece_hash" = "$h_before" ] || continue
		with_pieces hash_pieces "$id" $stage added
		h_added=$piece_hash
		with_pieces hash_pieces "$id" $stage removed
		h_removed=$piece_hash
		eval "added_$id=$h_added removed_$id=$h_removed"
		return
	done
}

hash_pieces() {
	piece_hash=$({ kept=$path; put_pieces "$@"; } 2>/dev/null | $hash_tool)
	piece_hash=${piece_hash%% *}
}

# Whether an earlier run got past the proof: it has removed, has begun to, or has ended with the new line there.
see_proved() {
	if [ "$h_removed" != "$h_added" ] && [ "$seen" = "$h_removed" ]; then proved=yes; fi
	if [ "$h_added" != "$h_before" ] && [ "$seen" = "$h_added" ] && [ "$holder" != "$carry_token" ]; then proved=yes; fi
	if [ -e "${path%/*}/.latchkey/$carry_token/before-${id}r" ]; then proved=yes; fi
}
