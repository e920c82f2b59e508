# How a carried script ends, and what it tells of it.

end_all() {
	stands=no
	each_file end_one
	[ -z "$holder_path" ] || ! stands_half || stands=yes
	if [ -n "$why" ]; then if [ $stands = yes ]; then outcome=added; else outcome=rolled-back; fi; fi
	tell_files
	[ -z "$holder_path" ] || [ -n "$left" ] || end_key
	if [ -n "$left" ]; then
		outcome=needs-attention
		why="$(one_line "$left") could not be rolled back ($why)"
	elif [ -n "$late" ]; then
		outcome=needs-attention
		if [ -z "$why" ]; then at=finish why=$late; else why="$late ($why)"; fi
	elif [ -n "$none_left" ]; then outcome=needs-attention at=$told_phase why=$none_left
	fi
	[ -z "$kept" ] || put_line "what is needed to roll it back is in $(one_line "$kept")" >&2
}

one_line() { put_line "$1" | sed '/^$/d' | tr '\n' ' ' | sed 's/ $//'; }

end_one() {
	look
	if is_left_out grant; then end_left_out; return; fi
	if [ "$seen" != "$h_before" ] && counts_as_ours; then stands=yes; fi
	case $nl$kept in *"$nl${path%/*}/.latchkey/$carry_token$nl"*)
		# What it has kept stays until somebody has looked; no lock does, which would keep others out meanwhile.
		ask unlock "$path" "$carry_token"
		return
		;;
	esac
	end_folder
	[ "$status" != ok ] || return
	keep
	if may_leave_out; then
		# Nothing of it is needed any more, and no account keeps others from the end of it.
		name_reason
		unended="$unended$id $reason$nl"
		return
	fi
	case $said in
		late-edit*) late="somebody wrote to the file while it was replaced: what they wrote is in ${said#late-edit }" ;;
		*) reason=$why; explain; late="the files kept for a rollback could not be removed: $why" why=$reason ;;
	esac
}

# What an account writes to its own file after it was taken back is nothing of ours, nor is what it feigns while others
# are taken back.
counts_as_ours() { ! may_leave_out || [ $proved = yes ] || { [ $taken_back = no ] && is_proved; }; }

end_folder() {
	ask end "$path" "$carry_token"
	case $said in armed*) disarm_all_of; ask end "$path" "$carry_token" ;; esac
}

# Another file of the run may lie in the same folder. What an earlier try has added there goes back with the rest, or
# is said.
end_left_out() {
	if [ -n "$why" ] && [ $proved = no ] && [ "$seen" != "$h_before" ]; then
		case $seen in "$h_added" | "$h_removed") left="$left$path$nl"; keep ;; esac
	fi
	case $nl$kept in
		*"$nl${path%/*}/.latchkey/$carry_token$nl"*) ask unlock "$path" "$carry_token" ;;
		*) end_folder ;;
	esac
}

disarm_all_of() {
	for letter in a r; do
		ask disarm "$path" "$id$letter" "$carry_token"
		case $said in no-answer*) return ;; esac
	done
}

# Where the result is written, and what is needed to run the script again: no link that somebody else has laid there is
# followed, for nobody else can lay one. Into $results, with a slash at its end; empty: in the folder where it is run.
choose_folder() {
	results=
	if is_own_folder "$(pwd -P)"; then return; fi
	for folder in "${HOME-}" /root; do
		if is_own_folder "$folder"; then
			results=${folder%/}/
			put_line "others can write to $(pwd): this script writes to $results"
			return
		fi
	done
	refuse_script "others can write to $(pwd), and this user has no home folder that nobody else can write to:\
 run it in a folder where nobody else can write"
}

is_own_folder() (
	judge_way "$1" && [ "$actor" = "$my_uid" ] || exit 1
	case $mode in d????w* | d???????w*) exit 1 ;; esac
)

# The result, which `latchkey import` takes (outcome added: the new lines stand, and the old ones): what stands now, a
# digest of what it says, and the host's own signature of both.
finish() {
	result=${results}latchkey-result-$carry_token.txt
	rm -f "$result.sig"
	if ! write_result 2>/dev/null; then
		put_line "$outcome; the result could not be written to ${results:-$(pwd)}:\
 run this again from a folder with free space" >&2
		exit 1
	fi
	files=$result is_result_signed=no
	[ -n "$results" ] || { folder=$(pwd) && files=${folder%/}/$result; }
	if [ -n "$sign_key" ]; then
		if ssh-keygen -Y sign -n latchkey-bundle -f "$sign_key" "$result" >/dev/null 2>&1; then
			files="$files and $files.sig" is_result_signed=yes
		else put_line "the result could not be signed with $sign_key" >&2
		fi
	fi
	put_line "$outcome; copy $files back, and give it to latchkey import"
	if [ -n "$signature" ]; then put_line "the host has signed it with its key $carry_pin"
	elif [ $is_result_signed = no ]; then
		put_line "the host has not signed it, so it counts only once a person who is known has signed it:\
 ssh-keygen -Y sign -n latchkey-bundle -f KEY $files"
	fi
}

write_result() {
	result_text=$(tell_result)
	digest=$(put_line "$result_text" | $hash_tool)
	result_text="$result_text${nl}end ${digest%% *}"
	signature=
	[ -z "$host_key" ] || sign_with "$host_key" latchkey-result "$result_text" || :
	rm -f "$result.part"
	{
		put_line "$result_text"
		[ -z "$signature" ] || put_line "signed $signature"
	} >"$result.part" && $move "$result.part" "$result"
}

tell_result() {
	put_line 'latchkey-result-2'
	put_line "plan $carry_plan"
	put_line "host $carry_host"
	put_line "token $carry_token"
	put_line "nonce $carry_nonce"
	put_line "began $began"
	put_line "ended $(date +%s)"
	put_line "outcome $outcome"
	put_line "phases $carry_phases"
	put_line "at ${at:-none}"
	encode "$why"
	put_line "why $encoded"
	encode "$(one_line "$kept")"
	put_line "kept $encoded"
	[ -z "$holder_path" ] || tell_kept_key
	if [ -n "$holder_path" ] && [ -n "$key_line" ]; then
		put_line "key $key_line"
		ask_new_key
		[ -z "$signature" ] || put_line "proof $signature"
	fi
	put_line "$unended" | sed -n 's/^f/unended f/p'
	put_line "$files_told" | sed -n '/./p'
	put_line "$left_out" | sed -n 's/^f/left-out f/p'
}

# What each file is, into $files_told, before the old private half goes: it stays where an account has made something
# else of its file since that was changed, which is left out of the last that was done then. $none_left: why, where
# nothing is left that was done.
tell_files() {
	files_told= none_left= told_phase=grant
	case $outcome" $carry_phases " in rolled-back*) ;; *' revoke '*) told_phase=revoke ;; esac
	each_file tell_one
	[ -z "$why" ] || return
	require_left $told_phase
	none_left=$why why=
}

tell_one() {
	look
	files_told="${files_told}file $id ${seen:-none}$nl"
	[ -z "$left" ] || return
	case $outcome in
		committed | 'done') find_goal ;;
		rolled-back) goal=$h_before ;;
		*) return ;;
	esac
	if [ "$seen" = "$goal" ] || is_left_out $told_phase || ! may_leave_out; then return; fi
	said=changed why_so_far=$why
	leave_or_stop $told_phase
	why=$why_so_far
}
